"""Web pages of the configured origins, and of no others, may read every answer of both faces."""

import httpx
import pytest
from tests.faces.fixtures import Serve
from tests.faces.running import OPERATOR, PUBLIC_URL, Service, address, key
from tests.logto.asking import AVAILABILITY, CAPABILITIES, CLAIMS, HERE, NEWER

from profilegate.settings import ServerSettings, UsernameSettings

APP = "https://app.example.com"
LOCAL = "http://localhost:5173"
EXPOSED = {"etag", "www-authenticate", "dpop-nonce", "retry-after"}
USED = {"authorization", "content-type", "if-match", "if-none-match"}
"""The headers that a client of this face sends."""

PATHS = {
    HERE: {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"},
    NEWER: {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"},
    CLAIMS: {"OPTIONS", "PATCH"},
    f"{NEWER}/profile": {"OPTIONS", "PATCH"},
    AVAILABILITY: {"GET", "HEAD", "OPTIONS"},
    CAPABILITIES: {"GET", "HEAD", "OPTIONS"},
    address("alice"): {"GET", "HEAD", "OPTIONS", "PUT"},
    "/v1/profiles/batch": {"OPTIONS", "POST"},
}
"""Every path for web pages, and its methods."""


@pytest.fixture
async def service(serve: Serve) -> Service:
    server = ServerSettings(public_url=PUBLIC_URL, cors_origins=(APP, LOCAL))
    return await serve(server=server, usernames=UsernameSettings(checks_per_minute=1))


def listed(value: str) -> set[str]:
    return {each.strip() for each in value.split(",")}


def readable(answer: httpx.Response, origin: str = APP) -> bool:
    """Whether a page of the origin may read the answer and the headers that it needs."""
    assert "origin" in listed(answer.headers.get("vary", "").lower())
    assert "access-control-allow-credentials" not in answer.headers
    allowed = answer.headers.get_list("access-control-allow-origin")
    if not allowed:
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        return False
    assert allowed == [origin]
    assert listed(answer.headers["access-control-expose-headers"]) >= EXPOSED
    return True


@pytest.mark.parametrize("origin", [APP, LOCAL])
async def test_a_page_of_an_allowed_origin_reads_answers(client: httpx.AsyncClient, origin: str) -> None:
    for answer in (
        await client.get(HERE, headers={"origin": origin}),
        await client.patch(HERE, json={"name": "Ann"}, headers={"origin": origin}),
        await client.patch(CLAIMS, json={"nickname": "Al"}, headers={"origin": origin}),
        await client.get(CAPABILITIES, headers={"origin": origin}),
        await client.get(f"{AVAILABILITY}?username=al", headers={"origin": origin}),
        await client.get(address("alice"), headers={"origin": origin}),
    ):
        assert answer.status_code == 200
        assert readable(answer, origin)


FOREIGN = [
    "https://evil.example",
    "null",
    "",
    "*",
    "https://app.example.com.evil.example",
    "https://evil.example/https://app.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com/",
    "https://APP.example.com",
    "https://sub.app.example.com",
    "http://localhost:5174",
    "http://127.0.0.1:5173",
    f"{APP}, {LOCAL}",
    f"{APP} {LOCAL}",
    f"{APP}\t",
    "file://",
]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", [HERE, NEWER, address("alice")])
async def test_a_page_of_any_other_origin_reads_nothing(
    client: httpx.AsyncClient, path: str, origin: str, method: str
) -> None:
    asked = {"origin": origin, "access-control-request-method": "GET"}
    answer = await client.request(method, path, headers=asked)
    assert answer.status_code in (200, 204)
    assert not readable(answer)


@pytest.mark.parametrize("second", [APP, LOCAL, "null", "https://evil.example"])
async def test_several_origins_are_none(client: httpx.AsyncClient, second: str) -> None:
    for pair in ((APP, second), (second, APP)):
        answer = await client.get(HERE, headers=[("origin", each) for each in pair])
        assert not readable(answer)


async def test_without_an_origin_nothing_is_allowed_to_anybody(client: httpx.AsyncClient) -> None:
    assert not readable(await client.get(HERE))


async def test_by_default_no_origin_is_allowed(serve: Serve) -> None:
    client = (await serve()).client()
    assert not readable(await client.get(HERE, headers={"origin": APP}))
    assert not readable(await client.options(HERE, headers={"origin": APP, "access-control-request-method": "PATCH"}))


@pytest.mark.parametrize("path", PATHS)
async def test_a_preflight_needs_no_token_and_tells_methods_and_headers(service: Service, path: str) -> None:
    asked = {
        "origin": APP,
        "access-control-request-method": "PATCH",
        "access-control-request-headers": ",".join(sorted(USED)),
    }
    answer = await service.stranger().options(path, headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert readable(answer)
    assert listed(answer.headers["access-control-allow-methods"]) == PATHS[path]
    assert listed(answer.headers["access-control-allow-headers"].lower()) >= USED
    assert int(answer.headers["access-control-max-age"]) > 0
    assert listed(answer.headers["allow"]) == PATHS[path]


@pytest.mark.parametrize("header", ["cache-control", "logto-verification-id"])
async def test_a_preflight_allows_what_clients_of_logto_and_of_this_contract_send(
    service: Service, header: str
) -> None:
    asked = {"origin": APP, "access-control-request-method": "PATCH", "access-control-request-headers": header}
    answer = await service.stranger().options(HERE, headers=asked)
    assert header in listed(answer.headers["access-control-allow-headers"].lower())


async def test_options_without_an_origin_tells_what_is_allowed(service: Service) -> None:
    answer = await service.stranger().options(HERE)
    assert (answer.status_code, listed(answer.headers["allow"])) == (204, PATHS[HERE])
    assert not readable(answer)


@pytest.mark.parametrize("path", [HERE, NEWER, address("alice")])
async def test_a_page_may_read_that_its_token_is_refused(service: Service, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic YTpi"}):
        answer = await service.stranger({"origin": APP, **headers}).get(path)
        assert answer.status_code == 401
        assert readable(answer)


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status"),
    [
        ("PATCH", HERE, b"{", {}, 400),
        ("PATCH", HERE, b"{}", {}, 422),
        ("PATCH", HERE, b'{"name": 5}', {}, 400),
        ("PATCH", HERE, b"{}", {"content-type": "text/plain"}, 415),
        ("PATCH", HERE, b'{"name": "A"}', {"if-match": '"9-x"'}, 412),
        ("PATCH", HERE, b"x" * 100_000, {}, 413),
        ("PATCH", CLAIMS, b"x" * 100_000, {}, 413),
        ("GET", AVAILABILITY, b"", {}, 400),
        ("PUT", "/v1/profiles/user/alice", b"x" * 100_000, {}, 413),
        ("PUT", "/v1/profiles/user/bob", b"{}", {}, 403),
    ],
)
async def test_a_page_may_read_every_refusal(
    client: httpx.AsyncClient, method: str, path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await client.request(method, path, content=content, headers={"origin": APP, **headers})
    assert answer.status_code == status
    assert readable(answer)


async def test_a_page_may_read_when_to_come_again(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await client.get(f"{AVAILABILITY}?username=al", headers={"origin": APP})
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    assert readable(answer)


async def test_a_page_may_read_that_its_user_is_suspended(client: httpx.AsyncClient, service: Service) -> None:
    await client.get(HERE)
    await service.gate.repository.suspend(key("alice"), OPERATOR, service.clock.milliseconds)
    answer = await client.get(HERE, headers={"origin": APP})
    assert answer.status_code == 403
    assert readable(answer)


async def test_a_page_may_read_that_the_provider_is_away(service: Service) -> None:
    service.provider.down = True
    answer = await service.client().get(HERE, headers={"origin": APP})
    assert answer.status_code == 503
    assert readable(answer)


async def test_a_page_may_read_a_304(client: httpx.AsyncClient) -> None:
    answer = await client.get(HERE, headers={"origin": APP, "if-none-match": "*"})
    assert answer.status_code == 304
    assert readable(answer)


async def test_a_page_may_read_that_a_method_is_not_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.put(HERE, headers={"origin": APP})
    assert answer.status_code == 405
    assert readable(answer)


async def test_no_page_reads_more_because_another_read_before(client: httpx.AsyncClient) -> None:
    await client.get(HERE, headers={"origin": APP})
    assert not readable(await client.get(HERE, headers={"origin": "https://evil.example"}))
    assert not readable(await client.get(HERE))


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("path", ["/health", "/ready", "/nothing", "/schema/openapi.json"])
async def test_what_is_no_profile_has_no_cors(service: Service, path: str, method: str) -> None:
    asked = {"origin": APP, "access-control-request-method": "GET"}
    answer = await service.stranger().request(method, path, headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
