"""Whether settings can be used: every problem that the types alone do not show, each with its place."""

import ipaddress
import re
from collections.abc import Iterator
from functools import singledispatch

from profilegate.account_consistency import beside_account, within_account, within_branding
from profilegate.account_settings import AccountSettings, BrandingSettings
from profilegate.errors import InvalidConfiguration
from profilegate.identifiers import TENANT_ID_LIMIT, is_identifier, is_origin, is_trusted_url, is_web_address
from profilegate.issuer_consistency import between_issuers, within_issuer
from profilegate.settings import (
    AppsSettings,
    AvatarSettings,
    CacheSettings,
    DatabaseSettings,
    DPoPSettings,
    ForwardAuthSettings,
    IssuerSettings,
    PhoenixSettings,
    PrivacySettings,
    ServerSettings,
    Settings,
    UsernameSettings,
)
from profilegate.sync_consistency import (
    between_sources,
    within_management,
    within_mapping,
    within_ownership,
    within_source,
    within_sync,
)
from profilegate.sync_settings import (
    ManagementSettings,
    MappingSettings,
    OwnershipSettings,
    SyncSettings,
    WebhookSettings,
)

MOST_CACHED = 2**36
"""64 GiB: more is a slip of the finger."""

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2


def checked(settings: Settings) -> Settings:
    """The settings, or InvalidConfiguration with all their problems at once."""
    found = [*between_parts(settings)]
    for place, part in _parts(settings):
        found += [f"{place}.{problem}" for problem in within(part)]
    if found:
        raise InvalidConfiguration(found)
    return settings


def between_parts(settings: Settings) -> Iterator[str]:
    """Problems that no part has by itself."""
    if not settings.issuers:
        yield "issuers: at least one is required"
    if not settings.database.is_postgres and settings.server.workers > 1:
        yield "server.workers: the embedded database takes one; give database.url for more"
    yield from between_issuers(settings.issuers)
    yield from beside_account(settings)
    yield from between_sources(settings.webhooks, settings.issuers)


@singledispatch
def within(part: object) -> Iterator[str]:
    """Problems of one part by itself, each beginning with the key."""
    yield from ()


@within.register
def _server(server: ServerSettings) -> Iterator[str]:
    if not 0 < server.port < 65_536:
        yield "port: must be between 1 and 65535"
    if server.workers < 1:
        yield "workers: must be at least 1"
    if server.max_body < 1024:
        yield "max_body: must be at least 1024 bytes"
    if not 0 <= server.stop_delay <= 3600:
        yield "stop_delay: must be between 0 and 3600 seconds"
    if not 0 < server.stop_timeout <= 3600:
        yield "stop_timeout: must be between 1 and 3600 seconds"
    for origin in server.cors_origins:
        if not is_origin(origin):
            yield f"cors_origins: {origin} is not an origin such as https://app.example.com (http only on loopback)"
    for network in server.trusted_proxies:
        if not _is_network(network):
            yield f"trusted_proxies: {network} is not an IP address or a network such as 10.0.0.0/8"
    if not TOKEN.fullmatch("x" if server.client_certificate_header is None else server.client_certificate_header):
        yield "client_certificate_header: must be the name of a header, such as Client-Cert"
    if server.client_certificate_header is not None and not server.trusted_proxies:
        yield "client_certificate_header: anybody could send it; list the trusted_proxies that overwrite it"
    if server.public_url is not None and not is_trusted_url(server.public_url):
        yield "public_url: must be an https URL (http only on a loopback address), without query or fragment"


@within.register
def _cache(cache: CacheSettings) -> Iterator[str]:
    if not 0 <= cache.max_bytes <= MOST_CACHED:
        yield f"max_bytes: must be between 0 and {MOST_CACHED} bytes"


@within.register
def _privacy(privacy: PrivacySettings) -> Iterator[str]:
    if not 0 <= privacy.history_days <= 36_500:
        yield "history_days: must be between 0 and 36500"


@within.register
def _forward_auth(forward_auth: ForwardAuthSettings) -> Iterator[str]:
    for address in forward_auth.addresses:
        if not is_origin(address):
            yield f"addresses: {address} is not an origin such as https://app.example.com (http only on loopback)"


@within.register
def _database(database: DatabaseSettings) -> Iterator[str]:
    if database.url is not None and not database.url.startswith(("postgresql://", "postgres://")):
        yield "url: must start with postgresql://"
    if database.listen_url is not None and not database.listen_url.startswith(("postgresql://", "postgres://")):
        yield "listen_url: must start with postgresql://"
    if not all(each.startswith(("postgresql://", "postgres://")) for each in database.replica_urls):
        yield "replica_urls: each must start with postgresql://"
    if database.replica_urls and not database.is_postgres:
        yield "replica_urls: only PostgreSQL, as database.url, has replicas"
    if not database.path:
        yield "path: must not be empty"
    if not 1 <= database.pool_min <= database.pool_max:
        yield "pool_min: must be at least 1 and at most pool_max"
    for name in ("connect_timeout", "acquire_timeout", "statement_timeout"):
        if not 0 < getattr(database, name) <= 60:
            yield f"{name}: must be more than 0 and at most 60 seconds"


@within.register
def _usernames(usernames: UsernameSettings) -> Iterator[str]:
    try:
        re.compile(usernames.pattern)
    except (re.error, OverflowError, RecursionError) as error:
        yield f"pattern: is not a regular expression: {error}"
    if not 1 <= usernames.min_length <= usernames.max_length <= 128:
        yield "min_length: must be at least 1 and at most max_length, which is at most 128"
    if not set(usernames.allowed) - {"numbers"}:
        yield "allowed: letters or the underscore are needed, since no username begins with a number"
    if usernames.checks_per_minute < 1:
        yield "checks_per_minute: must be at least 1"


@within.register
def _avatars(avatars: AvatarSettings) -> Iterator[str]:
    base = avatars.base_url
    if not is_web_address(base) or "#" in base or len(base) > 500:
        yield "base_url: must be an http or https URL without a fragment, at most 500 characters"


@within.register
def _phoenix(phoenix: PhoenixSettings) -> Iterator[str]:
    if phoenix.creations_per_hour < 0:
        yield "creations_per_hour: must not be negative"


@within.register
def _apps(apps: AppsSettings) -> Iterator[str]:
    if apps.public_tenant is not None and not is_identifier(apps.public_tenant, TENANT_ID_LIMIT):
        yield f"public_tenant: must be 1 to {TENANT_ID_LIMIT} printable ASCII characters"
    for name, most in {"max_document": 1_048_576, "max_depth": 200, "max_keys": 1_000_000}.items():
        if not 1 <= getattr(apps, name) <= most:
            yield f"{name}: must be between 1 and {most}"
    if apps.bulk_max_body < 1024 or apps.bulk_max_items < 1:
        yield "bulk_max_body, bulk_max_items: must be at least 1024 bytes and 1 document"


within.register(IssuerSettings, within_issuer)
within.register(AccountSettings, within_account)
within.register(BrandingSettings, within_branding)
within.register(SyncSettings, within_sync)
within.register(OwnershipSettings, within_ownership)
within.register(WebhookSettings, within_source)
within.register(MappingSettings, within_mapping)
within.register(ManagementSettings, within_management)


@within.register
def _dpop(dpop: DPoPSettings) -> Iterator[str]:
    if not 1 <= dpop.max_age <= 300:
        yield "max_age: must be between 1 and 300 seconds"
    if dpop.nonce_secret is not None and len(dpop.nonce_secret) < 32:
        yield "nonce_secret: must have at least 32 characters"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _parts(settings: Settings) -> Iterator[tuple[str, object]]:
    for name in settings.__struct_fields__:
        if name != "issuers":
            yield name, getattr(settings, name)
    for n, issuer in enumerate(settings.issuers):
        yield f"issuers[{n}]", issuer
    yield "sync.ownership", settings.sync.ownership
    if settings.account is not None:
        yield "account.branding", settings.account.branding
    for n, source in enumerate(settings.webhooks):
        yield f"webhooks[{n}]", source
        if source.mapping is not None:
            yield f"webhooks[{n}].mapping", source.mapping
        if source.management is not None:
            yield f"webhooks[{n}].management", source.management
