"""Protected resource metadata (RFC 9728): which providers' tokens are taken here, and how they may be sent."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from litestar import HttpMethod, Response, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import UNSET, Struct, UnsetType

from profilegate.faces.provided import provided
from profilegate.faces.routing import Router
from profilegate.settings import ALGORITHMS, IssuerSettings, Settings

PATH = "/.well-known/oauth-protected-resource"

PUBLIC = {
    "cache-control": "public, max-age=300",
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
}


class ResourceMetadata(Struct):
    """RFC 9728, section 2."""

    resource: str
    authorization_servers: list[str]
    bearer_methods_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
    tls_client_certificate_bound_access_tokens: bool
    scopes_supported: list[str] | UnsetType = UNSET


Metadata = Callable[[], ResourceMetadata]


@route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD], status_code=200, sync_to_thread=False)
def resource_metadata(metadata: NamedDependency[SkipValidation[Metadata]]) -> Response[ResourceMetadata]:
    """Which providers' tokens are taken here, for clients that find out by themselves."""
    return Response(metadata(), headers=PUBLIC)


def described(settings: Settings, issuers: Sequence[IssuerSettings]) -> ResourceMetadata:
    """What the settings say, of the issuers that are known now. `server.public_url` must be set."""
    scopes = sorted({scope for issuer in issuers for scope in _scopes(issuer)})
    return ResourceMetadata(
        resource=settings.server.public_url or "",
        authorization_servers=[each.issuer for each in issuers],
        bearer_methods_supported=["header"],
        dpop_signing_alg_values_supported=sorted(ALGORITHMS),
        tls_client_certificate_bound_access_tokens=settings.server.client_certificate_header is not None,
        scopes_supported=scopes or UNSET,
    )


def location(resource: str) -> str:
    """Where clients look for the metadata of a resource: its path comes after the well-known one (section 3.1)."""
    parts = urlsplit(resource)
    return parts._replace(path=PATH + parts.path.rstrip("/")).geturl()


def routers(metadata: Metadata, resource: str) -> list[Router]:
    """The metadata, outside the gate: where clients look, and without the path that a proxy may have taken away."""
    return [
        Router(
            path=path,
            route_handlers=[resource_metadata],
            dependencies={"metadata": provided(metadata)},
            tags=["Operation"],
        )
        for path in sorted({PATH, urlsplit(location(resource)).path})
    ]


def _scopes(issuer: IssuerSettings) -> Iterator[str]:
    yield from issuer.scopes or ()
    if issuer.operator is not None and issuer.operator.scope is not None:
        yield issuer.operator.scope
