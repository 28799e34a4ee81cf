"""How the providers' deliveries are doing, for operators, and what they can do about those that failed."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, SkipValidation
from msgspec import Struct

from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.principal import Principal
from profilegate.auth.rules import operated_tenant
from profilegate.errors import DeadLetterNotFound
from profilegate.faces.apps.wire import AppError
from profilegate.faces.apps.wording import on_error
from profilegate.faces.conditional import SHOWN
from profilegate.faces.moments import moment
from profilegate.faces.openapi import refusals
from profilegate.faces.provided import provided
from profilegate.faces.refusals import worded
from profilegate.faces.routing import Router
from profilegate.profiles.deliveries import Conflict, DeadLetter
from profilegate.sync.operations import Operations, SourceState

READING = (400, 401, 403, 500, 503)
LARGEST_ID = 2**63 - 1
LONGEST_NUMBER = 19
"""Digits of a dead letter's id."""

ID_SCHEMA: dict[str, Any] = {"type": "integer", "format": None, "minimum": 1, "maximum": LARGEST_ID, "examples": [1]}

Caller = Request[Principal, Any, Any]
Operated = NamedDependency[SkipValidation[Operations]]
NamedLetter = Annotated[str, PathParameter(schema_extra=ID_SCHEMA)]


class SourceView(Struct):
    """A source. Times are ISO 8601, durations seconds; `is_silent` when it has been silent for unusually long."""

    source: str
    kind: str
    last_delivery_at: str | None
    lag_seconds: float
    """How long the oldest delivery that is not applied yet has been waiting."""
    waiting: int
    failures: int
    """Of those that wait, how many have failed before."""
    dead_letters: int
    conflicts: int
    is_silent: bool


class DeadLetterView(Struct):
    """A delivery that was given up. `error` names the kind of failure; the log has the rest."""

    id: int
    source: str
    delivery_id: str
    user_id: str
    received_at: str
    attempts: int
    error: str


class ConflictView(Struct):
    """A username that the provider gave `user_id` while `holder` had it."""

    user_id: str
    username: str
    holder: str | None
    source: str
    noted_at: str


class Replayed(Struct):
    """The dead letter is waiting again."""

    id: int
    state: str


@get("/operator/sync/sources", responses=refusals(AppError, *READING))
async def get_sources(request: Caller, operations: Operated) -> Response[list[SourceView]]:
    """The sources of deliveries and how each is doing."""
    states = await operations.states(operated_tenant(request.user))
    return Response([_source(each) for each in states], headers=SHOWN)


@get("/operator/sync/dead-letters", responses=refusals(AppError, *READING))
async def get_dead_letters(request: Caller, operations: Operated) -> Response[list[DeadLetterView]]:
    """Deliveries that were given up, the oldest 100."""
    letters = await operations.dead_letters(operated_tenant(request.user))
    return Response([_letter(each) for each in letters], headers=SHOWN)


@get("/operator/sync/conflicts", responses=refusals(AppError, *READING))
async def get_conflicts(request: Caller, operations: Operated) -> Response[list[ConflictView]]:
    """Usernames that could not be given because somebody else has them, the oldest 100."""
    conflicts = await operations.conflicts(operated_tenant(request.user))
    return Response([_conflict(each) for each in conflicts], headers=SHOWN)


@post("/operator/sync/dead-letters/{id:str}/replay", status_code=202, responses=refusals(AppError, *READING, 404))
async def post_replay(request: Caller, id: NamedLetter, operations: Operated) -> Response[Replayed]:
    """Try a dead letter again, at once."""
    tenant_id = operated_tenant(request.user)
    number = _number(id)
    await operations.replay(tenant_id, number)
    return Response(Replayed(number, "waiting"), status_code=202, headers=SHOWN)


def router(operations: Operations, gate: GateMiddleware, resource_metadata: str | None = None) -> Router:
    """The face, behind the gate."""
    return Router(
        path="/",
        route_handlers=[get_sources, get_dead_letters, get_conflicts, post_replay],
        dependencies={"operations": provided(operations)},
        exception_handlers={Exception: worded(on_error, resource_metadata)},
        middleware=[gate],
        security=[{"oidc": []}],
        tags=["Sync"],
    )


def _source(state: SourceState) -> SourceView:
    health, settings = state.health, state.source.settings
    oldest = health.oldest_waiting_at
    return SourceView(
        source=settings.source,
        kind=settings.kind,
        last_delivery_at=_told(health.last_received_at),
        lag_seconds=0.0 if oldest is None else max(0, state.now - oldest) / 1000,
        waiting=health.waiting,
        failures=health.failing,
        dead_letters=health.dead_letters,
        conflicts=health.conflicts,
        is_silent=state.is_silent,
    )


def _letter(letter: DeadLetter) -> DeadLetterView:
    return DeadLetterView(
        id=letter.id,
        source=letter.source,
        delivery_id=letter.delivery_id,
        user_id=letter.user_id,
        received_at=moment(letter.received_at),
        attempts=letter.attempts,
        error=letter.error,
    )


def _conflict(conflict: Conflict) -> ConflictView:
    return ConflictView(
        user_id=conflict.user_id,
        username=conflict.username,
        holder=conflict.holder,
        source=conflict.source,
        noted_at=moment(conflict.noted_at),
    )


def _told(at: int | None) -> str | None:
    return None if at is None else moment(at)


def _number(id: str) -> int:
    """Raises DeadLetterNotFound for what is no id."""
    if not (id.isascii() and id.isdecimal() and len(id) <= LONGEST_NUMBER and 0 < int(id) <= LARGEST_ID):
        raise DeadLetterNotFound
    return int(id)
