"""Litestar with the middleware around it instead of the plugin, as any ASGI application may have it."""

from typing import Any

import own_settings
from litestar import Litestar, Request, get
from litestar.params import FromPath

from profilegate import OIDCResourceServer, ResourceServerMiddleware


@get("/open")
async def open_() -> dict[str, str]:
    return {"host": "open"}


@get("/me")
async def me(request: Request[Any, Any, Any]) -> dict[str, str]:
    caller = request.scope.get("user")
    return {"user": "nobody" if caller is None else caller.user_id}


@get("/files/{name:path}")
async def file(name: FromPath[str]) -> dict[str, str]:
    return {"file": name}


server = OIDCResourceServer(own_settings.issuers(), resource=own_settings.URL)
app = ResourceServerMiddleware(Litestar([open_, me, file]), server=server, public=["/open", "/nothing", "/files/*"])
