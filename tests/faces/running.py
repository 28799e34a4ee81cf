"""The whole service in one process: its provider, its clock, its database, and the callers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
from litestar import Litestar
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider

from profilegate.app import create_app
from profilegate.crew import ALONE, Crew
from profilegate.plugin import ProfileGate
from profilegate.profiles.record import Actor, ProfileKey
from profilegate.settings import DatabaseSettings, IssuerSettings, OperatorRule, ServerSettings, Settings

TENANT = "your_tenant"
OTHER_TENANT = "another_tenant"
PUBLIC_URL = "https://profiles.example"

OPERATOR = Actor("operator", "root", "test")
PROVIDER = Actor("idp", ISSUER, "webhook")


@dataclass
class Clock:
    """A clock that stands still until it is set. Unix seconds."""

    seconds: float = NOW

    def __call__(self) -> float:
        return self.seconds

    @property
    def milliseconds(self) -> int:
        return int(self.seconds * 1000)

    def set(self, moment: str) -> None:
        self.seconds = datetime.fromisoformat(moment).timestamp()


@dataclass
class Service:
    """A running service, and who may call it."""

    app: Litestar
    gate: ProfileGate
    provider: MintingProvider
    clock: Clock

    def token(self, user_id: str = "alice", **claims: Any) -> str:
        return self.provider.token(**{"sub": user_id, "tenant": TENANT, **claims})

    def client(self, user_id: str = "alice", **claims: Any) -> httpx.AsyncClient:
        """Sends this caller's token with every request."""
        return self.stranger({"authorization": f"Bearer {self.token(user_id, **claims)}"})

    def stranger(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """Sends these headers and no token."""
        return caller_of(self.app, headers)


def caller_of(app: Litestar, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers)


def issuer(**changes: Any) -> IssuerSettings:
    """One issuer for two tenants; whoever has the claim `operator` is one."""
    usual: dict[str, Any] = {
        "issuer": ISSUER,
        "audiences": (AUDIENCE,),
        "tenant_claim": "tenant",
        "tenants": (TENANT, OTHER_TENANT),
        "operator": OperatorRule(claim="operator"),
    }
    return IssuerSettings(**(usual | changes))


@asynccontextmanager
async def running(
    database: DatabaseSettings, clock: Clock, crew: Crew = ALONE, **changes: Any
) -> AsyncIterator[Service]:
    """The service on this database, with these settings instead of the usual ones."""
    usual: dict[str, Any] = {
        "issuers": (issuer(),),
        "server": ServerSettings(public_url=PUBLIC_URL),
        "database": database,
    }
    provider = MintingProvider(now=clock)
    app = create_app(Settings(**(usual | changes)), clock=clock, transport=provider.transport, crew=crew)
    async with in_a_task(app.lifespan()):
        yield Service(app, app.plugins.get(ProfileGate), provider, clock)


@asynccontextmanager
async def in_a_task(context: AbstractAsyncContextManager[object]) -> AsyncIterator[None]:
    """The context, entered and left by one task, as a server does it; a fixture starts and ends in two."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def stay() -> None:
        async with context:
            entered.set()
            await leave.wait()

    task = asyncio.create_task(stay())
    await asyncio.wait([task, asyncio.create_task(entered.wait())], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    yield
    leave.set()
    await task


def address(user_id: str | bytes) -> str:
    """The user's profile; every character that could mean something in a path is encoded."""
    return f"/v1/profiles/user/{quote(user_id, safe='')}"


def key(user_id: str, tenant: str = TENANT) -> ProfileKey:
    return ProfileKey(tenant, user_id)
