"""Two Litestar applications in one process, each with a gate, a provider and a database of its own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import own_settings
from litestar import Litestar, get
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.routing import Mount

from profilegate import (
    CurrentProfile,
    DatabaseSettings,
    IssuerSettings,
    ProfileGate,
    ServerSettings,
    Settings,
    current_profile,
    require,
)


@get("/me", guards=[require()], dependencies={"profile": current_profile})
async def me(profile: CurrentProfile) -> dict[str, Any]:
    return {"user": profile.user_id, "name": profile.name}


def shop(path: str, issuer: IssuerSettings) -> Litestar:
    """An application at this path whose users are that provider's. Both have the same tenant: only the files differ."""
    gate = ProfileGate(
        Settings(
            issuers=(replace(issuer, tenant="default"),),
            server=ServerSettings(public_url=own_settings.URL),
            database=DatabaseSettings(path=os.path.join(own_settings.FOLDER, f"{path[1:]}.db")),
        ),
        path="/identity",
        faces=["logto"],
    )
    return Litestar([me], plugins=[gate])


@asynccontextmanager
async def both_open(_: Starlette) -> AsyncIterator[None]:
    async with one.lifespan(), other.lifespan():
        yield


one, other = (shop(path, issuer) for path, issuer in zip(("/one", "/other"), own_settings.issuers(), strict=True))
app = Starlette(routes=[Mount("/one", one), Mount("/other", other)], lifespan=both_open)
