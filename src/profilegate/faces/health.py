"""What load balancers and Prometheus ask, without a token: /health, /ready and /metrics."""

from collections.abc import Awaitable, Callable

from litestar import HttpMethod, Response, Router, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST

from profilegate.faces.provided import provided

PUBLIC = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
READ = [HttpMethod.GET, HttpMethod.HEAD]


class Health(Struct):
    """The process answers."""

    status: str


class Readiness(Struct):
    """Whether requests can be served, and if not, what is missing."""

    status: str
    database: str


Ready = Callable[[], Awaitable[str]]
Metrics = Callable[[], Awaitable[bytes]]


@route("/health", http_method=READ, status_code=200, sync_to_thread=False)
def health() -> Response[Health]:
    """Whether the process answers. It looks at nothing else, so a dead database does not restart it."""
    return Response(Health("healthy"), headers=PUBLIC)


@route("/ready", http_method=READ, status_code=200)
async def ready(database: NamedDependency[SkipValidation[Ready]]) -> Response[Readiness]:
    """Whether requests can be served: the database answers and has this release's schema."""
    state = await database()
    connected = state == "connected"
    readiness = Readiness("ready" if connected else "unavailable", state)
    return Response(readiness, status_code=200 if connected else 503, headers=PUBLIC)


@route("/metrics", http_method=READ, status_code=200, include_in_schema=False)
async def metrics(shown: NamedDependency[SkipValidation[Metrics]]) -> Response[bytes]:
    """Counters and gauges in the Prometheus text format. Numbers only: no user, no tenant."""
    return Response(await shown(), headers=PUBLIC, media_type=CONTENT_TYPE_LATEST)


def router(state: Ready, shown: Metrics) -> Router:
    """The public endpoints, outside the gate."""
    return Router(
        path="/",
        route_handlers=[health, ready, metrics],
        dependencies={"database": provided(state), "shown": provided(shown)},
        tags=["Operation"],
    )
