"""What load balancers and clients ask before they have a token: /health, /ready and the resource's metadata."""

from collections.abc import Awaitable, Callable

from litestar import HttpMethod, Response, Router, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import UNSET, Struct, UnsetType

from profilegate.faces.provided import provided

PUBLIC = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
METADATA_PATH = "/.well-known/oauth-protected-resource"
READ = [HttpMethod.GET, HttpMethod.HEAD]


class Health(Struct):
    """The process answers."""

    status: str


class Readiness(Struct):
    """Whether requests can be served, and if not, what is missing."""

    status: str
    database: str


class ResourceMetadata(Struct):
    """OAuth 2.0 Protected Resource Metadata (RFC 9728, section 2)."""

    resource: str
    authorization_servers: list[str]
    bearer_methods_supported: list[str]
    scopes_supported: list[str] | UnsetType = UNSET


Ready = Callable[[], Awaitable[str]]


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


@route(METADATA_PATH, http_method=READ, status_code=200, sync_to_thread=False)
def resource_metadata(
    metadata: NamedDependency[SkipValidation[ResourceMetadata]],
) -> Response[ResourceMetadata]:
    """Which providers' tokens are taken here, for clients that find out by themselves."""
    return Response(metadata, headers={"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"})


def router(state: Ready, metadata: ResourceMetadata | None) -> Router:
    """The public endpoints, outside the gate. Without a public URL there is no metadata to tell."""
    handlers = [health, ready] if metadata is None else [health, ready, resource_metadata]
    dependencies = {"database": provided(state)} | ({} if metadata is None else {"metadata": provided(metadata)})
    return Router(path="/", route_handlers=handlers, dependencies=dependencies, tags=["Operation"])
