"""Whether settings can be used: every problem that the types alone do not show, each with its place."""

import re
from collections.abc import Iterator
from functools import singledispatch
from urllib.parse import urlsplit

from profilegate.errors import InvalidConfiguration
from profilegate.identifiers import TENANT_ID_LIMIT, USER_ID_LIMIT, is_identifier, is_trusted_url, is_web_address
from profilegate.settings import (
    ALGORITHMS,
    AvatarSettings,
    DatabaseSettings,
    IssuerSettings,
    PhoenixSettings,
    ServerSettings,
    Settings,
    UsernameSettings,
)


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
    yield from _shared(settings.issuers)


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
    if not 0 < server.stop_timeout <= 3600:
        yield "stop_timeout: must be between 1 and 3600 seconds"
    for origin in server.cors_origins:
        if not is_trusted_url(origin) or urlsplit(origin).path or origin != origin.lower():
            yield f"cors_origins: {origin} is not an origin such as https://app.example.com (http only on loopback)"
    if server.public_url is not None and not is_trusted_url(server.public_url):
        yield "public_url: must be an https URL (http only on a loopback address), without query or fragment"


@within.register
def _database(database: DatabaseSettings) -> Iterator[str]:
    if database.url is not None and not database.url.startswith(("postgresql://", "postgres://")):
        yield "url: must start with postgresql://"
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
def _issuer(issuer: IssuerSettings) -> Iterator[str]:
    if not is_trusted_url(issuer.issuer):
        yield "issuer: must be an https URL (http only on a loopback address), without query or fragment"
    if not issuer.audiences or not all(issuer.audiences):
        yield "audiences: at least one is required, and none may be empty"
    unknown = sorted(set(issuer.algorithms) - ALGORITHMS)
    if unknown or not issuer.algorithms:
        yield f"algorithms: {', '.join(unknown) or 'none'} is not among {', '.join(sorted(ALGORITHMS))}"
    if issuer.tenant_claim == "":
        yield "tenant_claim: must not be empty"
    if issuer.tenant_claim is None and issuer.tenants:
        yield "tenants: is for tenant_claim, which is not set"
    if issuer.tenant_claim is not None and not issuer.tenants:
        yield "tenants: list the values that tenant_claim may have"
    for tenant in (issuer.tenant, *issuer.tenants):
        if not is_identifier(tenant, TENANT_ID_LIMIT):
            yield f"tenant: {tenant!r} must be 1 to {TENANT_ID_LIMIT} printable ASCII characters"
    if issuer.user_id_prefix and not is_identifier(issuer.user_id_prefix, USER_ID_LIMIT - 1):
        yield f"user_id_prefix: must be at most {USER_ID_LIMIT - 1} printable ASCII characters"
    if issuer.operator is not None and bool(issuer.operator.scope) == bool(issuer.operator.claim):
        yield "operator: give either scope or claim"
    if not 0 <= issuer.leeway <= 300:
        yield "leeway: must be between 0 and 300 seconds"
    if not 0 < issuer.timeout <= 4:
        yield "timeout: must be more than 0 and at most 4 seconds"
    if issuer.key_cooldown < 1 or issuer.key_max_age < 1:
        yield "key_cooldown, key_max_age: must be at least 1 second"


def _shared(issuers: tuple[IssuerSettings, ...]) -> Iterator[str]:
    """Problems between issuers: the same one twice, or two of one tenant whose user ids could collide."""
    known = {each.issuer for each in issuers}
    for n, second in enumerate(issuers):
        for first in issuers[:n]:
            if first.issuer == second.issuer:
                yield f"issuers[{n}].issuer: {second.issuer} is listed twice"
            elif _tenants(first) & _tenants(second) and not _same_people(first, second, issuers):
                yield from _collision(n, first, second)
        for alias in second.aliases:
            if alias not in known:
                yield f"issuers[{n}].aliases: {alias} is not an issuer of this list"


def _collision(n: int, first: IssuerSettings, second: IssuerSettings) -> Iterator[str]:
    one, other = first.user_id_prefix, second.user_id_prefix
    if one.startswith(other) or other.startswith(one):
        yield (
            f"issuers[{n}].user_id_prefix: shares a tenant with {first.issuer}; give both a prefix, "
            "neither the start of the other, or list one in the other's aliases, with equal prefixes"
        )


def _tenants(issuer: IssuerSettings) -> set[str]:
    return set(issuer.tenants) if issuer.tenant_claim is not None else {issuer.tenant}


def _same_people(first: IssuerSettings, second: IssuerSettings, issuers: tuple[IssuerSettings, ...]) -> bool:
    """Whether aliases, in either direction and over any number of steps, join the two."""
    family, before = {first.issuer}, 0
    while len(family) > before:
        before = len(family)
        for each in issuers:
            if each.issuer in family or family & set(each.aliases):
                family |= {each.issuer, *each.aliases}
    return second.issuer in family and first.user_id_prefix == second.user_id_prefix


def _parts(settings: Settings) -> Iterator[tuple[str, object]]:
    for name in settings.__struct_fields__:
        if name != "issuers":
            yield name, getattr(settings, name)
    for n, issuer in enumerate(settings.issuers):
        yield f"issuers[{n}]", issuer
