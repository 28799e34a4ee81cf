"""OIDCResourceServer, the gate alone as a Litestar plugin: no record, no database.

issuers -> binding -> gate, which `require` and the ASGI middleware ask.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import InitPlugin, ReceiveRoutePlugin
from litestar.routes import BaseRoute

from profilegate.auth.gate import Gate
from profilegate.auth.issuers import Issuers
from profilegate.auth.principal import Principal
from profilegate.auth.proof_memory import LocalProofMemory, ProofMemory
from profilegate.configured_gate import gate_of
from profilegate.consistency import checked
from profilegate.faces import metadata
from profilegate.faces.openapi import SCHEME, described
from profilegate.faces.routing import Router
from profilegate.profiles.record import Profile
from profilegate.settings import DPoPSettings, IssuerSettings, ServerSettings, Settings

OWN = "profilegate"
"""The mark, in `opt`, of routes that have a gate of ours or need none."""

MARK = {OWN: True}

WANTS_CALLER = "wants_caller"
"""The mark of a guard that lets nobody in without one."""


class GatePlugin(InitPlugin, ReceiveRoutePlugin):
    """A plugin with a gate, which `require` asks. `resource_metadata` is the URL that challenges name, if any."""

    settings: Settings
    issuers: Issuers
    gate: Gate
    resource_metadata: str | None

    @asynccontextmanager
    async def lifespan(self, app: Litestar | None = None) -> AsyncIterator[None]:
        """What must be open while requests are served; `app` is the Litestar application, where it is one."""
        try:
            yield
        finally:
            await self.issuers.close()

    def receive_route(self, route: BaseRoute) -> None:
        """Say in the OpenAPI document which of the host's operations want a token: those that `require` guards."""
        for handler in getattr(route, "route_handlers", ()):
            if not isinstance(handler, HTTPRouteHandler) or handler.opt.get(OWN):
                continue
            if any(getattr(each, WANTS_CALLER, False) for each in handler.resolve_guards()):
                others = [each for each in handler.security or () if each != {SCHEME: []}]
                handler.security = [*others, {SCHEME: []}]

    async def profile(self, caller: Principal) -> Profile:
        """The caller's own record, where the plugin keeps records. Raises ImproperlyConfiguredException elsewhere."""
        raise ImproperlyConfiguredException("only a ProfileGate has profiles")

    def metadata(self) -> metadata.ResourceMetadata:
        """The protected resource metadata (RFC 9728), as of now."""
        return metadata.described(self.settings, self.settings.issuers)

    def metadata_routers(self) -> list[Router]:
        """Where clients look for it: at the root, whatever else is mounted elsewhere."""
        resource = self.settings.server.public_url
        return [Router("/", route_handlers=metadata.routers(self.metadata, resource), opt=MARK)] if resource else []


class OIDCResourceServer(GatePlugin):
    """Takes the access tokens of these issuers: JWTs (RFC 9068), opaque ones (RFC 7662), bound ones (RFC 9449, 8705).

    `resource` is this API's own URL; it makes the metadata (RFC 9728) and says what proofs must name. `proofs`
    remembers used proofs of possession: without one each process does so by itself, and N workers would take a proof
    N times. `trusted_proxies` and `client_certificate_header` are as in `ServerSettings`. `clock` gives Unix seconds
    and `transport` carries requests to the providers; both are there for tests. Raises InvalidConfiguration.

    It guards nothing by itself: `require` does, on handlers, routers or the application. It knows no user's
    standing: a token is good until it expires.
    """

    def __init__(
        self,
        issuers: Sequence[IssuerSettings],
        *,
        resource: str | None = None,
        dpop: DPoPSettings | None = None,
        trusted_proxies: Sequence[str] = (),
        client_certificate_header: str | None = None,
        proofs: ProofMemory | None = None,
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        server = ServerSettings(
            public_url=resource,
            trusted_proxies=tuple(trusted_proxies),
            client_certificate_header=client_certificate_header,
        )
        self.settings = checked(Settings(issuers=tuple(issuers), server=server, dpop=dpop or DPoPSettings()))
        self.resource_metadata = resource and metadata.location(resource)
        self.issuers = Issuers(self.settings.issuers, clock, transport=transport)
        self.gate = gate_of(self.settings, self.issuers, proofs or LocalProofMemory(), clock, self._addresses)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.route_handlers.extend(self.metadata_routers())
        app_config.lifespan.append(self.lifespan)
        app_config.openapi_config = described(app_config.openapi_config, self.settings.issuers)
        return app_config

    def _addresses(self, _: str) -> list[str]:
        """The origin of the resource, since a request has the whole path."""
        resource = self.settings.server.public_url
        return [] if resource is None else [urlsplit(resource)._replace(path="").geturl()]
