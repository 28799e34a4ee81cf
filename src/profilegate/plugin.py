"""ProfileGate, the Litestar plugin: the one place where everything is wired.

settings -> engine -> repository -> service -> faces
         -> issuers, binding -> gate -> middleware -> faces
         -> sources, inbox -> reception, worker, fetching -> service
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Literal, get_args
from urllib.parse import urlsplit

import httpx
from litestar import Litestar, Router
from litestar.config.app import AppConfig
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest

from profilegate.auth import rules
from profilegate.auth.credentials import TrustedProxies
from profilegate.auth.gate import Gate
from profilegate.auth.issuers import Issuers
from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.principal import Principal
from profilegate.auth.relying_party import Attempt, RelyingParty
from profilegate.auth.sealed import Seal
from profilegate.configured_rules import rules as configured
from profilegate.consistency import checked
from profilegate.crew import ALONE, Crew
from profilegate.errors import InvalidConfiguration, StoreUnavailable
from profilegate.faces import forward_auth, health, metadata, rights, sync, userinfo, webhooks
from profilegate.faces.account.cookies import Cookies
from profilegate.faces.account.desk import Desk
from profilegate.faces.account.place import origin_of, place_of
from profilegate.faces.account.rendering import Renderer
from profilegate.faces.account.router import router as account_router
from profilegate.faces.account.visitor import Visitors
from profilegate.faces.apps.routers import routers as apps_routers
from profilegate.faces.cors import CORSMiddleware
from profilegate.faces.logto import handlers as logto
from profilegate.faces.openapi import complete, described
from profilegate.faces.pace import Pace
from profilegate.faces.phoenix import handlers as phoenix
from profilegate.lane import Lane
from profilegate.metrics import Collected, Measured, Parts, Requests
from profilegate.profiles.app_service import AppService
from profilegate.profiles.bulk_service import BulkService
from profilegate.profiles.json_text import Limits
from profilegate.profiles.lives import EventService
from profilegate.profiles.record import Profile
from profilegate.profiles.rights import Rights
from profilegate.profiles.service import ProfileService
from profilegate.resource_server import MARK, OWN, GatePlugin, gate_of
from profilegate.retention import Retention
from profilegate.settings import Settings
from profilegate.store import schema
from profilegate.store.applications import ApplicationRepository
from profilegate.store.cache import RecordCache
from profilegate.store.coherence import coherence_of
from profilegate.store.database import make_engine
from profilegate.store.documents import DocumentRepository
from profilegate.store.engine import Engine
from profilegate.store.history import HistoryRepository
from profilegate.store.inbox import InboxRepository
from profilegate.store.lookups import Lookups
from profilegate.store.profiles import ProfileRepository
from profilegate.store.proofs import ProofRepository
from profilegate.store.replicas import Replicas
from profilegate.store.sessions import SessionRepository
from profilegate.store.spool import FileSpool
from profilegate.store.stale import StaleRepository
from profilegate.sync.metrics import SyncMetrics
from profilegate.sync.synchronisation import Stores, Synchronisation

log = logging.getLogger("profilegate")

Face = Literal[
    "health", "phoenix", "logto", "apps", "userinfo", "forward_auth", "webhooks", "operator", "account"
]  # fmt: skip
FACES: tuple[Face, ...] = get_args(Face)

HOST = "host"
"""As which face a host's own handlers stand in the audit."""


class ProfileGate(GatePlugin):
    """The faces, their gate and their database, as one plugin.

    `faces` are those to mount, all without it, and `path` where in the host application. `clock` gives Unix seconds
    and `transport` carries requests to the providers; both are there for tests. `crew` are the workers of the same
    server. Raises InvalidConfiguration when the
    settings do not fit together. Connects to nothing before the application starts, and puts nothing on the host
    besides its own routers, its lifespan and its security scheme.
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
        self.settings = checked(settings)
        self.crew = crew
        self.path, self.faces = mounting(path, faces)
        public_url = settings.server.public_url
        self.resource_metadata = public_url and metadata.location(public_url)
        self.clock = clock
        self.requests = Requests()
        self.transport = transport
        self.engine = make_engine(settings.database)
        self.rules = configured(settings)
        self.coherence = coherence_of(self.engine, settings.database)
        self.replicas = self._replicas()
        self.repository = self._remembering()
        self.profiles = ProfileService(self.repository, self.rules, clock)
        self.apps = AppService(
            applications=ApplicationRepository(self.engine),
            documents=DocumentRepository(self.engine),
            profiles=self.profiles,
            limits=Limits(settings.apps.max_document, settings.apps.max_depth, settings.apps.max_keys),
            clock=clock,
        )
        self.history = HistoryRepository(self.engine, self.rules.usernames.comparison_key)
        self.rights = Rights(self.repository, self.apps.documents, self.history, clock, settings.privacy.own_erasure)
        self.retention = Retention(self.history, settings.privacy.history_days, clock)
        self.bulks = BulkService(self.apps, FileSpool, settings.apps.bulk_max_items)
        self.issuers = Issuers(settings.issuers, clock, transport=transport)
        self.proofs = ProofRepository(self.engine)
        self.gate = self._gate(self.addresses)
        self.registry = CollectorRegistry()
        self.numbers = self._numbers()
        self.inbox = InboxRepository(self.engine, self.rules.usernames.comparison_key, settings.sync.retention_days)
        self.sync = self._synchronisation()

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        ours_alone = OWN in app_config.opt  # `served`: whoever mounts it has put it at the path already
        # Each router more is another copy of all that is in it, which Litestar makes when it registers one.
        faces = self.routers() if ours_alone else [Router(self.path, route_handlers=self.routers(), opt=MARK)]
        app_config.route_handlers.extend([*self.metadata_routers(), *faces])
        app_config.lifespan.append(self.lifespan)
        app_config.openapi_config = described(app_config.openapi_config, self.settings.issuers)
        return app_config

    def routers(self) -> list[Router]:
        """The chosen faces, each with its own gate and its own words for errors."""
        server, told = self.settings.server, self.resource_metadata
        guard, cors = GateMiddleware(self.gate), CORSMiddleware(server.cors_origins)
        pace = Pace(self.settings.usernames.checks_per_minute)
        made: dict[Face, Callable[[], list[Router]]] = {
            "health": lambda: [health.router(self.database_state, self.crew.is_leaving, self.metrics)],
            "phoenix": lambda: [phoenix.router(self.profiles, guard, cors, server.max_body, told)],
            "logto": lambda: [logto.router(self.profiles, self.rights, guard, cors, pace, server.max_body, told)],
            "apps": lambda: self.app_profiles(guard, cors),
            "userinfo": lambda: [userinfo.router(self.profiles, self.issuers, guard, cors, told)],
            "forward_auth": lambda: [self.forward_auth()],
            "webhooks": lambda: [webhooks.router(self.sync.sources, self.sync.reception)],
            "operator": lambda: [
                sync.router(self.sync.operations, guard, told),
                rights.router(self.rights, self.rules, guard, told),
            ],
            "account": lambda: self.account_page(pace),
        }
        return [self._measured(router, face) for face in FACES if face in self.faces for router in made[face]()]

    def app_profiles(self, guard: GateMiddleware, cors: CORSMiddleware) -> list[Router]:
        """Any app's JSON. Strangers may see which applications there are."""
        strangers = GateMiddleware(self.gate, strangers=True)
        parts = self.apps, self.bulks, guard, strangers, cors
        return apps_routers(*parts, self.settings.apps, self.public_tenant(), self.resource_metadata)

    def forward_auth(self) -> Router:
        """What reverse proxies ask. Its gate knows the addresses of the applications behind them, not ours."""
        protected = self._gate(lambda own: [own] if own in self.settings.forward_auth.addresses else [])
        trusted = TrustedProxies.of(self.settings.server.trusted_proxies)
        return forward_auth.router(protected, self.profiles, trusted, self.resource_metadata)

    def account_page(self, pace: Pace) -> list[Router]:
        """The page for people, where it is configured."""
        account, server = self.settings.account, self.settings.server
        if account is None:
            return []
        issuer = next(each for each in self.settings.issuers if account.issuer in (None, each.issuer))
        url = server.public_url or f"http://{server.host}:{server.port}"
        place = place_of(
            url.rstrip("/") + self.path,
            account.branding,
            tuple(map(origin_of, (issuer.issuer, *issuer.origins))),
        )
        desk = Desk(
            place=place,
            renderer=Renderer(place),
            party=RelyingParty(account, issuer.issuer, self.issuers, self.clock, self.transport),
            seal=Seal(account.session_secret, Attempt),
            visitors=Visitors(
                sessions=SessionRepository(self.engine),
                standing=self.repository,
                cookies=Cookies(place.secure),
                hours=account.session_hours,
                clock=self.clock,
            ),
            profiles=self.profiles,
            apps=self.apps,
            history=self.history,
            rights=self.rights,
            records=self.repository,
            operations=self.sync.operations,
            pace=pace,
        )
        return [account_router(desk)]

    @asynccontextmanager
    async def lifespan(self, app: Litestar | None = None) -> AsyncIterator[None]:
        """Open the database and refuse to serve a schema that is not this release's; close both ways at the end.

        A database that does not answer is no reason to stay down: /ready tells, and it heals by itself.
        """
        if app is not None and app.openapi_config is not None:
            complete(app.openapi_schema)
        try:
            await self.engine.open()
            await self._refuse_unknown_schema()
            async with (
                self.replicas.running(),
                self.coherence.running(),
                self.retention.running(),
                self.sync.running(),
                self.crew.telling(self.registry.collect),
            ):
                yield
        finally:
            await self.issuers.close()
            await self.engine.close()

    def open_lane(self, app: Litestar) -> None:
        """Put the lane round an application that is nothing but these faces."""
        if self.path == "/" and {"phoenix", "logto"} <= self.faces:
            server = self.settings.server
            app.asgi_handler = Lane(
                app.asgi_handler,
                self.issuers,
                self.repository,
                self.profiles,
                server.cors_origins,
                server.client_certificate_header,
                self.requests.took,
            )

    def reload(self, settings: Settings) -> None:
        """Take over the issuers of new settings, for every request from now on. Everything else needs a restart.

        Raises InvalidConfiguration, and changes nothing, when the settings do not fit together.
        """
        new = checked(settings)
        self.issuers.replace(new.issuers)
        before, self.settings = self.settings, replace(self.settings, issuers=new.issuers)
        log.info("issuers taken over: %s", ", ".join(each.issuer for each in new.issuers))
        if replace(before, issuers=new.issuers) != new:
            log.warning("other settings than the issuers have changed too; they need a restart")

    def public_tenant(self) -> str | None:
        """Whose applications strangers may see: the one that the settings name, or the only one."""
        return self.settings.apps.public_tenant or self.only_tenant()

    def only_tenant(self) -> str | None:
        """The tenant of all issuers; None where there are several."""
        tenants = {tenant for each in self.settings.issuers for tenant in (each.tenants or (each.tenant,))}
        return tenants.pop() if len(tenants) == 1 else None

    def addresses(self, _: str) -> list[str]:
        """The URLs under which clients know the service; none when only the request can tell."""
        url = self.settings.server.public_url
        hosts = (host for issuer in self.settings.issuers for host in issuer.hosts)
        return [] if url is None else [url, *(urlsplit(url)._replace(netloc=host).geturl() for host in hosts)]

    async def profile(self, caller: Principal) -> Profile:
        """The caller's own record, for a host's handlers; made on first access. Raises Forbidden or ProfileNotFound."""
        key = rules.own(caller, "read")
        return await self.profiles.get_or_create(key, rules.actor(caller, key, HOST), caller.claimed)

    async def metrics(self) -> bytes:
        """What Prometheus reads, of all workers together; the database's part as it was when it last answered."""
        self.numbers.is_up = await self.database_state() == "connected"
        with suppress(StoreUnavailable):
            await self.sync.operations.look()
        return generate_latest(self.crew.added_up(self.registry.collect()))

    async def database_state(self) -> str:
        """ "connected", or what keeps the database from being used."""
        try:
            await schema.refuse_unknown(self.engine, self.settings.usernames)
        except StoreUnavailable:
            return "unreachable"
        except InvalidConfiguration as error:
            return str(error)
        return "connected"

    def _gate(self, addresses: Callable[[str], Sequence[str]]) -> Gate:
        gate = gate_of(self.settings, self.issuers, self.proofs, self.clock, addresses)
        return replace(gate, standing=self.repository)

    def _remembering(self) -> RecordCache:
        repository = self._repository(self.engine)
        self.lookups = Lookups(repository.look_at_many)
        read = self.lookups.get if self.settings.database.is_postgres else repository.look
        elsewhere = self.replicas if self.settings.database.replica_urls else None
        return RecordCache(repository, read, self.coherence, self.settings.cache.max_bytes, elsewhere)

    def _numbers(self) -> Collected:
        tokens, records = self.issuers.tokens, self.repository
        parts = Parts(
            cached=lambda: {
                ("records", "hit"): records.hits,
                ("records", "miss"): records.misses,
                ("tokens", "hit"): tokens.hits,
                ("tokens", "miss"): tokens.verified,
            },
            fetched=lambda: self.issuers.fetched,
            refused=lambda: (
                self.requests.turned_away + self.engine.load.refused + self.lookups.refused + records.refused
            ),
            load=lambda: self.engine.load,
            is_bypassed=lambda: not self.coherence.is_current(),
        )
        numbers = Collected(self.requests, parts, version("profilegate"))
        self.registry.register(numbers)
        return numbers

    def _measured(self, router: Router, face: Face) -> Router:
        router.middleware = [Measured(self.requests, face), *router.middleware]
        return router

    def _replicas(self) -> Replicas:
        database = self.settings.database
        engines = [make_engine(replace(database, url=each)) for each in database.replica_urls]
        return Replicas(engines, self._repository, self._repository(self.engine), time.monotonic)

    def _repository(self, engine: Engine) -> ProfileRepository:
        return ProfileRepository(engine, self.rules.usernames.comparison_key)

    def _synchronisation(self) -> Synchronisation:
        return Synchronisation(
            self.settings,
            self.issuers,
            Stores(self.inbox, StaleRepository(self.engine)),
            EventService(self.rules, self.clock),
            SyncMetrics(self.registry),
            self.clock,
            self.transport,
        )

    async def _refuse_unknown_schema(self) -> None:
        try:
            await schema.refuse_unknown(self.engine, self.settings.usernames)
        except StoreUnavailable:
            log.warning("the database does not answer yet; serving without it until it does")


def mounting(path: str, faces: Collection[Face]) -> tuple[str, frozenset[Face]]:
    """Where to mount which faces. Raises InvalidConfiguration."""
    problems = [f"faces: {each!r} is none of {', '.join(FACES)}" for each in faces if each not in FACES]
    if not path.startswith("/") or path.endswith("/") != (path == "/"):
        problems.append("path: must begin with a slash and not end with one")
    if problems:
        raise InvalidConfiguration(problems)
    return path, frozenset(faces)
