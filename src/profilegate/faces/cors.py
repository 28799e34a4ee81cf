"""Cross-origin requests of web pages (the Fetch standard): exact origins from the settings, on errors too."""

from collections.abc import Collection, Iterable
from typing import Any

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

# What clients of this contract send; Logto's newer ones add their verification id, which means nothing here.
ALLOWED = "authorization, cache-control, content-type, dpop, if-match, if-none-match, logto-verification-id"
EXPOSED = "etag, www-authenticate, dpop-nonce, retry-after"
MAX_AGE = "7200"
"""Seconds that a browser may remember a preflight's answer; two hours is the most that Chromium takes."""

SCOPE_KEY = "profilegate_cors"


class CORSMiddleware(ASGIMiddleware):
    """Lets pages of the given origins read the answers. No cookies are involved, so none are allowed.

    It stands before the gate and answers OPTIONS itself. Errors that are raised further in are answered
    outside of it, so what is due also waits in the scope.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = self._headers(scope)
        if scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
            return await answer_options(scope, send, headers)
        if not headers:
            return await next_app(scope, receive, send)
        scope[SCOPE_KEY] = headers  # type: ignore[literal-required]

        async def allowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableScopeHeaders.from_message(message)
                for name, value in headers.items():
                    answered.setdefault(name, value)
            await send(message)

        return await next_app(scope, receive, allowing)

    def _headers(self, scope: Scope) -> dict[str, str]:
        return granted(scope, self._origins)


def granted(scope: Scope, allowed: Collection[str]) -> dict[str, str]:
    """What lets a page read the answer, when its origin is one of those allowed."""
    origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
    if len(origins) != 1 or origins[0] not in allowed:
        return {}
    return permission(origins[0])


def permission(origin: str) -> dict[str, str]:
    """What lets pages of this origin read the answer."""
    return {"access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED}


def due(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The headers that the middleware found due for this request."""
    headers: dict[str, str] = request.scope.get(SCOPE_KEY, {})  # type: ignore[assignment]
    return headers


def allowed_methods(scope: Scope) -> str:
    """Every method that the path takes."""
    routes = (route for route in scope["litestar_app"].routes if route.path_format == scope["path_template"])
    return ", ".join(sorted({"OPTIONS", *(method for route in routes for method in route.methods)}))


async def answer_options(scope: Scope, send: Send, cors: dict[str, str]) -> None:
    """What may be done here, and for a web page of an allowed origin, how. Needs no token: browsers send none."""
    methods = allowed_methods(scope)
    headers = {"allow": methods, "vary": "Origin", "cache-control": "no-store", **cors}
    if cors:
        headers |= {
            "access-control-allow-methods": methods,
            "access-control-allow-headers": ALLOWED,
            "access-control-max-age": MAX_AGE,
        }
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": encoded})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
