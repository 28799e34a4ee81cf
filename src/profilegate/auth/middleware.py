"""The gate in front of a router: puts the Principal into scope["user"]. It answers nothing itself."""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from profilegate.auth.credentials import values
from profilegate.auth.gate import Gate
from profilegate.errors import StoreUnavailable

UNAVAILABLE = "profilegate_unavailable"
"""In the scope when the database has just left the lane without an answer: nobody waits for it twice."""


class GateMiddleware(ASGIMiddleware):
    """Errors are raised, so that each router words them in its own shape. It belongs on routers, never on an app:
    a host's own routes are not ours to guard."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, gate: Gate, strangers: bool = False) -> None:
        """With `strangers`, who sends no credentials at all gets in too, and is None."""
        self._gate = gate
        self._strangers = strangers

    def __deepcopy__(self, _: object) -> "GateMiddleware":
        # Litestar copies a router when it registers it; keys and connections are not to be copied with it.
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if UNAVAILABLE in scope:
            raise StoreUnavailable
        scope["auth"] = None
        scope["user"] = None if self._lets_strangers_in(scope) else await self._gate.admit(scope)
        await next_app(scope, receive, send)

    def _lets_strangers_in(self, scope: Scope) -> bool:
        return self._strangers and not values(scope["headers"], b"authorization")
