"""The account page by plain HTTP, at a real provider: its headers, and requests that no page of ours sends."""

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
from tests.e2e.account import Visitor, World, world
from tests.postgres import Postgres

ELSEWHERE = (
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/account//evil.example",
    "/account/\\evil.example",
    "/account@evil.example",
    "/account.evil.example",
    "/accountant",
    "/account/../../evil",
    "/account/%2e%2e/evil",
    "/account/\t/evil.example",
    "/account/\r\nset-cookie: planted=1",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https:evil.example",
    "",
    " /account",
)
PAGES = (
    "/account",
    "/account/signed-out",
    "/account/operator",
    "/account/apps/1",
    "/account/callback",
)


@pytest.fixture(scope="module")
def running(database_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(database_server, tmp_path_factory.mktemp("account")) as found:
        yield found


@pytest.fixture
def visitor(running: World) -> Iterator[Visitor]:
    with Visitor(running) as browser:
        yield browser


@pytest.fixture
def login() -> str:
    return f"user-{uuid4().hex}"


def changed(url: str, **said: str | None) -> str:
    """The URL with other parameters; None leaves one out."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | said
    return parts._replace(query=urlencode({name: value for name, value in query.items() if value is not None})).geturl()


def parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


def directives(answer: httpx.Response) -> dict[str, list[str]]:
    policy = [each.split() for each in answer.headers["content-security-policy"].split(";")]
    return {name: sources for name, *sources in policy}


def assert_refused(visitor: Visitor, answer: httpx.Response) -> None:
    """No session began, and the person is told in words, without any of the reasons."""
    assert answer.status_code == 401
    assert "The sign-in was not completed." in answer.text
    assert visitor.session is None
    assert not visitor.is_signed_in


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_headers_that_keep_others_out(visitor: Visitor, path: str) -> None:
    headers = visitor.http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers  # it is on http here


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_allows_nothing_inline_and_no_frames(visitor: Visitor, path: str) -> None:
    policy = directives(visitor.http.get(path))
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert not any("unsafe" in source for sources in policy.values() for source in sources)


def test_forms_go_nowhere_but_here_and_to_the_provider(visitor: Visitor, running: World) -> None:
    assert directives(visitor.http.get("/account"))["form-action"] == ["'self'", running.provider.issuer]


def test_no_page_has_a_script_or_a_style_inside_of_it(visitor: Visitor, login: str) -> None:
    visitor.sign_in(login)
    text = visitor.http.get("/account").text
    assert "style=" not in text
    assert " on" not in "".join(part.partition(">")[0] for part in text.split("<"))
    assert all(part.startswith(' type="module" src=') for part in text.split("<script")[1:])


@pytest.mark.parametrize("path", ["/account/static/account.css", "/account/static/account.js", "/account/theme.css"])
def test_styles_and_scripts_are_what_they_say_they_are(visitor: Visitor, path: str) -> None:
    answer = visitor.http.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].startswith("text/css" if path.endswith("css") else "text/javascript")


@pytest.mark.parametrize("name", ["..%2f..%2fplugin.py", "%2e%2e/templates/base.html", "account.css%00", "none"])
def test_no_other_file_is_served(visitor: Visitor, name: str) -> None:
    assert visitor.http.get(f"/account/static/{name}").status_code in (400, 404)


def test_on_https_browsers_are_told_to_stay_there(running: World) -> None:
    headers = running.secure.http.get("/account").headers
    assert int(headers["strict-transport-security"].removeprefix("max-age=").split(";")[0]) >= 15_768_000


def test_on_https_the_cookie_of_a_sign_in_is_for_https_and_this_host_only(running: World) -> None:
    cookie = running.secure.http.get("/account/sign-in").headers["set-cookie"]
    assert cookie.startswith("__Host-profilegate-sign-in=")
    flags = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
    assert not any(each.startswith("domain") for each in flags)


def test_the_provider_is_asked_for_a_code_with_pkce_state_and_nonce(visitor: Visitor) -> None:
    asked = dict(parse_qsl(urlsplit(visitor.begin()).query))
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert all(len(asked[each]) >= 32 for each in ("state", "nonce", "code_challenge"))
    assert "client_secret" not in asked


def test_every_sign_in_has_secrets_of_its_own(visitor: Visitor) -> None:
    first, second = visitor.begin(), visitor.begin()
    for each in ("state", "nonce", "code_challenge"):
        assert parameter(first, each) != parameter(second, each)


def test_the_browser_cannot_read_what_it_keeps_of_a_sign_in(visitor: Visitor) -> None:
    at_provider = visitor.begin()
    (kept,) = (each.value or "" for each in visitor.http.cookies.jar)
    assert len(kept) > 200
    assert parameter(at_provider, "state") not in kept
    assert parameter(at_provider, "nonce") not in kept


@pytest.mark.parametrize("to", ELSEWHERE)
def test_a_sign_in_never_leads_anywhere_else(visitor: Visitor, login: str, to: str) -> None:
    assert visitor.sign_in(login, to).headers["location"] == "/account"
    assert visitor.is_signed_in


@pytest.mark.parametrize("to", ["/account", "/account?saved=name", "/account/operator", "/account/apps/7"])
def test_a_sign_in_leads_to_our_own_pages(visitor: Visitor, login: str, to: str) -> None:
    assert visitor.sign_in(login, to).headers["location"] == to


@pytest.mark.parametrize("state", [None, "", "another", "é"])
def test_an_answer_without_the_state_of_this_browser_is_refused(
    visitor: Visitor, login: str, state: str | None
) -> None:
    back = visitor.come_back(visitor.begin(), login)
    assert_refused(visitor, visitor.http.get(changed(back, state=state)))


def test_an_answer_to_another_browser_is_refused(visitor: Visitor, running: World, login: str) -> None:
    """Login CSRF: the attacker's own finished sign-in, opened by the victim."""
    with Visitor(running) as attacker:
        back = attacker.come_back(attacker.begin(), login)
    assert_refused(visitor, visitor.http.get(back))
    visitor.begin()
    assert_refused(visitor, visitor.http.get(back))


def test_an_answer_serves_once(visitor: Visitor, login: str) -> None:
    back = visitor.come_back(visitor.begin(), login)
    kept = dict(visitor.http.cookies)
    assert visitor.http.get(back).status_code == 303
    visitor.http.cookies.clear()
    visitor.http.cookies.update(kept)  # of a browser that forgot nothing
    assert_refused(visitor, visitor.http.get(back))


@pytest.mark.parametrize("code", [None, "", "made-up"])
def test_a_code_that_is_none_is_refused(visitor: Visitor, login: str, code: str | None) -> None:
    back = visitor.come_back(visitor.begin(), login)
    assert_refused(visitor, visitor.http.get(changed(back, code=code)))


def test_a_code_of_another_sign_in_is_refused(visitor: Visitor, running: World, login: str) -> None:
    """Code injection: the victim's stolen code in the attacker's own sign-in. PKCE binds it to the victim's."""
    with Visitor(running) as victim:
        stolen = parameter(victim.come_back(victim.begin(), "victim"), "code")
    back = visitor.come_back(visitor.begin(), login)
    assert_refused(visitor, visitor.http.get(changed(back, code=stolen)))


def test_a_code_of_another_client_is_refused(visitor: Visitor, running: World, login: str) -> None:
    back = visitor.come_back(visitor.begin(), login)
    assert_refused(visitor, visitor.http.get(changed(back, code=running.provider.code(login))))


@pytest.mark.parametrize("issuer", ["https://evil.example", ""])
def test_an_answer_of_another_issuer_is_refused(visitor: Visitor, login: str, issuer: str) -> None:
    """RFC 9207."""
    back = visitor.come_back(visitor.begin(), login)
    assert_refused(visitor, visitor.http.get(changed(back, iss=issuer)))


def test_an_answer_without_the_issuer_that_this_provider_always_names_is_refused(visitor: Visitor, login: str) -> None:
    """RFC 9207, section 2.4."""
    back = visitor.come_back(visitor.begin(), login)
    assert_refused(visitor, visitor.http.get(changed(back, iss=None)))


def test_who_says_no_at_the_provider_is_told_so(visitor: Visitor) -> None:
    state = parameter(visitor.begin(), "state")
    said = {"error": "access_denied", "error_description": "<script>alert(1)</script>", "state": state}
    answer = visitor.http.get("/account/callback", params=said)
    assert_refused(visitor, answer)
    assert "alert(1)" not in answer.text


def test_a_cookie_that_was_planted_is_replaced(visitor: Visitor, login: str) -> None:
    visitor.http.cookies.set("profilegate", "planted", domain="127.0.0.1", path="/")
    visitor.sign_in(login)
    values = {each.value for each in visitor.http.cookies.jar if each.name == "profilegate"}
    assert visitor.is_signed_in
    assert values != {"planted"}
    planted = httpx.get(f"{visitor.url}/account", headers={"cookie": "profilegate=planted"}, trust_env=False)
    assert "/account/sign-out" not in planted.text


def test_each_sign_in_has_another_cookie_and_ends_the_one_before(visitor: Visitor, running: World, login: str) -> None:
    visitor.sign_in(login)
    first = visitor.session
    visitor.sign_in(login)
    assert visitor.session not in (None, first)
    assert running.sessions(login) == 1


@pytest.mark.parametrize("cookie", ["", "x", "x" * 5_000, "é", "a; profilegate=b", "%00", "' OR 1=1 --"])
def test_a_cookie_that_is_none_of_ours_is_a_strangers(visitor: Visitor, cookie: str) -> None:
    answer = visitor.http.get("/account", headers={"cookie": f"profilegate={cookie}".encode()})
    assert answer.status_code == 200
    assert "/account/sign-in" in answer.text


FORMS = ("/account/profile", "/account/avatar", "/account/sign-out", "/account/apps/1/delete", "/account/operator/act",
         "/account/operator/replay")  # fmt: skip


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": ""},
        {"sec_fetch_site": "cross-site", "origin": "OWN"},
    ],
)
def test_a_form_of_another_page_is_refused(visitor: Visitor, login: str, path: str, headers: dict[str, str]) -> None:
    visitor.sign_in(f"operator-{login}")
    sent = {name: visitor.url if value == "OWN" else value for name, value in headers.items()}
    form = {
        "user": f"operator-{login}",
        "name": "Mallory",
        "was.name": "x",
        "user_id": f"operator-{login}",
        "act": "suspend",
    }
    answer = visitor.send(path, form, **sent)
    assert answer.status_code == 403
    assert "This form was not sent from our page." in answer.text
    assert visitor.is_signed_in


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1", "OWN.evil.example", ""])
def test_without_fetch_metadata_the_origin_decides(visitor: Visitor, login: str, origin: str | None) -> None:
    visitor.sign_in(login)
    sent = {} if origin is None else {"origin": origin.replace("OWN", visitor.url)}
    assert visitor.http.post("/account/avatar", headers=sent).status_code == 403
    assert visitor.http.post("/account/avatar", headers={"origin": visitor.url}).status_code == 303


@pytest.mark.parametrize("path", FORMS)
def test_no_link_does_what_a_form_does(visitor: Visitor, login: str, path: str) -> None:
    visitor.sign_in(login)
    assert visitor.http.get(path).status_code in (404, 405)
    assert visitor.is_signed_in


def test_a_form_that_is_too_large_is_refused(visitor: Visitor, login: str) -> None:
    visitor.sign_in(login)
    form = {"user": login, "name": "Changed", "was.name": f"Name of {login}", "nickname": "x" * 100_000}
    with suppress(httpx.RemoteProtocolError):  # the connection may be closed before everything was sent
        assert visitor.send("/account/profile", form).status_code == 413
    assert f"Name of {login}" in visitor.http.get("/account").text


def test_an_apps_data_comes_as_a_file_that_no_browser_shows(visitor: Visitor, running: World, login: str) -> None:
    operator = running.token(f"operator-{login}")
    app = running.page.call(operator, "POST", "/operator/app/register", json={"app": "Game"}).json()["app_id"]
    json = {"content-type": "application/json"}
    text = '{"html":"<script>alert(1)</script>","big":1.10E+400}'
    path = f"/user/profiles/{app}"
    assert running.page.call(running.token(login), "PUT", path, content=text, headers=json).is_success
    visitor.sign_in(login)
    answer = visitor.http.get(f"/account/apps/{app}/data.json")
    assert answer.text == text
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["content-disposition"] == f'attachment; filename="app-{app}.json"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("app", ["-1", "1.0", "x", "99999999999999999999", "٣", "%2e%2e"])
def test_an_app_that_is_none_is_not_found(visitor: Visitor, login: str, app: str) -> None:
    visitor.sign_in(login)
    assert visitor.http.get(f"/account/apps/{app}").status_code == 404


def test_somebody_elses_app_data_is_not_found(visitor: Visitor, running: World, login: str) -> None:
    operator = running.token(f"operator-{login}")
    app = running.page.call(operator, "POST", "/operator/app/register", json={"app": "Game"}).json()["app_id"]
    path = f"/user/profiles/{app}"
    assert running.page.call(running.token("owner"), "PUT", path, json={"mine": True}).is_success
    visitor.sign_in(login)
    for each in (f"/account/apps/{app}", f"/account/apps/{app}/data.json"):
        answer = visitor.http.get(each)
        assert answer.status_code == 404
        assert "mine" not in answer.text
