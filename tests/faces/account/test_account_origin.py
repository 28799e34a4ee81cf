"""Forms of other sites change nothing, whatever browsers send along with them."""

import pytest
from litestar import HttpMethod
from tests.faces.account.browsing import Browser, Page
from tests.faces.running import PUBLIC_URL
from tests.store.databases import everything, rows

from profilegate.faces.account import router
from profilegate.store.tables import SessionRow

POSTS = sorted(
    "/account" + path.replace("{app_id:str}", "5")
    for handler in router.PAGES
    if HttpMethod.POST in handler.http_methods
    for path in handler.paths
)

FOREIGN = [
    {},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": ""},
    {"sec-fetch-site": "Same-Origin"},
    {"sec-fetch-site": "cross-site", "origin": PUBLIC_URL},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": f"{PUBLIC_URL}.evil.example"},
    {"origin": PUBLIC_URL.replace("https", "http")},
    {"origin": f"{PUBLIC_URL}:8443"},
    {"referer": f"{PUBLIC_URL}/account"},
]


def test_every_form_of_the_page_is_among_these() -> None:
    assert len(POSTS) >= 6
    assert "/account/sign-out" in POSTS


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_form_that_is_not_from_our_page_is_refused_and_changes_nothing(
    root: Browser, headers: dict[str, str]
) -> None:
    engine = root.service.gate.engine
    before = await everything(engine), await rows(engine, SessionRow)
    form = {"user": "root", "name": "Evil", "was.name": "x", "act": "suspend", "user_id": "root", "id": "1"}
    for path in POSTS:
        answer = await root.post(path, form, headers=headers)
        assert (path, answer.status_code) == (path, 403)
        assert "This form was not sent from our page." in Page(answer).text
        assert (path, await everything(engine), await rows(engine, SessionRow)) == (path, *before)


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": PUBLIC_URL}], ids=str)
@pytest.mark.parametrize("path", POSTS)
async def test_a_form_of_our_page_is_looked_at(root: Browser, path: str, headers: dict[str, str]) -> None:
    assert (await root.post(path, {"user_id": "root"}, headers=headers)).status_code != 403


@pytest.mark.parametrize("path", POSTS)
async def test_what_changes_something_cannot_be_had_by_a_link(root: Browser, path: str) -> None:
    assert (await root.get(path)).status_code == 405
