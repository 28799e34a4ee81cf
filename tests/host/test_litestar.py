"""A Litestar host: our faces beside its own routes, our gate in its own handlers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, Router, WebSocket, asgi, get, websocket
from litestar.exceptions import HTTPException, ImproperlyConfiguredException
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp, Receive, Scope, Send
from tests.faces.fixtures import clock, database, sqlite_template
from tests.faces.running import OPERATOR, PUBLIC_URL, Clock, address, in_a_task, issuer, key
from tests.minting import MintingProvider

from profilegate.errors import InvalidConfiguration
from profilegate.host import CurrentPrincipal, CurrentProfile, current_principal, current_profile, require
from profilegate.plugin import FACES, ProfileGate
from profilegate.resource_server import OIDCResourceServer
from profilegate.settings import DatabaseSettings, ServerSettings, Settings

__all__ = ["clock", "database", "sqlite_template"]


@get("/open")
async def open_() -> str:
    return "everybody"


@get("/me", guards=[require()], dependencies={"profile": current_profile})
async def me(profile: CurrentProfile) -> dict[str, str | None]:
    return {"user": profile.user_id, "name": profile.name}


@get("/orders", guards=[require("orders:read")], dependencies={"caller": current_principal})
async def orders(caller: CurrentPrincipal) -> str:
    return f"{caller.tenant_id} {caller.user_id}"


@get("/admin", guards=[require(operator=True)])
async def admin(request: Request[Any, Any, Any]) -> str:
    return str(request.user.user_id)


@get("/unguarded", dependencies={"profile": current_profile})
async def unguarded(profile: CurrentProfile) -> str:
    return profile.user_id


class Host:
    """An application of somebody else, with our plugin in it."""

    def __init__(self, database: DatabaseSettings, clock: Clock, **options: Any) -> None:
        self.provider = MintingProvider(now=clock)
        settings = Settings(issuers=(issuer(),), server=ServerSettings(public_url=PUBLIC_URL), database=database)
        placed = {name: options.pop(name) for name in ("path", "faces") if name in options}
        self.gate = ProfileGate(settings, clock=clock, transport=self.provider.transport, **placed)
        self.app = Litestar([open_, me, orders, admin, unguarded], plugins=[self.gate], **options)

    def client(self, user_id: str | None = None, **claims: Any) -> httpx.AsyncClient:
        token = self.provider.token(**{"sub": user_id, "tenant": "your_tenant", **claims})
        headers = {} if user_id is None else {"authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers)


@pytest.fixture
async def host(request: pytest.FixtureRequest, database: DatabaseSettings, clock: Clock) -> AsyncIterator[Host]:
    made = Host(database, clock, **getattr(request, "param", {}))
    async with in_a_task(made.app.lifespan()):
        yield made


def mounted(**options: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("host", [options], indirect=True, ids=["host"])


async def test_a_handler_has_the_callers_profile_which_it_makes(host: Host) -> None:
    answer = await host.client("alice").get("/me")
    shown = await host.client("bob").get(address("alice"))
    assert answer.json() == {"user": "alice", "name": shown.json()["name"]}


async def test_a_handler_without_our_guard_is_the_hosts_own_matter(host: Host) -> None:
    assert (await host.client().get("/open")).text == "everybody"


@pytest.mark.parametrize("path", ["/me", "/orders", "/admin", "/unguarded"])
async def test_without_a_token_a_guarded_handler_answers_401_with_a_challenge(host: Host, path: str) -> None:
    answer = await host.client().get(path)
    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["www-authenticate"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_missing_scope_is_named(host: Host) -> None:
    answer = await host.client("alice", scope="orders:write").get("/orders")
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="orders:read"' in answer.headers["www-authenticate"]


async def test_who_has_the_scope_gets_in(host: Host) -> None:
    assert (await host.client("alice", scope="x orders:read").get("/orders")).text == "your_tenant alice"


async def test_an_operators_handler_is_for_operators(host: Host) -> None:
    assert (await host.client("alice").get("/admin")).status_code == 403
    assert (await host.client("root", operator=True).get("/admin")).text == "root"


async def test_a_machine_has_no_profile(host: Host) -> None:
    assert (await host.client("robot", client_id="robot").get("/me")).status_code == 403


async def test_an_erased_user_is_refused_by_the_hosts_handlers_too(host: Host) -> None:
    client = host.client("alice")
    await client.get("/me")
    await host.gate.repository.erase(key("alice"), OPERATOR, int(host.gate.clock() * 1000))
    assert (await client.get("/me")).status_code == 401


@mounted(path="/identity")
async def test_the_faces_stand_below_the_path_that_the_host_gives(host: Host) -> None:
    client = host.client("alice")
    assert (await client.get(address("alice"))).status_code == 404
    assert (await client.get("/identity" + address("a/b"))).json()["user_id"] == "a/b"
    assert (await client.get("/identity/api/profile")).status_code == 200
    assert (await client.get("/identity/auth/forward")).headers["x-auth-subject"] == "alice"


@mounted(path="/identity")
async def test_the_metadata_stays_where_clients_look_for_it(host: Host) -> None:
    assert (await host.client().get("/.well-known/oauth-protected-resource")).json()["resource"] == PUBLIC_URL


@mounted(faces=["logto"])
async def test_only_the_chosen_faces_are_there(host: Host) -> None:
    client = host.client("alice")
    assert (await client.get("/api/profile")).status_code == 200
    for path in (address("alice"), "/health", "/auth/forward", "/oidc/userinfo", "/app/all", "/metrics"):
        assert (await client.get(path)).status_code == 404


@mounted(faces=[])
async def test_without_any_face_the_hosts_handlers_have_the_gate(host: Host) -> None:
    assert (await host.client("alice").get("/me")).status_code == 200


@mounted(guards=[require("never:granted")])
async def test_a_guard_of_the_whole_application_leaves_our_routes_to_our_gate(host: Host) -> None:
    assert (await host.client("alice").get("/open")).status_code == 403
    assert (await host.client("alice").get("/api/profile")).status_code == 200
    assert (await host.client().get("/health")).status_code == 200
    assert (await host.client().get("/.well-known/oauth-protected-resource")).status_code == 200


async def test_whom_one_gate_let_in_another_gate_has_to_let_in_itself(
    host: Host, database: DatabaseSettings, clock: Clock
) -> None:
    """An application that is mounted in another shares its requests' scope."""
    inner = OIDCResourceServer([issuer(issuer="https://other.example")], clock=clock, transport=host.provider.transport)
    mounted = Litestar([who], plugins=[inner])

    @asgi("/inner", is_mount=True, copy_scope=True, guards=[require()])
    async def below(scope: Scope, receive: Receive, send: Send) -> None:
        await mounted(scope, receive, send)

    host.app.register(below)
    assert (await host.client("alice").get("/inner/who")).status_code == 401


class TheirUser:
    """Puts a user of the host's own into every request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["user"] = "theirs"
        await self.app(scope, receive, send)


@get("/who", guards=[require()], dependencies={"caller": current_principal})
async def who(request: Request[Any, Any, Any], caller: CurrentPrincipal) -> list[str]:
    return [request.user, caller.user_id]


async def test_the_hosts_own_user_stays_its_own(database: DatabaseSettings, clock: Clock) -> None:
    made = Host(database, clock, middleware=[TheirUser])
    made.app.register(who)
    async with in_a_task(made.app.lifespan()):
        assert (await made.client("alice").get("/who")).json() == ["theirs", "alice"]
        assert (await made.client("alice").get("/api/profile")).json()["id"] == "alice"


def teapot(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    return Response("short and stout", status_code=418, headers=error.headers)


@mounted(exception_handlers={HTTPException: teapot})
async def test_the_hosts_exception_handlers_word_its_own_handlers_errors_and_none_of_ours(host: Host) -> None:
    theirs = await host.client().get("/me")
    assert (theirs.status_code, theirs.text) == (418, "short and stout")
    assert "www-authenticate" in theirs.headers
    assert (await host.client().get(address("alice"))).json()["code"] == "AUTH_002"


@mounted(openapi_config=OpenAPIConfig(title="Theirs", version="7"))
async def test_the_hosts_openapi_document_has_both(host: Host) -> None:
    document = host.app.openapi_schema.to_schema()
    assert document["info"]["title"] == "Theirs"
    assert {"/orders", "/api/profile"} <= document["paths"].keys()
    assert document["components"]["securitySchemes"].keys() == {"oidc"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"faces": ["logto", "ldap"]}, "ldap"),
        ({"path": "identity"}, "path"),
        ({"path": "/identity/"}, "path"),
        ({"path": ""}, "path"),
    ],
    ids=["face", "no slash", "final slash", "empty"],
)
def test_what_cannot_be_mounted_is_told_at_once(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidConfiguration, match=told):
        ProfileGate(Settings(issuers=(issuer(),)), **options)


def test_every_face_can_be_left_out(tmp_path: Path) -> None:
    settings = Settings(issuers=(issuer(),), database=DatabaseSettings(path=str(tmp_path / "x.db")))
    assert not ProfileGate(settings, faces=()).routers()
    assert len(ProfileGate(settings, faces=FACES).routers()) >= len(FACES) - 1


async def test_the_openapi_document_tells_which_of_the_hosts_operations_want_a_token(host: Host) -> None:
    paths = host.app.openapi_schema.to_schema()["paths"]
    asked = {path: paths[path]["get"].get("security") for path in ("/open", "/me", "/orders", "/unguarded")}
    assert asked == {"/open": None, "/me": [{"oidc": []}], "/orders": [{"oidc": []}], "/unguarded": None}


@websocket("/ws", guards=[require("chat")])
async def chat(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text(socket.user.user_id)
    await socket.close()


async def connect(host: Host, user_id: str | None, **claims: Any) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"profiles.example")]
    headers += [(name.encode(), value.encode()) for name, value in host.client(user_id, **claims).headers.items()]
    scope = {"type": "websocket", "path": "/ws", "raw_path": b"/ws", "query_string": b"", "headers": headers}
    await host.app({**scope, "subprotocols": [], "extensions": {}}, receive, send)  # type: ignore[arg-type]
    return sent


async def test_a_websocket_is_guarded_too_and_its_closing_says_why(host: Host) -> None:
    host.app.register(chat)
    assert [each.get("text") for each in await connect(host, "alice", scope="chat")][1] == "alice"
    assert (await connect(host, None))[0]["code"] == 4401
    assert (await connect(host, "alice", scope="x"))[0]["code"] == 4403


async def test_a_host_may_put_the_routers_into_one_of_its_own(host: Host) -> None:
    around = Litestar([Router("/x", route_handlers=host.gate.routers())])
    client = host.client("alice")
    client._transport = httpx.ASGITransport(around)  # type: ignore[arg-type]
    assert (await client.get("/x/api/profile")).json()["id"] == "alice"
    assert (await client.get("/api/profile")).status_code == 404


def test_routers_are_of_one_application(host: Host) -> None:
    routers = host.gate.routers()
    Litestar(routers)
    with pytest.raises(ImproperlyConfiguredException, match="registered already"):
        Litestar(routers)


async def test_what_one_application_adds_to_the_handlers_is_not_in_the_other(host: Host) -> None:
    async def nobody(*_: Any) -> None:
        raise HTTPException(status_code=400)

    async def status(app: Litestar) -> int:
        client = host.client("alice")
        client._transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        return (await client.get("/v1/profiles/user/alice")).status_code

    guarded, open_too = Litestar(host.gate.routers(), guards=[nobody]), Litestar(host.gate.routers())
    assert [await status(each) for each in (guarded, open_too, guarded)] == [400, 200, 400]
