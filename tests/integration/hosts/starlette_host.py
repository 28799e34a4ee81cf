"""Starlette with the gate alone: no record, no database. At /strangers who sends no token gets in too."""

import own_settings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from profilegate import OIDCResourceServer, ResourceServerMiddleware


async def open_(_: Request) -> JSONResponse:
    return JSONResponse({"host": "open"})


async def me(request: Request) -> JSONResponse:
    caller = request.user
    return JSONResponse(caller and {"user": caller.user_id, "tenant": caller.tenant_id})


async def scoped(request: Request) -> JSONResponse:
    if "profiles:read" not in request.user.scopes:
        raise HTTPException(403, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
    return JSONResponse({"user": request.user.user_id})


async def echo(socket: WebSocket) -> None:
    """Says who is there, then everything that it is told."""
    await socket.accept()
    await socket.send_text("nobody" if socket.user is None else socket.user.user_id)
    async for text in socket.iter_text():
        await socket.send_text(text)


async def told(_: Request, error: Exception) -> PlainTextResponse:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(f"starlette: {error.status_code}", error.status_code, error.headers)


def guarded(public: list[str], strangers: bool = False) -> Starlette:
    """The routes behind a gate of their own."""
    routes = [
        Route("/open", open_),
        Route("/me", me),
        Route("/scoped", scoped),
        Route("/files/{name:path}", open_),
        WebSocketRoute("/echo", echo),
    ]
    made = Starlette(routes=routes, exception_handlers={HTTPException: told})
    made.add_middleware(ResourceServerMiddleware, server=server, public=public, strangers=strangers)
    return made


PUBLIC = ["/open", "/nothing", "/files/*"]
server = OIDCResourceServer(own_settings.issuers(), resource=own_settings.URL)
app = guarded(PUBLIC)
around = Starlette(routes=[Mount("/inner", guarded(PUBLIC)), Mount("/strangers", guarded([], strangers=True))])
"""The same below a path of another application, which is all that the server knows of."""
