"""What a Litestar host uses in its own handlers: `require` as a guard, the caller and the profile as dependencies.

    @get("/orders", guards=[require("orders:read")], dependencies={"profile": current_profile})
    async def orders(profile: CurrentProfile) -> list[Order]: ...

Refusals are raised as the framework's own HTTPException with the headers that belong to them, so the host's exception
handlers word them. Nothing is put on the application.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ImproperlyConfiguredException, WebSocketException
from litestar.handlers import BaseRouteHandler
from litestar.params import SkipValidation
from msgspec import Struct

from profilegate.auth import rules
from profilegate.auth.gate import Gate
from profilegate.auth.principal import Principal
from profilegate.errors import ProfileGateError
from profilegate.faces.refusals import headers, noted, used_scheme
from profilegate.profiles.record import Profile
from profilegate.resource_server import OWN, WANTS_CALLER, GatePlugin

CurrentPrincipal = NamedDependency[SkipValidation[Principal]]
"""The type of a parameter that `current_principal` fills."""

CurrentProfile = NamedDependency[SkipValidation[Profile]]
"""The type of a parameter that `current_profile` fills."""

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

SCOPE_KEY = "profilegate_principal"


class Admitted(Struct, frozen=True):
    """Who was let in, and by which gate."""

    by: Gate
    caller: Principal


def require(*scopes: str, operator: bool = False) -> Guard:
    """A guard that lets in who has a good token, which grants all these scopes, and is an operator if so wanted.

    It may stand on a handler, a router or the whole application, as often as wanted: the token is checked once per
    request. The caller is then `request.user`, unless the host's own middleware has put somebody there before. Our
    own routers have their own gate, and are left to it.
    """

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if handler.opt.get(OWN):
            return
        with refusing(connection):
            caller = await admitted(connection)
            rules.require_scopes(caller, scopes)
            if operator:
                rules.require(caller, "operator")

    setattr(guard, WANTS_CALLER, True)  # for the OpenAPI document
    return guard


async def current_principal(request: Request[Any, Any, Any]) -> Principal:
    """A dependency: the caller. Raises HTTPException without a good token."""
    with refusing(request):
        return await admitted(request)


async def current_profile(request: Request[Any, Any, Any]) -> Profile:
    """A dependency: the caller's one profile, made on first access.

    Raises HTTPException without a good token, and for machines, which have no profile.
    """
    with refusing(request):
        return await plugin(request).profile(await admitted(request))


async def admitted(connection: Connection) -> Principal:
    """The caller, checked once per request however often it is asked for. Raises what the gate raises.

    Whom another gate has let in, of an application that this one is mounted in, is nobody here yet.
    """
    scope, gate = connection.scope, plugin(connection).gate
    known: Admitted | None = scope.get(SCOPE_KEY)  # type: ignore[assignment]
    if known is not None and known.by is gate:
        return known.caller
    caller = await gate.admit(scope)
    if scope.get("user") is (known and known.caller):
        scope["user"] = caller
    scope[SCOPE_KEY] = Admitted(gate, caller)  # type: ignore[literal-required]
    return caller


@contextmanager
def refusing(connection: Connection) -> Iterator[None]:
    """Whatever the gate or the rules refuse, as the framework's exception with challenge and Retry-After."""
    try:
        yield
    except ProfileGateError as error:
        noted(connection.scope["path_template"], error)
        if connection.scope["type"] == ScopeType.WEBSOCKET:  # anything else is closed as our fault, 4500
            raise WebSocketException(detail=str(error), code=4000 + error.status) from error
        told = plugin(connection).resource_metadata
        raise HTTPException(
            str(error), status_code=error.status, headers=headers(error, told, used_scheme(connection.scope["headers"]))
        ) from error


def plugin(connection: Connection) -> GatePlugin:
    """The application's ProfileGate or OIDCResourceServer. Raises ImproperlyConfiguredException without one."""
    for each in connection.app.plugins:
        if isinstance(each, GatePlugin):
            return each
    raise ImproperlyConfiguredException("there is no ProfileGate and no OIDCResourceServer among the plugins")
