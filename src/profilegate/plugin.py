"""ProfileGate, the Litestar plugin: the one place where everything is wired.

settings -> engine -> repository -> service -> faces
         -> issuers, binding -> gate -> middleware -> faces
         -> sources, inbox -> reception, worker, fetching -> service
"""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import httpx
from litestar import Litestar, Router
from litestar.config.app import AppConfig
from litestar.plugins import InitPlugin
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest
from python_usernames.reserved_words import get_reserved_words

from profilegate.auth.binding import Binding
from profilegate.auth.credentials import CertificateSource
from profilegate.auth.gate import Gate
from profilegate.auth.issuers import Issuers
from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.nonces import Nonces
from profilegate.auth.relying_party import Attempt, RelyingParty
from profilegate.auth.sealed import Seal
from profilegate.consistency import checked
from profilegate.errors import InvalidConfiguration, StoreUnavailable
from profilegate.faces import health, logto, metadata, phoenix, sync, webhooks
from profilegate.faces.account.cookies import Cookies
from profilegate.faces.account.desk import Desk
from profilegate.faces.account.place import origin_of, place_of
from profilegate.faces.account.rendering import Renderer
from profilegate.faces.account.router import router as account_router
from profilegate.faces.account.visitor import Visitors
from profilegate.faces.apps.routers import routers as apps_routers
from profilegate.faces.cors import CORSMiddleware
from profilegate.faces.openapi import complete, described
from profilegate.faces.pace import Pace
from profilegate.profiles.app_service import AppService
from profilegate.profiles.bulk_service import BulkService
from profilegate.profiles.json_text import Limits
from profilegate.profiles.lives import EventService
from profilegate.profiles.record import MEMBER
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.service import ProfileService
from profilegate.profiles.usernames import CLASSES, UsernameRule
from profilegate.settings import FieldSettings, Settings, UsernameSettings
from profilegate.store import schema
from profilegate.store.applications import ApplicationRepository
from profilegate.store.database import make_engine
from profilegate.store.documents import DocumentRepository
from profilegate.store.history import HistoryRepository
from profilegate.store.inbox import InboxRepository
from profilegate.store.profiles import ProfileRepository
from profilegate.store.proofs import ProofRepository
from profilegate.store.sessions import SessionRepository
from profilegate.store.spool import FileSpool
from profilegate.store.stale import StaleRepository
from profilegate.sync.metrics import SyncMetrics
from profilegate.sync.synchronisation import Stores, Synchronisation
from profilegate.sync_settings import Ownership, OwnershipSettings

log = logging.getLogger("profilegate")

FIELDS = FieldSettings.__struct_fields__


class ProfileGate(InitPlugin):
    """The faces, their gate and their database, as one plugin.

    `clock` gives Unix seconds and `transport` carries requests to the providers; both are there for tests.
    Raises InvalidConfiguration when the settings do not fit together. Connects to nothing before the
    application starts, and puts nothing on the host besides its own routers, its lifespan and its security scheme.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = checked(settings)
        self.clock = clock
        self.transport = transport
        self.engine = make_engine(settings.database)
        self.rules = rules(settings)
        self.repository = ProfileRepository(self.engine, self.rules.usernames.comparison_key)
        self.profiles = ProfileService(self.repository, self.rules, clock)
        self.apps = AppService(
            applications=ApplicationRepository(self.engine),
            documents=DocumentRepository(self.engine),
            profiles=self.profiles,
            limits=Limits(settings.apps.max_document, settings.apps.max_depth, settings.apps.max_keys),
            clock=clock,
        )
        self.bulks = BulkService(self.apps, FileSpool, settings.apps.bulk_max_items)
        self.issuers = Issuers(settings.issuers, clock, transport=transport)
        self.gate = self._gate()
        self.registry = CollectorRegistry()
        self.inbox = InboxRepository(self.engine, self.rules.usernames.comparison_key, settings.sync.retention_days)
        self.sync = self._synchronisation()

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.route_handlers.extend(self.routers())
        app_config.lifespan.append(self.lifespan)
        app_config.openapi_config = described(app_config.openapi_config, self.settings.issuers)
        return app_config

    def routers(self) -> list[Router]:
        """Everything that is mounted."""
        server = self.settings.server
        told = server.public_url and metadata.location(server.public_url)
        guard, cors = GateMiddleware(self.gate), CORSMiddleware(server.cors_origins)
        pace = Pace(self.settings.usernames.checks_per_minute)
        return [
            health.router(self.database_state, self.metrics),
            *(metadata.routers(self.metadata, server.public_url) if server.public_url else ()),
            phoenix.router(self.profiles, guard, cors, server.max_body, told),
            logto.router(self.profiles, guard, cors, pace, server.max_body, told),
            *apps_routers(
                self.apps,
                self.bulks,
                guard,
                GateMiddleware(self.gate, strangers=True),
                cors,
                self.settings.apps,
                self.public_tenant(),
                told,
            ),
            webhooks.router(self.sync.sources, self.sync.reception),
            sync.router(self.sync.operations, guard, told),
            *self.account_page(pace),
        ]

    def account_page(self, pace: Pace) -> list[Router]:
        """The page for people, where it is configured."""
        account, server = self.settings.account, self.settings.server
        if account is None:
            return []
        issuer = next(each for each in self.settings.issuers if account.issuer in (None, each.issuer))
        url = server.public_url or f"http://{server.host}:{server.port}"
        place = place_of(url, account.branding, tuple(map(origin_of, (issuer.issuer, *issuer.origins))))
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
            history=HistoryRepository(self.engine, self.rules.usernames.comparison_key),
            records=self.repository,
            operations=self.sync.operations,
            pace=pace,
        )
        return [account_router(desk)]

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Open the database and refuse to serve a schema that is not this release's; close both ways at the end.

        A database that does not answer is no reason to stay down: /ready tells, and it heals by itself.
        """
        if app.openapi_config is not None:
            complete(app.openapi_schema)
        try:
            await self.engine.open()
            await self._refuse_unknown_schema()
            async with self.sync.running():
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

    def metadata(self) -> metadata.ResourceMetadata:
        """The protected resource metadata, as of now."""
        return metadata.described(self.settings, self.settings.issuers)

    def addresses(self) -> list[str]:
        """The URLs under which clients know the service; none when only the request can tell."""
        url = self.settings.server.public_url
        hosts = (host for issuer in self.settings.issuers for host in issuer.hosts)
        return [] if url is None else [url, *(urlsplit(url)._replace(netloc=host).geturl() for host in hosts)]

    async def metrics(self) -> bytes:
        """What Prometheus reads; the database's part as it was when it last answered."""
        with suppress(StoreUnavailable):
            await self.sync.operations.look()
        return generate_latest(self.registry)

    async def database_state(self) -> str:
        """ "connected", or what keeps the database from being used."""
        try:
            await schema.refuse_unknown(self.engine, self.settings.usernames)
        except StoreUnavailable:
            return "unreachable"
        except InvalidConfiguration as error:
            return str(error)
        return "connected"

    def _gate(self) -> Gate:
        dpop, server = self.settings.dpop, self.settings.server
        return Gate(
            issuers=self.issuers,
            binding=Binding(
                memory=ProofRepository(self.engine),
                clock=self.clock,
                addresses=self.addresses,
                max_age=dpop.max_age,
                nonces=None if dpop.nonce_secret is None else Nonces(dpop.nonce_secret),
            ),
            standing=self.repository,
            certificates=CertificateSource.of(server.client_certificate_header, server.trusted_proxies),
        )

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


def ownership(settings: OwnershipSettings) -> dict[str, Ownership]:
    """Whose word counts for each field, in the domain's names."""
    said: dict[str, Ownership] = {each: getattr(settings, each) for each in FIELDS}
    said["oidc_profile"] = said.pop("profile")
    said["sso_identities"] = said["identities"]
    return said | {f"{MEMBER}{claim}": owner for claim, owner in settings.claims.items()}


def username_rule(settings: UsernameSettings) -> UsernameRule:
    """The rule for usernames, from the settings."""
    reserved = get_reserved_words() if settings.reserved == "standard" else settings.reserved
    return UsernameRule(
        pattern=settings.pattern,
        case_sensitive=settings.case_sensitive,
        reserved=frozenset(reserved),
        min_length=settings.min_length,
        max_length=settings.max_length,
        forbidden=tuple(name for name in CLASSES if name not in settings.allowed),
    )


def rules(settings: Settings) -> ProfileRules:
    """The domain's rules, from the settings."""
    fields = settings.fields
    return ProfileRules(
        usernames=username_rule(settings.usernames),
        avatar_base=settings.avatars.base_url,
        editing={("oidc_profile" if each == "profile" else each): getattr(fields, each) for each in FIELDS},
        ownership=ownership(settings.sync.ownership),
        create_on_read=settings.phoenix.create_on_read,
        creations_per_hour=settings.phoenix.creations_per_hour,
    )
