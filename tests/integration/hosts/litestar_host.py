"""A shop in Litestar with people, tables, errors and documents of its own, and profilegate at /identity."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import own_settings
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.config.cors import CORSConfig
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from piccolo.columns import Varchar
from piccolo.engine import engine_finder
from piccolo.table import Table

from profilegate import (
    CurrentPrincipal,
    CurrentProfile,
    ProfileGate,
    current_principal,
    current_profile,
    load,
    require,
)

os.environ["PICCOLO_CONF"] = "shop_piccolo_conf"
STAFF_KEY = "the staff's own key"


class Ware(Table):
    """In the shop's own database, which Piccolo finds by the shop's own configuration."""

    name = Varchar()


class Staff(ASGIMiddleware):
    """The shop's own sign-in: a header names who of the staff is there. And its own header on every answer."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if (name := dict(scope["headers"]).get(b"x-staff")) is not None:
            scope["user"] = name.decode()

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-shop", b"open")]
            await send(message)

        await next_app(scope, receive, marked)


def staff_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    if not isinstance(connection.scope.get("user"), str):
        raise NotAuthorizedException("for the staff")


@get("/open")
async def open_() -> dict[str, str]:
    return {"shop": "open"}


@get("/me", guards=[require()], dependencies={"profile": current_profile, "caller": current_principal})
async def me(profile: CurrentProfile, caller: CurrentPrincipal) -> dict[str, Any]:
    return {"user": caller.user_id, "tenant": caller.tenant_id, "name": profile.name}


@get("/scoped", guards=[require("profiles:read")], dependencies={"caller": current_principal})
async def scoped(caller: CurrentPrincipal) -> dict[str, str]:
    return {"user": caller.user_id}


@get("/both", guards=[staff_only, require()], dependencies={"caller": current_principal})
async def both(request: Request[Any, Any, Any], caller: CurrentPrincipal) -> dict[str, str]:
    return {"staff": request.user, "caller": caller.user_id}


@get("/staff", guards=[staff_only])
async def staff(request: Request[Any, Any, Any], currency: NamedDependency[str]) -> dict[str, str]:
    return {"staff": request.user, "currency": currency}


@post("/wares", guards=[staff_only])
async def add_ware(data: dict[str, str]) -> list[str]:
    await Ware.insert(Ware(name=data["name"]))
    return [each["name"] for each in await Ware.select(Ware.name).order_by(Ware.name)]


@get("/broken")
async def broken() -> None:
    raise LookupError("the till is empty")


def told(_: Request[Any, Any, Any], error: Exception) -> Response[str]:
    """The shop's own words, of the framework's errors and of all others."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(f"shop: {status}", status_code=status, headers=headers, media_type=MediaType.TEXT)


@asynccontextmanager
async def shop_opens(_: Litestar) -> AsyncIterator[None]:
    engine = engine_finder()
    assert engine is not None
    assert engine.path.endswith("shop.db")  # type: ignore[attr-defined]
    await Ware.create_table(if_not_exists=True)
    yield


gate = ProfileGate(
    load(own_settings.SETTINGS), path="/identity", faces=["phoenix", "logto", "account", "webhooks", "health"]
)
app = Litestar(
    route_handlers=[open_, me, scoped, both, staff, add_ware, broken],
    plugins=[gate],
    middleware=[Staff()],
    lifespan=[shop_opens],
    dependencies={"currency": Provide(lambda: "EUR", sync_to_thread=False)},
    exception_handlers={HTTPException: told, LookupError: told},
    openapi_config=OpenAPIConfig(title="The Shop", version="7"),
    cors_config=CORSConfig(allow_origins=["https://shop.example", "https://both.example"]),
)
