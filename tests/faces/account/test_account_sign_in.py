"""Signing in and out at the page, and what ends a session from elsewhere."""

from typing import Any

import httpx
import pytest
from tests.faces.account.browsing import (
    ACCOUNT,
    ATTEMPT,
    HOME,
    SESSION,
    Browser,
    Page,
    attributes,
    id_token,
    provided,
    record,
    set_cookies,
)
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, OTHER_TENANT, PROVIDER, PUBLIC_URL, Service, key
from tests.minting import ISSUER
from tests.store.databases import rows

from profilegate.faces.account.visitor import digest
from profilegate.settings import ServerSettings
from profilegate.store.statements import Statement
from profilegate.store.tables import ProfileRow, SessionRow

HARD = {"path=/", "secure", "httponly", "samesite=lax"}


async def stays_out(browser: Browser) -> bool:
    """Whether the page takes the browser for a stranger's."""
    answer = await browser.get()
    assert answer.status_code == 200
    return "/account/profile" not in Page(answer).forms


@BOTH
async def test_who_signs_in_sees_their_own_profile(service: Service) -> None:
    alice = await Browser(service).signed_in("alice", name="Alice Moreau", email="alice@example.com")
    page = Page(await alice.get())
    assert "Alice Moreau" in page.text
    assert "alice@example.com" in page.text
    assert page.inputs["user"]["value"] == "alice"


async def test_a_stranger_is_asked_to_sign_in_and_told_nothing(browser: Browser, alice: Browser) -> None:
    page = Page(await browser.get())
    assert "/account/sign-in" in page.links
    assert not page.forms
    assert "alice" not in page.text


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(alice: Browser) -> None:
    asked = await alice.begin()
    alice.says(asked)
    answer = await alice.back(asked)
    assert attributes(set_cookies(answer)[SESSION]) == HARD | {"max-age=43200"}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_attempts_cookie_is_too_and_goes_after_use(browser: Browser) -> None:
    answer = await browser.get("/account/sign-in")
    assert attributes(set_cookies(answer)[ATTEMPT]) == HARD | {"max-age=900"}
    asked = await Browser(browser.service).begin()
    assert asked["state"] not in answer.headers["set-cookie"]
    asked = await browser.begin()
    browser.says(asked)
    gone = set_cookies(await browser.back(asked))[ATTEMPT]
    assert "max-age=0" in attributes(gone)
    assert ATTEMPT not in browser.http.cookies


async def test_on_loopback_the_cookies_need_no_https(serve: Serve) -> None:
    service = provided(await serve(account=ACCOUNT, server=ServerSettings(public_url="http://127.0.0.1:8000")))
    cookies = set_cookies(await Browser(service).get("/account/sign-in"))
    assert attributes(cookies["profilegate-sign-in"]) == HARD - {"secure"} | {"max-age=900"}


async def test_the_database_has_no_cookie(service: Service, alice: Browser) -> None:
    (row,) = await rows(service.gate.engine, SessionRow)
    assert alice.cookie
    assert row["digest"] == digest(alice.cookie)
    assert alice.cookie not in str(row)


async def test_every_sign_in_has_a_new_cookie_and_ends_the_one_before(service: Service, alice: Browser) -> None:
    before = alice.cookie
    await alice.signed_in("alice")
    assert alice.cookie != before
    assert len(await rows(service.gate.engine, SessionRow)) == 1


async def test_a_cookie_that_somebody_chose_never_becomes_a_session(browser: Browser) -> None:
    browser.http.cookies.set(SESSION, "chosen", domain="profiles.example", path="/")
    await browser.signed_in("alice")
    other = Browser(browser.service, {"cookie": f"{SESSION}=chosen"})
    assert await stays_out(other)


async def test_an_answer_in_another_browser_signs_nobody_in(service: Service) -> None:
    asked = await Browser(service).begin()
    victim = Browser(service)
    victim.says(asked)
    assert (await victim.back(asked)).status_code == 401
    await victim.begin()
    assert (await victim.back(asked)).status_code == 401
    assert await rows(service.gate.engine, SessionRow) == []


async def test_an_attempt_is_used_once(browser: Browser) -> None:
    asked = await browser.begin()
    browser.says(asked)
    assert (await browser.back(asked)).status_code == 303
    assert (await browser.back(asked)).status_code == 401


async def test_an_attempt_ends_after_a_quarter_of_an_hour(browser: Browser) -> None:
    asked = await browser.begin()
    browser.says(asked)
    browser.service.clock.seconds += 901
    assert (await browser.back(asked)).status_code == 401


async def test_why_a_sign_in_failed_is_for_the_log(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    asked = await browser.begin()
    with caplog.at_level("INFO", "profilegate"):
        answer = await browser.get("/account/callback", params={"state": asked["state"], "error": "access_denied"})
    assert (answer.status_code, "access_denied" in caplog.text) == (401, True)
    assert "access_denied" not in answer.text


@pytest.mark.parametrize("claims", [{"nonce": "another"}, {"aud": "another"}, {"tenant": "evil"}, {"azp": "alice"}])
async def test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in(
    browser: Browser, claims: dict[str, Any]
) -> None:
    asked = await browser.begin()
    said = id_token(browser.service, **{"nonce": asked["nonce"], **claims})
    browser.service.provider.odd["token"] = lambda: httpx.Response(200, json={"id_token": said})
    answer = await browser.back(asked)
    assert answer.status_code == 401
    assert SESSION not in browser.http.cookies
    assert await rows(browser.service.gate.engine, ProfileRow) == []


async def test_a_machine_is_no_user(browser: Browser) -> None:
    asked = await browser.begin()
    browser.says(asked, "batch@clients")
    assert (await browser.back(asked)).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"[" * 50_000, b"\xff"])
async def test_a_provider_that_talks_nonsense_is_no_fault_of_ours(browser: Browser, body: bytes) -> None:
    asked = await browser.begin()
    browser.service.provider.odd["token"] = lambda: httpx.Response(200, content=body)
    answer = await browser.back(asked)
    assert answer.status_code == 503
    assert "does not answer right now" in Page(answer).text


async def test_while_the_provider_is_down_nobody_can_begin_but_who_is_in_stays(alice: Browser) -> None:
    alice.service.provider.metadata.pop("authorization_endpoint")
    alice.service.provider.down = True
    stranger = Browser(alice.service)
    assert (await stranger.get("/account/sign-in")).status_code in (303, 503)
    assert not await stays_out(alice)


# Where it leads


@pytest.mark.parametrize("to", [HOME, "/account/apps/5", "/account/operator?q=a%20b", "/account?saved=name#apps"])
async def test_a_sign_in_leads_to_the_page_that_was_wanted(browser: Browser, to: str) -> None:
    asked = await browser.begin(to)
    browser.says(asked)
    assert (await browser.back(asked)).headers["location"] == to


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example/account",
        "/\\evil.example",
        "\\\\evil.example",
        "/account//evil.example",
        "/account/../v1",
        "/account/%2e%2e/elsewhere",
        "/account/%2E%2e/elsewhere",
        "/account/.%2e/elsewhere",
        "/accounts",
        "/accountant/",
        "/account@evil.example",
        "/account.evil.example",
        " /account",
        "/account\r\nset-cookie: a=b",
        "/account/\t/evil.example",
        "/account/\0",
        "/account/é",
        "javascript:alert(1)",
        "account",
        "/",
        "",
    ],
)
async def test_a_sign_in_leads_to_our_own_pages_and_nowhere_else(browser: Browser, to: str) -> None:
    asked = await browser.begin(to)
    browser.says(asked)
    answer = await browser.back(asked)
    assert answer.headers["location"] == HOME
    assert set(set_cookies(answer)) == {SESSION, ATTEMPT}


async def test_below_a_proxys_prefix_everything_that_browsers_are_told_has_it(serve: Serve) -> None:
    url = f"{PUBLIC_URL}/id"
    service = provided(await serve(account=ACCOUNT, server=ServerSettings(public_url=url)))
    browser = Browser(service)
    asked = await browser.begin("/id/account/apps/5")
    assert asked["redirect_uri"] == f"{url}/account/callback"
    browser.says(asked)
    answer = await browser.back(asked)
    assert answer.headers["location"] == "/id/account/apps/5"
    page = Page(await browser.get())
    ours = [each for each in page.links if not each.startswith(("https:", "#"))]
    assert ours
    assert all(each.startswith("/id/account") for each in ours)
    assert (await browser.post("/account/avatar")).headers["location"] == "/id/account?saved=avatar"


# Signing out


async def test_signing_out_ends_the_session_here_and_at_the_provider(alice: Browser) -> None:
    cookie = alice.cookie
    answer = await alice.post("/account/sign-out")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{ISSUER}/end_session?id_token_hint=ey")
    assert "max-age=0" in attributes(set_cookies(answer)[SESSION])
    assert await stays_out(Browser(alice.service, {"cookie": f"{SESSION}={cookie}"}))


async def test_where_the_provider_cannot_sign_out_it_is_done_here(serve: Serve) -> None:
    service = provided(await serve(account=ACCOUNT))
    del service.provider.metadata["end_session_endpoint"]
    alice = await Browser(service).signed_in("alice")
    assert (await alice.post("/account/sign-out")).headers["location"] == "/account/signed-out"
    assert await stays_out(alice)


async def test_a_stranger_may_sign_out_too(browser: Browser) -> None:
    assert (await browser.post("/account/sign-out")).headers["location"] == "/account/signed-out"
    assert "Signed out" in Page(await browser.get("/account/signed-out")).text


async def test_one_browser_signs_out_and_another_stays(service: Service) -> None:
    first, second = [await Browser(service).signed_in("alice") for _ in range(2)]
    await first.post("/account/sign-out")
    assert await stays_out(first)
    assert not await stays_out(second)


# What ends a session from elsewhere


async def test_a_session_ends_after_its_hours(alice: Browser) -> None:
    alice.service.clock.seconds += 12 * 3600 - 1
    assert not await stays_out(alice)
    alice.service.clock.seconds += 1
    assert await stays_out(alice)


async def test_back_channel_logout_signs_out(alice: Browser) -> None:
    await alice.service.gate.engine.write([Statement("DELETE FROM profilegate_session", ())], {})
    assert await stays_out(alice)


@pytest.mark.parametrize("actor", [OPERATOR, PROVIDER])
async def test_a_suspended_user_is_told_so_and_sees_nothing_else(alice: Browser, actor: Any) -> None:
    await alice.service.gate.repository.suspend(key("alice"), actor, alice.service.clock.milliseconds)
    for path in (HOME, "/account/apps/1", "/account/operator", "/account/username?username=x"):
        answer = await alice.get(path)
        assert answer.status_code == 403
        assert "This account is suspended." in Page(answer).text
        assert not {"/account/profile", "/account/avatar"} & set(Page(answer).forms)


async def test_a_suspended_user_changes_nothing(alice: Browser) -> None:
    before = await record(alice.service)
    await alice.service.gate.repository.suspend(key("alice"), OPERATOR, alice.service.clock.milliseconds)
    for path in ("/account/profile", "/account/avatar", "/account/apps/1/delete", "/account/operator/act"):
        assert (await alice.post(path, {"user": "alice", "name": "x", "was.name": "y"})).status_code == 403
    assert (await record(alice.service)).name == before.name


async def test_a_suspended_user_may_leave(alice: Browser) -> None:
    await alice.service.gate.repository.suspend(key("alice"), OPERATOR, alice.service.clock.milliseconds)
    assert (await alice.post("/account/sign-out")).status_code == 303
    assert await rows(alice.service.gate.engine, SessionRow) == []


async def test_after_a_suspended_user_somebody_else_may_sign_in_at_the_same_browser(alice: Browser) -> None:
    await alice.service.gate.repository.suspend(key("alice"), OPERATOR, alice.service.clock.milliseconds)
    await alice.signed_in("bob")
    assert Page(await alice.get()).inputs["user"]["value"] == "bob"


async def test_a_suspended_user_cannot_sign_in(service: Service, alice: Browser) -> None:
    await service.gate.repository.suspend(key("alice"), OPERATOR, service.clock.milliseconds)
    browser = Browser(service)
    asked = await browser.begin()
    browser.says(asked)
    assert (await browser.back(asked)).status_code == 403
    assert SESSION not in browser.http.cookies


@pytest.mark.parametrize("actor", [OPERATOR, PROVIDER])
async def test_a_deleted_user_is_a_stranger(alice: Browser, actor: Any) -> None:
    await alice.service.gate.repository.erase(key("alice"), actor, alice.service.clock.milliseconds)
    assert await stays_out(alice)


async def test_a_user_who_was_signed_out_everywhere_is_a_stranger_until_they_sign_in_again(alice: Browser) -> None:
    now = alice.service.clock.milliseconds
    await alice.service.gate.repository.revoke_before(key("alice"), now, PROVIDER, now)
    assert await stays_out(alice)
    alice.service.clock.seconds += 2
    await alice.signed_in("alice")
    assert not await stays_out(alice)


@pytest.mark.parametrize(
    "cookie",
    [
        f"{SESSION}=",
        f"{SESSION}={'x' * 43}",
        f"{SESSION}={'x' * 5000}",
        f"{SESSION}=%00",
        f"{SESSION}=\xff\xfe",
        f"{ATTEMPT}=a.b.c.d.e; {SESSION}",
        "=;;;==; ;",
        SESSION,
        "profilegate=x",
        f"{SESSION}='; DROP TABLE profilegate_session; --",
        "a=b; " * 4000,
    ],
)
async def test_junk_in_a_cookie_is_a_stranger(service: Service, cookie: str) -> None:
    browser = Browser(service)
    headers = httpx.Headers([(b"cookie", cookie.encode("latin-1"))])
    assert (await browser.get(headers=headers)).status_code == 200
    assert (await browser.get("/account/callback", headers=headers)).status_code == 401


async def test_a_user_of_another_tenant_is_another_user(service: Service, alice: Browser) -> None:
    other = await Browser(service).signed_in("alice", tenant=OTHER_TENANT)
    await other.saved(name="The other one")
    assert (await record(service)).name != "The other one"
    assert (await record(service, tenant=OTHER_TENANT)).name == "The other one"


@pytest.mark.parametrize("name", ["state", "code", "iss"])
async def test_an_answer_that_says_something_twice_is_refused(browser: Browser, name: str) -> None:
    asked = await browser.begin()
    browser.says(asked)
    said = [("state", asked["state"]), ("code", "one"), ("iss", ISSUER), (name, "another")]
    answer = await browser.get("/account/callback", params=said)
    assert answer.status_code == 401
    assert (await browser.back(asked)).status_code == 303


async def test_a_session_of_an_issuer_that_is_not_the_pages_any_more_counts_for_nothing(
    service: Service, alice: Browser
) -> None:
    assert not await stays_out(alice)
    await service.gate.engine.write(
        [Statement("UPDATE profilegate_session SET issuer = 'https://old.example'", ())], {}
    )
    assert await stays_out(alice)
