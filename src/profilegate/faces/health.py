"""What load balancers and Prometheus ask, without a token: /health, /ready and /metrics."""

from collections.abc import Awaitable, Callable

from litestar import HttpMethod, Response, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST

from profilegate.faces.provided import provided
from profilegate.faces.routing import Router

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
# The framework adds the charset of every text by itself.
CONTENT_TYPE = CONTENT_TYPE_LATEST.partition("; charset=")[0]

Leaving = Callable[[], bool]
Metrics = Callable[[], Awaitable[bytes]]


@route("/health", http_method=READ, status_code=200, sync_to_thread=False)
def health() -> Response[Health]:
    """Whether the process answers. It looks at nothing else, so a dead database does not restart it."""
    return Response(Health("healthy"), headers=PUBLIC)


@route("/ready", http_method=READ, status_code=200)
async def ready(
    database: NamedDependency[SkipValidation[Ready]], leaving: NamedDependency[SkipValidation[Leaving]]
) -> Response[Readiness]:
    """Whether requests should come: the database answers, its schema fits, and the server is not about to stop."""
    state = await database()
    status = "stopping" if leaving() else "ready" if state == "connected" else "unavailable"
    return Response(Readiness(status, state), status_code=200 if status == "ready" else 503, headers=PUBLIC)


@route("/metrics", http_method=READ, status_code=200, include_in_schema=False)
async def metrics(shown: NamedDependency[SkipValidation[Metrics]]) -> Response[bytes]:
    """Counters and gauges in the Prometheus text format. Numbers only: no user, no tenant."""
    return Response(await shown(), headers=PUBLIC, media_type=CONTENT_TYPE)


def router(state: Ready, leaving: Leaving, shown: Metrics) -> Router:
    """The public endpoints, outside the gate."""
    return Router(
        path="/",
        route_handlers=[health, ready, metrics],
        dependencies={"database": provided(state), "leaving": provided(leaving), "shown": provided(shown)},
        tags=["Operation"],
    )
