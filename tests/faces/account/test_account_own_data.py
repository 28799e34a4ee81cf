"""All of a visitor's data in a file, and none of it any more: only when the visitor says so, and means it."""

from typing import Any

import pytest
from tests.faces.account.browsing import ACCOUNT, OURS, Browser, Page, provided
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import key
from tests.logto.asking import HERE
from tests.store.databases import audit, everything, rows

from profilegate.profiles.rights import receipt
from profilegate.settings import PrivacySettings
from profilegate.store.tables import SessionRow

EXPORT, ERASE = "/account/export", "/account/erase"
SURE = {"sure": "yes"}
ALICE = key("alice")


async def test_the_page_offers_both(alice: Browser) -> None:
    page = Page(await alice.get())
    assert EXPORT in page.links
    assert ERASE in page.forms


@BOTH
async def test_the_file_is_what_the_api_gives(alice: Browser) -> None:
    await alice.saved(name="Alice A.")
    answer = await alice.get(EXPORT)
    exported = answer.json()
    assert answer.headers["content-disposition"] == 'attachment; filename="profile.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert exported == (await alice.service.client("alice").get(f"{HERE}/export")).json()
    assert exported["profile"]["name"] == "Alice A."


@BOTH
async def test_who_is_sure_is_erased_and_signed_out_everywhere(alice: Browser) -> None:
    elsewhere = await Browser(alice.service).signed_in("alice")
    engine = alice.service.gate.engine
    answer = await alice.post(ERASE, SURE)
    entry = (await audit(engine))[-1]
    assert (answer.status_code, alice.cookie) == (200, None)
    assert (entry["action"], entry["actor_kind"], entry["face"]) == ("erase", "user", "account")
    assert await rows(engine, SessionRow) == []
    assert Page(await elsewhere.get()).forms.keys() == Page(await Browser(alice.service).get()).forms.keys()


async def test_the_page_shows_the_receipt(alice: Browser) -> None:
    answer = await alice.post(ERASE, SURE)
    (found,) = (await alice.service.gate.repository.get_many([ALICE])).values()
    assert receipt(found) in Page(answer).text


@pytest.mark.parametrize("form", [{}, {"sure": ""}, {"sure": "no"}])
async def test_who_has_not_ticked_the_box_keeps_everything_and_is_told(alice: Browser, form: dict[str, Any]) -> None:
    before = await everything(alice.service.gate.engine)
    answer = await alice.post(ERASE, form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?unsure=yes")
    assert "Nothing was erased: the box is not ticked." in Page(await alice.get("/account?unsure=yes")).text
    assert await everything(alice.service.gate.engine) == before


async def test_where_people_may_not_erase_themselves_it_is_not_offered_and_refused(serve: Serve) -> None:
    service = provided(await serve(account=ACCOUNT, privacy=PrivacySettings(own_erasure=False)))
    alice = await Browser(service).signed_in("alice")
    assert ERASE not in Page(await alice.get()).forms
    before = await everything(service.gate.engine)
    assert (await alice.post(ERASE, SURE)).status_code == 403
    assert await everything(service.gate.engine) == before


async def test_strangers_get_nothing_and_erase_nothing(browser: Browser) -> None:
    assert (await browser.get(EXPORT)).status_code == 401
    answer = await browser.post(ERASE, SURE, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
