"""The gate as plain ASGI middleware, for FastAPI, Starlette, Django and every other ASGI application.

    app.add_middleware(ResourceServerMiddleware, server=OIDCResourceServer(issuers), public=["/health"])

The caller is then `scope["user"]`, which Starlette and FastAPI show as `request.user`.
"""

import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

from profilegate.auth.credentials import values
from profilegate.auth.principal import Principal
from profilegate.errors import ProfileGateError
from profilegate.faces import metadata
from profilegate.faces.problems import MEDIA_TYPE, told
from profilegate.faces.refusals import headers, noted, used_scheme
from profilegate.resource_server import GatePlugin

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# What a router, or a file system behind it, may read as another path than is written there.
TWO_MEANINGS = re.compile(r"//|/\.\.?(/|$)|[\\%;\x00-\x1f\x7f]")

POLICY_VIOLATION = 1008
"""How a WebSocket is closed (RFC 6455, section 7.4.1); before it is accepted, servers answer 403."""


class ResourceServerMiddleware:
    """Lets nobody in without a good token, but on `public` paths: exact ones, or all below one that ends in "/*".

    `server` is an OIDCResourceServer, or a ProfileGate, whose gate knows users' standing as well; it is opened and
    closed with the application where the server sends lifespan events. With `strangers`, who sends no credentials
    at all gets in too, and is None. Errors are problem details (RFC 9457) with the challenge; the metadata of
    RFC 9728 is answered here. Put CORS outside of it: preflights carry no token.
    """

    def __init__(
        self, app: Application, *, server: GatePlugin, public: Collection[str] = (), strangers: bool = False
    ) -> None:
        self._app = app
        self._server = server
        self._exact = frozenset(path for path in public if not path.endswith("/*"))
        self._below = tuple(path.removesuffix("*") for path in public if path.endswith("/*"))
        self._strangers = strangers
        resource = server.resource_metadata
        self._described = {metadata.PATH, urlsplit(resource).path} if resource else frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the host, or hand the request on with the caller in it."""
        if scope["type"] == "lifespan":
            return await self._live(scope, receive, send)
        path = _path(scope)
        if path in self._described and scope.get("method") in ("GET", "HEAD"):
            return await _answer(scope, send, 200, msgspec.json.encode(self._server.metadata()), DESCRIBED)
        if not self._is_public(path):
            try:
                scope["user"] = await self._caller(scope)
            except ProfileGateError as error:
                return await self._refuse(scope, send, error)
        return await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Principal | None:
        if self._strangers and not values(scope["headers"], b"authorization"):
            return None
        return await self._server.gate.admit(scope)

    def _is_public(self, path: str) -> bool:
        return path in self._exact or (path.startswith(self._below) and not TWO_MEANINGS.search(path))

    async def _refuse(self, scope: Scope, send: Send, error: ProfileGateError) -> None:
        noted(scope.get("method", "WebSocket"), error)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        extra = headers(error, self._server.resource_metadata, used_scheme(scope["headers"]))
        body = told(error.status, str(error))
        return await _answer(scope, send, error.status, body, {"content-type": MEDIA_TYPE, **extra})

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The server's life round the host's; a host that knows no lifespan gets one."""
        heard = False

        async def hearing() -> Message:
            nonlocal heard
            heard = True
            return await receive()

        async with AsyncExitStack() as opened:
            try:
                await opened.enter_async_context(self._server.lifespan())
            except Exception as error:
                await _failed(receive, send, error)
                return
            try:
                await self._app(scope, hearing, send)
            except Exception:
                if heard:
                    raise
            if not heard:
                await _lived(receive, send)


DESCRIBED = {"content-type": "application/json", **metadata.PUBLIC}


async def _failed(receive: Receive, send: Send, error: Exception) -> None:
    """Have the server end: one that is told nothing takes the error for a host without lifespan, and serves."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": str(error)})
    if not isinstance(error, ProfileGateError):
        raise error


async def _lived(receive: Receive, send: Send) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


def _path(scope: Scope) -> str:
    """The path within the application, without what the server says is in front of it.

    Some servers leave that out of the path. Where it then stands elsewhere in the path, Litestar would take away
    all up to there, and so the path is nobody's: it is not public.
    """
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if root and path.startswith(f"{root}/"):
        return path.removeprefix(root)
    return path if not root or root not in path else ""


async def _answer(scope: Scope, send: Send, status: int, body: bytes, extra: dict[str, str]) -> None:
    named = {**extra, "content-length": str(len(body))}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": HTTPStatus(status), "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
