"""The service that is attacked, the only network that it has, and the requests that it is sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from litestar import Litestar
from tests.faces.running import PUBLIC_URL, Clock, in_a_task, issuer
from tests.minting import ISSUER, MintingProvider
from tests.store.databases import rows

from profilegate.app import create_app
from profilegate.plugin import ProfileGate
from profilegate.settings import DatabaseSettings, DPoPSettings, IssuerSettings, ServerSettings, Settings
from profilegate.store.tables import TABLES

from . import keys

OTHER_ISSUER = "https://other-id.example"
EVIL = "https://evil.example"

SERVER = ServerSettings(public_url=PUBLIC_URL)
ANY_NONCE = DPoPSettings()

Header = tuple[bytes, bytes]


@dataclass(frozen=True, eq=False)
class World:
    """The settings under which a case is tried, and what the first issuer publishes besides the usual keys."""

    issuers: tuple[IssuerSettings, ...] = (issuer(),)
    server: ServerSettings = SERVER
    dpop: DPoPSettings = ANY_NONCE
    published: Callable[[], list[dict[str, Any]]] = list


PLAIN = World()


@dataclass(frozen=True)
class Sent:
    """A request but for its method and path."""

    headers: tuple[Header, ...] = ()
    query: str = ""
    body: bytes | None = None
    peer: tuple[str, int] = ("198.51.100.7", 4711)
    base: str = PUBLIC_URL


class Network:
    """Every request of the service to others ends here: at an issuer, or at one who would vouch for any key."""

    def __init__(self, world: World) -> None:
        self.requests: list[httpx.Request] = []
        self.opaque: bytes = b'{"active": false}'
        self.refuses = False
        self._providers = {each.issuer: provider(each.issuer) for each in world.issuers}
        self._providers[world.issuers[0].issuer].odd["jwks"] = lambda: published(world)

    def calm(self) -> None:
        """Forget what was asked, and what was to be answered."""
        self.requests.clear()
        self.opaque, self.refuses = b'{"active": false}', False

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    @property
    def origins(self) -> set[str]:
        return {origin(request.url) for request in self.requests}

    @property
    def questions(self) -> list[httpx.Request]:
        """The requests that showed somebody a token."""
        return [each for each in self.requests if each.url.path in ("/introspect", "/userinfo")]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        asked = self._providers.get(origin(request.url))
        if asked is None:
            return httpx.Response(200, json={"issuer": EVIL, "keys": [keys.public(keys.STRANGER)], "active": True})
        if request.url.path in ("/introspect", "/userinfo"):
            return httpx.Response(401 if self.refuses else 200, content=self.opaque)
        return await asked.transport.handle_async_request(request)


def provider(address: str) -> MintingProvider:
    """An issuer with the usual keys; every other issuer calls its own ones the same."""
    made = MintingProvider(address)
    made.keys = [each() for each in (keys.USUAL if address == ISSUER else keys.USUAL_OF_ANOTHER)]
    made.metadata |= {"introspection_endpoint": f"{address}/introspect", "userinfo_endpoint": f"{address}/userinfo"}
    return made


def published(world: World) -> httpx.Response:
    usual = [keys.public_jwk(each()) for each in keys.USUAL]
    return httpx.Response(200, content=json.dumps({"keys": [*usual, *world.published()]}))


def origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


@dataclass
class Trap:
    """A server on this machine that nothing has a reason to call."""

    url: str
    visits: int = 0


@dataclass
class Target:
    """The service under attack."""

    app: Litestar
    gate: ProfileGate
    network: Network
    trap: Trap
    clock: Clock

    async def kept(self) -> list[list[dict[str, Any]]]:
        """All that is stored."""
        return [await rows(self.gate.engine, table) for table in TABLES]


@dataclass
class Attempt:
    """One case at one endpoint. `kept` is for what a case does before."""

    target: Target
    method: str
    path: str
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return PUBLIC_URL + self.path

    async def send(self, sent: Sent) -> httpx.Response:
        transport = httpx.ASGITransport(self.target.app, raise_app_exceptions=False, client=sent.peer)  # type: ignore[arg-type]
        body = sent.body
        headers = list(sent.headers)
        if body is None and self.method == "PATCH":
            body, headers = b'{"name": "Mallory"}', [*headers, (b"content-type", b"application/json")]
        async with httpx.AsyncClient(transport=transport, base_url=sent.base) as client:
            return await client.request(self.method, self.path + sent.query, headers=headers, content=body)


@asynccontextmanager
async def standing(world: World, database: DatabaseSettings, clock: Clock) -> AsyncIterator[Target]:
    """The service in this world."""
    network = Network(world)
    settings = Settings(issuers=world.issuers, server=world.server, dpop=world.dpop, database=database)
    app = create_app(settings, clock=clock, transport=network.transport)
    async with trapped() as trap, in_a_task(app.lifespan()):
        yield Target(app, app.plugins.get(ProfileGate), network, trap, clock)


@asynccontextmanager
async def trapped() -> AsyncIterator[Trap]:
    trap = Trap("")

    def visited(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.visits += 1
        writer.close()

    async with await asyncio.start_server(visited, "127.0.0.1", 0) as server:
        trap.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield trap
