"""What applications keep about the visitor: to see, to take away, to delete; and nobody else's."""

import pytest
from tests.faces.account.browsing import Browser, Page
from tests.faces.apps import put, register
from tests.faces.fixtures import BOTH
from tests.faces.running import OTHER_TENANT, Service
from tests.store.databases import audit, rows

from profilegate.store.tables import DocumentRow

TEXT = '{"b":1.10,"a":[1e400,123456789012345678901234567890],"html":"<script>alert(1)</script>"}'


async def kept(service: Service, user_id: str = "alice", text: str = TEXT, app_id: int = 5, **claims: str) -> None:
    answer = await put(service.client(user_id, **claims), text, app_id)
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture
async def alice(service: Service) -> Browser:
    await register(service, 5, description="<i>Keeps</i> scores")
    await kept(service)
    return await Browser(service).signed_in("alice")


@BOTH
async def test_the_page_tells_which_applications_keep_something(alice: Browser) -> None:
    page = Page(await alice.get())
    assert "App 5" in page.text
    assert "<i>Keeps</i> scores" in page.text
    assert {"/account/apps/5", "/account/apps/5/data.json"} <= set(page.links)


async def test_a_document_is_shown_as_text(alice: Browser) -> None:
    answer = await alice.get("/account/apps/5")
    page = Page(answer)
    assert answer.status_code == 200
    assert '"b": 1.10' in page.text
    assert "<script>alert(1)</script>" in page.text
    assert page.tags.count("script") == 1


async def test_a_document_is_taken_away_digit_for_digit_and_runs_nowhere(alice: Browser) -> None:
    answer = await alice.get("/account/apps/5/data.json")
    assert answer.text == TEXT
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="app-5.json"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_document_is_deleted_with_an_audit_row(alice: Browser) -> None:
    assert (await alice.post("/account/apps/5/delete")).headers["location"] == "/account?saved=#apps"
    assert await rows(alice.service.gate.engine, DocumentRow) == []
    row = (await audit(alice.service.gate.engine))[-1]
    assert (row["action"], row["actor_id"], row["face"]) == ("document-delete", "alice", "account")
    assert (await alice.post("/account/apps/5/delete")).status_code == 404


async def test_nobody_else_sees_or_deletes_it(alice: Browser) -> None:
    others = [
        await Browser(alice.service).signed_in("bob"),
        await Browser(alice.service).signed_in("root", operator=True),
        await Browser(alice.service).signed_in("alice", tenant=OTHER_TENANT),
    ]
    for each in others:
        assert "App 5" not in Page(await each.get()).text
        for path in ("/account/apps/5", "/account/apps/5/data.json"):
            answer = await each.get(path)
            assert (answer.status_code, "1.10" in answer.text) == (404, False)
        assert (await each.post("/account/apps/5/delete")).status_code == 404
    assert len(await rows(alice.service.gate.engine, DocumentRow)) == 1


async def test_a_stranger_is_asked_to_sign_in(alice: Browser) -> None:
    stranger = Browser(alice.service)
    for path in ("/account/apps/5", "/account/apps/5/data.json"):
        answer = await stranger.get(path)
        assert (answer.status_code, "1.10" in answer.text) == (401, False)
    assert (await stranger.post("/account/apps/5/delete")).status_code == 401
    assert len(await rows(alice.service.gate.engine, DocumentRow)) == 1


@pytest.mark.parametrize(
    "number",
    ["6", "-5", "+5", "5.0", "1e1", "٥", "²", "%00", "5%00", "5;x", "9" * 10, "9" * 400, "%F0%9F%98%80", "%FF"],
)
async def test_what_is_no_application_of_theirs_is_not_found(alice: Browser, number: str) -> None:
    for path in (f"/account/apps/{number}", f"/account/apps/{number}/data.json"):
        assert (await alice.get(path)).status_code == 404
    assert (await alice.post(f"/account/apps/{number}/delete")).status_code == 404
