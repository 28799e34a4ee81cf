"""How the faces are described in the host's OpenAPI document."""

from collections.abc import Sequence
from copy import deepcopy

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from profilegate.settings import IssuerSettings


def described(config: OpenAPIConfig | None, issuers: Sequence[IssuerSettings]) -> OpenAPIConfig | None:
    """A copy of the host's configuration with the scheme that the faces' security refers to."""
    if config is None:
        return None
    scheme = SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="An access token of " + " or ".join(each.issuer for each in issuers),
    )
    copy = deepcopy(config)
    ours = Components(security_schemes={"oidc": scheme})
    theirs = copy.components if isinstance(copy.components, list) else [copy.components]
    copy.components = [*theirs, ours]
    return copy
