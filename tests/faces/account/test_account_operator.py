"""The operators' pages: for operators only, of their own tenant only, and every act leaves an audit row."""

import pytest
from tests.faces.account.browsing import ACCOUNT, Browser, Page, provided, record
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OTHER_TENANT, PROVIDER, TENANT, Service, key
from tests.faces.webhooks import LOGTO, SECRET, inbox, settled, source
from tests.store.databases import audit, everything

from profilegate.faces.account.fields import PROBLEMS
from profilegate.profiles.deliveries import Delivery
from profilegate.profiles.record import Actor, ProfileChange, ProfileKey
from profilegate.sync_settings import SyncSettings

ACT = "/account/operator/act"
PAGES = ["/account/operator", "/account/operator?q=alice", "/account/operator/user?user_id=alice"]
POSTS = [
    (ACT, {"user_id": "alice", "act": "suspend"}),
    (ACT, {"user_id": "alice", "act": "rename", "name": "Evil"}),
    (ACT, {"user_id": "alice", "act": "clear_avatar"}),
    (ACT, {"user_id": "root", "act": "suspend"}),
    ("/account/operator/replay", {"id": "1"}),
]


async def exists(service: Service, user_id: str = "alice", tenant: str = TENANT, name: str = "Canary") -> None:
    who = ProfileKey(tenant, user_id)
    await service.gate.profiles.get_or_create(who, Actor("user", user_id, "test", 1), ProfileChange(name=name))


async def seen(root: Browser, user_id: str) -> Page:
    answer = await root.get("/account/operator/user", params={"user_id": user_id})
    assert answer.status_code == 200, answer.text
    return Page(answer)


async def found(root: Browser, text: str) -> list[str]:
    """The links to the profiles that a search finds."""
    answer = await root.get("/account/operator", params={"q": text})
    assert answer.status_code == 200
    return [each for each in Page(answer).links if "user_id=" in each]


# Who may


@pytest.mark.parametrize("path", PAGES)
async def test_others_get_403_and_learn_nothing(service: Service, path: str) -> None:
    await exists(service)
    bob = await Browser(service).signed_in("bob")
    answer = await bob.get(path)
    assert answer.status_code == 403
    assert "Canary" not in answer.text
    assert "/account/operator" not in Page(await bob.get()).links


async def test_whether_somebody_is_there_makes_no_difference_to_others(service: Service) -> None:
    await exists(service)
    bob = await Browser(service).signed_in("bob")
    answers = [await bob.get("/account/operator/user", params={"user_id": each}) for each in ("alice", "nobody")]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(("path", "form"), POSTS)
async def test_others_do_nothing(service: Service, path: str, form: dict[str, str]) -> None:
    await exists(service)
    bob = await Browser(service).signed_in("bob")
    before = await everything(service.gate.engine)
    assert (await bob.post(path, form)).status_code == 403
    assert await everything(service.gate.engine) == before


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_are_asked_to_sign_in(browser: Browser, path: str) -> None:
    await exists(browser.service)
    answer = await browser.get(path)
    assert (answer.status_code, "Canary" in answer.text) == (401, False)


@pytest.mark.parametrize(("path", "form"), POSTS)
async def test_strangers_do_nothing(browser: Browser, path: str, form: dict[str, str]) -> None:
    await exists(browser.service)
    before = await everything(browser.service.gate.engine)
    assert (await browser.post(path, form)).status_code == 401
    assert await everything(browser.service.gate.engine) == before


# Finding


@BOTH
@pytest.mark.parametrize("text", ["alice", "Cana", "cAnA", "  alice  "])
async def test_people_are_found(root: Browser, text: str) -> None:
    await exists(root.service)
    assert await found(root, text) == ["/account/operator/user?user_id=alice"]


@BOTH
@pytest.mark.parametrize("text", ["%", "_", "a%", "'", "\0", "\0alice", "\U0010ffff", "x" * 5000, "<b>", "anary"])
async def test_odd_searches_find_nobody_and_break_nothing(root: Browser, text: str) -> None:
    await exists(root.service)
    assert await found(root, text) == []


async def test_other_tenants_are_invisible(root: Browser) -> None:
    await exists(root.service, "carol", OTHER_TENANT)
    before = await everything(root.service.gate.engine)
    assert await found(root, "carol") == []
    assert await found(root, "Canary") == []
    answers = [await root.get("/account/operator/user", params={"user_id": each}) for each in ("carol", "nobody")]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    await root.post(ACT, {"user_id": "carol", "act": "suspend"})
    await root.post(ACT, {"user_id": "carol", "act": "restore"})
    assert await everything(root.service.gate.engine) == before
    assert (await root.post(ACT, {"user_id": "carol", "act": "rename", "name": "Evil"})).status_code == 404
    assert await everything(root.service.gate.engine) == before
    assert (await record(root.service, "carol", OTHER_TENANT)).name == "Canary"


@pytest.mark.parametrize(
    "user_id",
    ["a/b", "/x", "x/", "a//b", ".", "..", "a%2Fb", "a b", "a?b", "a#b", "a&b=<i>\"'", "a\\b", "%", "+", "a;b"],
)
async def test_whatever_an_id_is_made_of_its_link_leads_to_it(root: Browser, user_id: str) -> None:
    await exists(root.service, user_id)
    (link,) = await found(root, user_id)
    page = Page(await root.get(link))
    assert page.inputs["user_id"]["value"] == user_id
    answer = await root.post(ACT, {"user_id": user_id, "act": "suspend"})
    assert (await root.get(answer.headers["location"])).status_code == 200
    assert (await record(root.service, user_id)).suspended_by_operator


@pytest.mark.parametrize("user_id", ["", "é", "\0", "x" * 256, "a\nb"])
async def test_what_can_be_no_id_is_refused(root: Browser, user_id: str) -> None:
    assert (await root.get("/account/operator/user", params={"user_id": user_id})).status_code == 422
    assert (await root.post(ACT, {"user_id": user_id, "act": "suspend"})).status_code == 422


# Acting


@BOTH
async def test_every_act_leaves_an_audit_row_that_names_the_operator_and_the_page(root: Browser) -> None:
    await exists(root.service)
    acts = [{"act": "suspend"}, {"act": "restore"}, {"act": "rename", "name": "New"}, {"act": "clear_avatar"}]
    await root.service.gate.repository.change(
        key("alice"), ProfileChange(avatar="https://rude.example/"), PROVIDER, root.service.clock.milliseconds
    )
    for form in acts:
        answer = await root.post(ACT, {"user_id": "alice", **form})
        assert answer.headers["location"] == "/account/operator/user?user_id=alice"
        row = (await audit(root.service.gate.engine))[-1]
        assert (row["tenant_id"], row["user_id"], row["actor_kind"], row["actor_id"], row["face"]) == (
            TENANT,
            "alice",
            "operator",
            "root",
            "account",
        )
    rows = (await audit(root.service.gate.engine))[-4:]
    assert [row["action"] for row in rows] == ["suspend", "restore", "change", "change"]


async def test_a_suspension_counts_everywhere_at_once_and_is_lifted(root: Browser) -> None:
    alice = await Browser(root.service).signed_in("alice")
    await root.post(ACT, {"user_id": "alice", "act": "suspend"})
    assert (await alice.get()).status_code == 403
    assert (await root.service.client("alice").get("/api/profile")).status_code == 403
    assert "Suspended by an operator." in (await seen(root, "alice")).text
    await root.post(ACT, {"user_id": "alice", "act": "restore"})
    assert (await alice.get()).status_code == 200


async def test_the_providers_suspension_is_not_an_operators_to_lift(root: Browser) -> None:
    await exists(root.service)
    await root.service.gate.repository.suspend(key("alice"), PROVIDER, root.service.clock.milliseconds)
    await root.post(ACT, {"user_id": "alice", "act": "restore"})
    assert "Suspended by the provider." in (await seen(root, "alice")).text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"username": "1"}, PROBLEMS["pattern"]),
        ({"username": "root_1"}, PROBLEMS["taken"]),
        ({"name": "x" * 129}, PROBLEMS["too_long"]),
        ({"name": "a\0"}, PROBLEMS["characters"]),
    ],
)
async def test_a_name_that_breaks_a_rule_is_refused_and_nothing_is_renamed(
    root: Browser, form: dict[str, str], told: str
) -> None:
    await exists(root.service)
    await root.saved(username="root_1")
    before = await record(root.service)
    answer = await root.post(ACT, {"user_id": "alice", "act": "rename", **form})
    assert (answer.status_code, told in Page(answer).text) == (422, True)
    assert await record(root.service) == before


@pytest.mark.parametrize("act", ["", "erase", "SUSPEND", "suspend "])
async def test_what_is_no_act_does_nothing(root: Browser, act: str) -> None:
    await exists(root.service)
    before = await everything(root.service.gate.engine)
    assert (await root.post(ACT, {"user_id": "alice", "act": act})).status_code < 500
    assert await everything(root.service.gate.engine) == before


async def test_who_is_not_there_is_neither_suspended_nor_made(root: Browser) -> None:
    before = await everything(root.service.gate.engine)
    for form in ({"act": "suspend"}, {"act": "restore"}, {"act": "rename", "name": "x"}, {"act": "clear_avatar"}):
        await root.post(ACT, {"user_id": "nobody", **form})
    assert await everything(root.service.gate.engine) == before


# The provider's deliveries


@pytest.fixture
async def operated(serve: Serve) -> Browser:
    """An operator whose provider, and another tenant's, sent what cannot be read."""
    foreign = source("foreign", "logto", SECRET, tenant=OTHER_TENANT)
    service = provided(await serve(account=ACCOUNT, webhooks=(LOGTO, foreign), sync=SyncSettings(max_attempts=1)))
    for name, tenant in (("logto", TENANT), ("foreign", OTHER_TENANT)):
        now = service.clock.milliseconds
        delivery = Delivery(source=name, delivery_id=name, received_at=now, body=b"\xff", tenant_id=tenant)
        assert await service.gate.inbox.add(delivery)
    await settled(service)
    return await Browser(service).signed_in("root", operator=True)


async def states(browser: Browser) -> dict[str, str]:
    return {row["source"]: row["state"] for row in await inbox(browser.service)}


async def test_an_operator_sees_and_replays_their_own_dead_letters_only(operated: Browser) -> None:
    page = Page(await operated.get("/account/operator"))
    assert "logto" in page.text
    assert "foreign" not in page.text
    ids = {row["source"]: str(row["id"]) for row in await inbox(operated.service)}
    assert page.form("/account/operator/replay")["id"] == ids["logto"]
    before = await states(operated)
    assert (await operated.post("/account/operator/replay", {"id": ids["foreign"]})).status_code == 404
    assert await states(operated) == before
    assert (await operated.post("/account/operator/replay", {"id": ids["logto"]})).status_code == 303


@pytest.mark.parametrize("number", ["", "-1", "x", "1" * 30, "٣", "1.0", "0", "999999"])
async def test_what_is_no_dead_letter_is_not_replayed(operated: Browser, number: str) -> None:
    before = await states(operated)
    assert (await operated.post("/account/operator/replay", {"id": number})).status_code in (303, 404)
    assert await states(operated) == before
