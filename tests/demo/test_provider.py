"""Signing in, renewing, asking and signing out: what a well-behaved client meets."""

from urllib.parse import urlsplit

import httpx
import pytest

from profilegate.demo.sign_in import SignInError, sign_in

from .conftest import AUDIENCE, ISSUER, Clock, Spa

SERVICE = ("demo-service", "demo-secret")


async def test_discovery_names_only_endpoints_that_answer(http: httpx.AsyncClient) -> None:
    document = (await http.get("/.well-known/openid-configuration")).json()
    endpoints = [value for name, value in document.items() if name.endswith(("_endpoint", "jwks_uri"))]
    assert len(endpoints) == 6
    for endpoint in endpoints:
        statuses = {(await http.request(method, endpoint)).status_code for method in ("GET", "POST")}
        assert statuses - {404, 405}, endpoint
        assert urlsplit(endpoint).netloc == urlsplit(ISSUER).netloc


async def test_a_person_signs_in_without_a_browser(http: httpx.AsyncClient) -> None:
    token = await sign_in(ISSUER, "alice", http)
    answer = await http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["preferred_username"]) == (200, "alice")


async def test_a_stranger_is_denied(http: httpx.AsyncClient) -> None:
    with pytest.raises(SignInError, match="denied"):
        await sign_in(ISSUER, "mallory", http)


async def test_cancel_goes_back_with_access_denied_and_the_state(spa: Spa) -> None:
    returned = await spa.choose("")
    assert returned["error"] == "access_denied"
    assert returned["state"] == "the state"


async def test_prompt_none_is_answered_with_login_required(spa: Spa) -> None:
    answer = await spa.page(prompt="none")
    assert "error=login_required" in answer.headers["Location"]


async def test_the_page_offers_everybody_and_runs_no_script(spa: Spa) -> None:
    page = await spa.page(state='"><script>')
    assert all(f'value="{person}"' in page.text for person in ("alice", "bob", "olive"))
    assert '<html lang="en">' in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:5173" in page.headers["Content-Security-Policy"]


async def test_a_link_cannot_choose_the_person(spa: Spa) -> None:
    page = await spa.page(person="olive")
    assert page.status_code == 200
    assert '<input type="hidden" name="person"' not in page.text


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1/callback", "http://[::1]:65535/callback", "http://localhost"])
async def test_a_loopback_redirect_uri_may_have_any_port(spa: Spa, uri: str) -> None:
    assert "code" in await spa.choose("alice", redirect_uri=uri)


async def test_a_registered_redirect_uri_is_taken(spa: Spa) -> None:
    assert "code" in await spa.choose("alice", redirect_uri="https://app.example/signed-in")


async def test_a_refresh_token_works_once_and_gives_the_next_one(spa: Spa) -> None:
    first = await spa.tokens("alice")
    second = (await spa.refresh(first["refresh_token"])).json()
    assert second["scope"] == first["scope"]
    assert (await spa.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await spa.refresh(second["refresh_token"])).status_code == 200


async def test_a_refresh_may_ask_for_less_but_never_for_more(spa: Spa) -> None:
    token = (await spa.tokens("alice", scope="openid email"))["refresh_token"]
    assert (await spa.refresh(token, scope="openid profile")).json()["error"] == "invalid_scope"
    less = (await spa.refresh(token, scope="openid")).json()
    assert less["scope"] == "openid"
    assert (await spa.refresh(less["refresh_token"])).json()["scope"] == "openid email"


async def test_userinfo_tells_what_the_scope_allows(spa: Spa) -> None:
    token = (await spa.tokens("alice", scope="openid email"))["access_token"]
    claims = (await spa.http.post("/userinfo", data={"access_token": token})).json()
    assert claims == {"sub": "k3v9x0q7m2ab", "email": "alice@example.com", "email_verified": True}


async def test_bob_has_no_picture(spa: Spa) -> None:
    token = (await spa.tokens("bob"))["access_token"]
    claims = (await spa.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})).json()
    assert "picture" not in claims
    assert claims["name"] == "Bob Lindqvist"


async def test_introspection_repeats_the_token_until_it_expires(spa: Spa, clock: Clock) -> None:
    form = {"token": (await spa.tokens("olive"))["access_token"]}
    claims = (await spa.http.post("/introspect", data=form, auth=SERVICE)).json()
    assert (claims["active"], claims["operator"], claims["aud"]) == (True, True, AUDIENCE)
    clock.seconds += 3600
    assert (await spa.http.post("/introspect", data=form, auth=SERVICE)).json() == {"active": False}


async def test_sign_out_goes_back_only_to_a_registered_address(spa: Spa) -> None:
    hint = {"id_token_hint": (await spa.tokens("alice"))["id_token"], "state": "s"}
    home, elsewhere = "http://localhost:5173/", "http://evil.example/"
    answer = await spa.http.get("/end_session", params={**hint, "post_logout_redirect_uri": home})
    assert answer.headers["Location"] == f"{home}?state=s"
    answer = await spa.http.get("/end_session", params={**hint, "post_logout_redirect_uri": elsewhere})
    assert (answer.status_code, answer.headers.get("Location")) == (200, None)


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/.well-known/openid-configuration", "/jwks"])
async def test_pages_on_loopback_may_read_the_answers_and_others_may_not(http: httpx.AsyncClient, path: str) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for origin, allowed in (("http://localhost:5173", True), ("http://localhost.evil.example", False)):
        preflight = await http.options(path, headers={"Origin": origin, **asked})
        answer = await http.get(path, headers={"Origin": origin})
        for headers in (preflight.headers, answer.headers):
            assert ("Access-Control-Allow-Origin" in headers) is allowed
