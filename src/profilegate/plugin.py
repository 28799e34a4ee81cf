"""ProfileGate, the Litestar plugin: the core with its faces in a Litestar application."""

import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar
from litestar.config.app import AppConfig

from profilegate.again import Again
from profilegate.auth import rules
from profilegate.auth.principal import Principal
from profilegate.core import Core
from profilegate.crew import ALONE, Crew
from profilegate.faces import metadata
from profilegate.faces.openapi import completed, described
from profilegate.faces.routing import Router
from profilegate.lane import Lane
from profilegate.mounting import FACES, Face, Mounting, mounting
from profilegate.profiles.record import Profile
from profilegate.resource_server import MARK, OWN, GatePlugin
from profilegate.settings import Settings

__all__ = ["FACES", "Face", "ProfileGate"]

HOST = "host"
"""As which face a host's own handlers stand in the audit."""


class ProfileGate(Core, GatePlugin):
    """The faces, their gate and their database, as one plugin.

    `faces` are those to mount, all without it, and `path` where in the host application. `clock`, `transport` and
    `crew` are as for `Core`. Raises InvalidConfiguration when the settings do not fit together. Connects to nothing
    before the application starts, and puts nothing on the host besides its own routers, its lifespan and its security
    scheme.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        path: str = "/",
        faces: Collection[Face] = FACES,
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
        crew: Crew = ALONE,
    ) -> None:
        self.path, self.faces = mounting(path, faces)
        super().__init__(settings, clock=clock, transport=transport, crew=crew)
        public_url = settings.server.public_url
        self.resource_metadata = public_url and metadata.location(public_url)
        self.again = Again(
            self.issuers.tokens,
            self.repository,
            settings.server.cors_origins,
            settings.server.client_certificate_header,
            self.requests.took,
        )

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        ours_alone = OWN in app_config.opt  # `served`: whoever mounts it has put it at the path already
        # Each router more is another copy of all that is in it, which Litestar makes when it registers one.
        faces = self.routers() if ours_alone else [Router(self.path, route_handlers=self.routers(), opt=MARK)]
        app_config.route_handlers.extend([*self.metadata_routers(), *faces])
        app_config.lifespan.append(self.lifespan)
        app_config.openapi_config = completed(described(app_config.openapi_config, self.settings.issuers))
        return app_config

    def routers(self) -> list[Router]:
        """The chosen faces."""
        return Mounting(self, self.path, self.resource_metadata).routers(self.faces)

    @asynccontextmanager
    async def lifespan(self, app: Litestar | None = None) -> AsyncIterator[None]:
        """What must run while requests are served."""
        async with self.running():
            yield

    def open_lane(self, app: Litestar) -> None:
        """Put the lane round an application that is nothing but these faces."""
        if self.path == "/" and {"phoenix", "logto"} <= self.faces:
            app.asgi_handler = Lane(app.asgi_handler, self.again, self.issuers, self.repository, self.profiles)

    async def profile(self, caller: Principal) -> Profile:
        """The caller's own record, for a host's handlers; made on first access. Raises Forbidden or ProfileNotFound."""
        key = rules.own(caller, "read")
        return await self.profiles.get_or_create(key, rules.actor(caller, key, HOST), caller.claimed)
