"""The gate as ASGI middleware round anybody's application."""

from typing import Any

import httpx
import pytest
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider

from profilegate.asgi import Message, Receive, ResourceServerMiddleware, Scope, Send
from profilegate.resource_server import OIDCResourceServer
from profilegate.settings import IssuerSettings

RESOURCE = "https://api.example.com"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers who is calling, as the host sees it."""
    assert scope["type"] == "http"
    user = scope.get("user", "unasked")
    body = str(getattr(user, "user_id", user)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


class Host:
    """The echo behind the gate."""

    def __init__(self, app: Any = echo, **options: Any) -> None:
        self.provider = MintingProvider()
        issuer = IssuerSettings(issuer=ISSUER, audiences=(AUDIENCE,))
        self.server = OIDCResourceServer(
            [issuer], resource=RESOURCE, clock=lambda: NOW, transport=self.provider.transport
        )
        self.app = ResourceServerMiddleware(app, server=self.server, **options)

    async def get(self, path: str, token: str | None = None, method: str = "GET", root: str = "") -> httpx.Response:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(self.app, root_path=root)
        async with httpx.AsyncClient(transport=transport, base_url=RESOURCE, headers=headers) as client:
            return await client.request(method, path)


async def test_a_good_token_makes_the_user() -> None:
    host = Host()
    assert (await host.get("/orders", host.provider.token(sub="alice"))).text == "alice"


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c"])
async def test_without_one_the_host_is_not_reached(token: str | None) -> None:
    answer = await Host().get("/orders", token)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["status"] == 401


async def test_head_has_no_body() -> None:
    answer = await Host().get("/orders", method="HEAD")
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("path", ["/", "/health", "/static/a.css", "/static/a/b.css", "/static/"])
async def test_public_paths_are_open(path: str) -> None:
    host = Host(public=["/", "/health", "/static/*"])
    assert (await host.get(path)).text == "unasked"


@pytest.mark.parametrize(
    "path",
    [
        "/health/",
        "/Health",
        "//health",
        "/health%00",
        "/static",
        "/staticky",
        "/STATIC/a",
        "/static/../orders",
        "/static/%2e%2e/orders",
        "/static/%252e%252e/orders",
        "/static/..%2forders",
        "/static/..%5corders",
        "/static/%2e/a",
        "/static//orders",
        "/static/..;/orders",
        "/static/..",
        "/static/%0d%0a",
    ],
)
async def test_what_could_be_read_as_another_path_is_not_public(path: str) -> None:
    host = Host(public=["/health", "/static/*"])
    assert (await host.get(path)).status_code == 401


async def test_what_the_server_puts_in_front_is_no_part_of_the_path() -> None:
    host = Host(public=["/health"])
    assert (await host.get("/api/health", root="/api")).status_code == 200
    assert (await host.get("/health/health", root="/health")).status_code == 200
    assert (await host.get("/api/orders", root="/api")).status_code == 401
    assert (await host.get("/apihealth", root="/api")).status_code == 401


async def test_strangers_come_in_only_without_credentials() -> None:
    host = Host(strangers=True)
    assert (await host.get("/orders")).text == "None"
    assert (await host.get("/orders", "wrong")).status_code == 401
    assert (await host.get("/orders", host.provider.token(sub="bob"))).text == "bob"


async def test_the_metadata_is_answered_for_the_host() -> None:
    answer = await Host().get("/.well-known/oauth-protected-resource")
    assert answer.json()["authorization_servers"] == [ISSUER]
    assert (await Host().get("/.well-known/oauth-protected-resource", method="POST")).status_code == 401


async def test_an_outage_is_503_with_retry_after() -> None:
    host = Host()
    host.provider.down = True
    answer = await host.get("/orders", host.provider.token())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def websocket(app: ResourceServerMiddleware, headers: list[tuple[bytes, bytes]]) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws", "headers": [(b"host", b"api.example.com"), *headers]}
    await app(scope, receive, send)
    return sent


async def greet(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept", "subprotocol": scope["user"].user_id})


async def test_a_websocket_is_guarded_before_it_is_accepted() -> None:
    host = Host(greet)
    token = host.provider.token(sub="alice").encode()
    assert await websocket(host.app, [(b"authorization", b"Bearer " + token)]) == [
        {"type": "websocket.accept", "subprotocol": "alice"}
    ]
    assert await websocket(host.app, []) == [{"type": "websocket.close", "code": 1008}]


async def live(app: ResourceServerMiddleware) -> list[str]:
    events, sent = iter(["lifespan.startup", "lifespan.shutdown"]), []

    async def receive() -> Message:
        return {"type": next(events)}

    async def send(message: Message) -> None:
        sent.append(str(message["type"]))

    await app({"type": "lifespan"}, receive, send)
    return sent


async def knows_no_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError(f"only HTTP, not {scope['type']}")


async def lives(scope: Scope, receive: Receive, send: Send) -> None:
    for event in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{event}"
        await send({"type": f"lifespan.{event}.complete"})


async def fails_to_start(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    raise RuntimeError("no")


@pytest.mark.parametrize("app", [lives, knows_no_lifespan], ids=["with its own", "without"])
async def test_the_host_has_its_lifespan_or_gets_one(app: Any) -> None:
    assert await live(Host(app).app) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_host_that_fails_to_start_is_not_made_to_look_started() -> None:
    with pytest.raises(RuntimeError):
        await live(Host(fails_to_start).app)
