"""What the provider refuses, and that it refuses instead of failing."""

import json
from base64 import urlsafe_b64encode

import httpx
import pytest

from profilegate.demo.provider import create_provider

from .conftest import VERIFIER, Clock, Spa

SERVICE = ("demo-service", "demo-secret")
DEEP = urlsafe_b64encode(b"[" * 5_000).decode()
CRITICAL = urlsafe_b64encode(b'{"alg":"ES256","crit":[{}]}').decode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

JUNK = ["", " ", "\x00", "é\u202e", '"\\', "\r\nX: y", "%", "[", "http://[", "{}"]
JUNK += ["a.b.c", f"{DEEP}.{DEEP}.x", f"{CRITICAL}.e30.eA", "x" * 9000]

ENDPOINTS = [
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/jwks"),
    ("GET", "/authorize"),
    ("POST", "/authorize"),
    ("POST", "/token"),
    ("POST", "/introspect"),
    ("GET", "/userinfo"),
    ("POST", "/userinfo"),
    ("GET", "/end_session"),
    ("POST", "/end_session"),
]

GOOD = {
    "response_type": "code",
    "client_id": "demo-spa",
    "redirect_uri": "http://127.0.0.1/callback",
    "scope": "openid",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
    "grant_type": "authorization_code",
    "code": "no such code",
    "code_verifier": VERIFIER,
}

NAMES = [
    *GOOD,
    *("person", "state", "nonce", "prompt", "resource", "response_mode", "refresh_token", "client_secret", "token"),
    *("token_type_hint", "access_token", "id_token_hint", "post_logout_redirect_uri", "logout_hint", "ui_locales"),
]


@pytest.mark.parametrize(
    "issuer",
    [
        *("https://127.0.0.1:9000", "http://10.0.0.1:9000", "http://0.0.0.0:9000", "http://example.com", "localhost"),
        *("http://127.0.0.1.example.com", "http://127.0.0.1@example.com", "http://a@127.0.0.1", "http://localhost."),
        *("http://localhost/", "http://localhost/idp", "http://localhost?x", "http://localhost:x", "http://[", ""),
    ],
)
def test_an_issuer_that_is_not_a_loopback_origin_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match=r"loopback|origin|IPv6|Port"):
        create_provider(issuer, "api")


@pytest.mark.parametrize("issuer", ["http://localhost", "http://127.8.9.1:80", "http://[::1]:9000"])
def test_a_loopback_issuer_is_taken(issuer: str) -> None:
    assert create_provider(issuer, "api")


@pytest.mark.parametrize(
    "uri",
    [
        *("http://evil.example/callback", "http://127.0.0.1.evil.example/callback", "http://127.0.0.1/callback/x"),
        *("http://127.0.0.1@evil.example/callback", "http://evil@127.0.0.1/callback", "https://127.0.0.1/callback"),
        *("http://127.0.0.1:1@evil.example/callback", "http://127.0.0.1/callback?x=1", "http://127.0.0.1/callback#x"),
        *("https://app.example:1/signed-in", "https://app.example/signed-in/", "HTTP://127.0.0.1/callback"),
        *("http://127.0.0.1/call\nback", "http://127.0.0.1\\@evil.example/callback", "//evil.example", "", None),
    ],
)
async def test_an_unregistered_redirect_uri_gets_no_redirect(spa: Spa, uri: str | None) -> None:
    for answer in (await spa.page(redirect_uri=uri), await spa.page(redirect_uri=uri, response_type="token")):
        assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert await spa.choose("alice", redirect_uri=uri) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
    ],
)
async def test_there_is_no_code_without_an_s256_challenge(spa: Spa, changes: dict[str, str | None]) -> None:
    returned = await spa.choose("alice", **changes)
    assert returned["error"] == "invalid_request"
    assert "code" not in returned


@pytest.mark.parametrize("verifier", ["w" * 64, "c" * 43, "", None])
async def test_a_wrong_code_verifier_is_refused(spa: Spa, verifier: str | None) -> None:
    code = (await spa.choose("alice"))["code"]
    answer = await spa.redeem(code, code_verifier=verifier)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


async def test_a_code_works_once(spa: Spa) -> None:
    code = (await spa.choose("alice"))["code"]
    assert (await spa.redeem(code)).status_code == 200
    assert (await spa.redeem(code)).json()["error"] == "invalid_grant"


async def test_a_code_is_good_for_a_minute(spa: Spa, clock: Clock) -> None:
    code = (await spa.choose("alice"))["code"]
    clock.seconds += 60
    assert (await spa.redeem(code)).json()["error"] == "invalid_grant"


async def test_a_code_is_bound_to_its_redirect_uri(spa: Spa) -> None:
    code = (await spa.choose("alice"))["code"]
    assert (await spa.redeem(code, redirect_uri="http://localhost:1/callback")).json()["error"] == "invalid_grant"


async def test_a_token_for_another_api_is_refused_at_both_steps(spa: Spa) -> None:
    assert (await spa.choose("alice", resource="https://other.example"))["error"] == "invalid_target"
    code = (await spa.choose("alice"))["code"]
    assert (await spa.redeem(code, resource="https://other.example")).json()["error"] == "invalid_target"


@pytest.mark.parametrize("grant", ["authorization_code", "client_credentials", "password", "refresh_token"])
async def test_a_client_without_its_secret_gets_nothing(http: httpx.AsyncClient, grant: str) -> None:
    answer = await http.post("/token", data={"grant_type": grant, "client_id": "demo-service"})
    assert answer.json()["error"] in {"invalid_client", "unsupported_grant_type"}


async def test_introspection_needs_the_secret(http: httpx.AsyncClient) -> None:
    answer = await http.post("/introspect", data={"token": "x"}, auth=("demo-service", "guess"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_userinfo_without_a_token_is_a_bare_challenge(http: httpx.AsyncClient) -> None:
    answer = await http.get("/userinfo")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_userinfo_needs_scope_openid(spa: Spa) -> None:
    token = (await spa.tokens("alice", scope="profile"))["access_token"]
    answer = await spa.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


async def test_a_foreign_host_name_is_refused(http: httpx.AsyncClient) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example:9000", "[", ""):
        assert (await http.get("/jwks", headers={"Host": host})).status_code in {400, 421}


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_a_junk_parameter_is_never_a_server_error(http: httpx.AsyncClient, method: str, path: str) -> None:
    place = "params" if method == "GET" else "data"
    for name in NAMES:
        for value in JUNK:
            for parameters in ({name: value}, GOOD | {name: value}, GOOD | {name: [value, value]}):
                answer = await http.request(method, path, **{place: parameters})
                assert answer.status_code < 500, (name, value, answer.text)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("content", [b"\xff\xfe=%ff&%", b"&&==&;", json.dumps(["a"]).encode(), b"x=" * 40_000])
async def test_a_junk_body_is_never_a_server_error(
    http: httpx.AsyncClient, method: str, path: str, content: bytes
) -> None:
    for kind in (FORM, {"Content-Type": "application/json"}, {"Content-Type": b";;\xff"}, {}):
        assert (await http.request(method, path, content=content, headers=kind)).status_code < 500


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize(
    "credentials",
    [
        *(b"Basic", b"Basic /w==", b"Basic \xff\xff", b"Basic Og==", b"\xff"),
        *(b"Bearer", b"Bearer \xff", b"Bearer a.b.c", f"Bearer {CRITICAL}.e30.eA".encode()),
    ],
)
async def test_a_junk_credential_is_never_a_server_error(
    http: httpx.AsyncClient, method: str, path: str, credentials: bytes
) -> None:
    headers = {b"Authorization": credentials}
    answer = await http.request(method, path, headers=headers, data={"token": "x"} if method == "POST" else None)
    assert answer.status_code < 500


@pytest.mark.parametrize("name", ["token", "token_type_hint"])
async def test_a_service_that_asks_about_junk_learns_that_it_is_inactive(http: httpx.AsyncClient, name: str) -> None:
    for value in JUNK:
        answer = await http.post("/introspect", data={"token": "x", name: value}, auth=SERVICE)
        assert answer.json() == {"active": False} or answer.status_code in {400, 401}, value
