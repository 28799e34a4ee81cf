"""Core: everything beneath the faces, wired from the settings.

settings -> engine -> repository -> service
         -> issuers, binding -> gate
         -> sources, inbox -> reception, worker, fetching -> service
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest

from profilegate.auth.gate import Gate
from profilegate.auth.issuers import Issuers
from profilegate.configured_gate import gate_of
from profilegate.configured_rules import rules as configured
from profilegate.consistency import checked
from profilegate.crew import ALONE, Crew
from profilegate.errors import InvalidConfiguration, StoreUnavailable
from profilegate.metrics import Collected, Parts, Requests
from profilegate.profiles.app_service import AppService
from profilegate.profiles.bulk_service import BulkService
from profilegate.profiles.json_text import Limits
from profilegate.profiles.lives import EventService
from profilegate.profiles.rights import Rights
from profilegate.profiles.service import ProfileService
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


class Core:
    """The record, the gate in front of it and what keeps it in step. It knows no face.

    `clock` gives Unix seconds and `transport` carries requests to the providers; both are there for tests. `crew` are
    the workers of the same server. Raises InvalidConfiguration when the settings do not fit together. Connects to
    nothing before it is running.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
        crew: Crew = ALONE,
    ) -> None:
        self.settings = checked(settings)
        self.crew = crew
        self.clock = clock
        self.transport = transport
        self.requests = Requests()
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
        self.sessions = SessionRepository(self.engine)
        self.retention = Retention(self.history, self.sessions, settings.privacy.history_days, clock)
        self.bulks = BulkService(self.apps, FileSpool, settings.apps.bulk_max_items)
        self.issuers = Issuers(settings.issuers, clock, transport=transport)
        self.proofs = ProofRepository(self.engine)
        self.gate = self.gate_for(self.addresses)
        self.registry = CollectorRegistry()
        self.numbers = self._numbers()
        self.inbox = InboxRepository(self.engine, self.rules.usernames.comparison_key, settings.sync.retention_days)
        self.sync = self._synchronisation()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the database and refuse to serve a schema that is not this release's; close both ways at the end.

        A database that does not answer is no reason to stay down: /ready tells, and it heals by itself.
        """
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

    def gate_for(self, addresses: Callable[[str], Sequence[str]]) -> Gate:
        """A gate to these addresses, which heeds the callers' standing."""
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
