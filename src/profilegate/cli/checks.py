"""What `doctor` looks at. Each check says what it found, and what to do where that is not good."""

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx
from msgspec import Struct

from profilegate.auth.discovery import Discovery, ProviderMetadata
from profilegate.auth.documents import document
from profilegate.auth.issuer import connected
from profilegate.auth.key_set import signing_keys
from profilegate.errors import InvalidConfiguration, ProviderUnavailable, StoreUnavailable
from profilegate.settings import DatabaseSettings, IssuerSettings, Settings
from profilegate.store import schema
from profilegate.store.database import make_engine
from profilegate.store.engine import Engine
from profilegate.store.statements import Statement

SKEWED = 5.0
"""Seconds that clocks may differ without a word: half of what people notice, a sixth of the leeway of tokens."""

TOO_SKEWED = 30.0
"""Seconds after which good tokens are refused: the leeway."""

SLOW = 0.1
"""Seconds that a round trip to the database should not take."""

NOW = {"postgres": "SELECT extract(epoch FROM clock_timestamp())::float8", "sqlite": "SELECT NULL"}
SYNCED = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), pg_is_in_recovery()"


class Finding(Struct, frozen=True):
    """What was found at one place."""

    state: Literal["ok", "warn", "FAIL"]
    check: str
    detail: str


async def examined(settings: Settings) -> list[Finding]:
    """Every check, in the order in which one would ask: the settings, the providers, the database."""
    found = [Finding("ok", "configuration", f"valid, {len(settings.issuers)} issuer(s)"), *around(settings)]
    for issuer in settings.issuers:
        found += [each async for each in provider(issuer)]
    found += [each async for each in database(settings)]
    for n, url in enumerate(settings.database.replica_urls):
        found += [each async for each in replica(n, url, settings.database)]
    return found


def around(settings: Settings) -> list[Finding]:
    """What is allowed and seldom meant."""
    found = []
    if settings.server.public_url is None:
        text = "not set: clients are not told where the resource's metadata is, and DPoP works on loopback only"
        found.append(Finding("warn", "server.public_url", text))
    if not settings.webhooks:
        found.append(Finding("warn", "webhooks", "none: what the provider changes or deletes is not heard of"))
    if not settings.database.is_postgres:
        found.append(Finding("warn", "database", "the embedded one: one process on one machine"))
    return found


async def provider(issuer: IssuerSettings) -> AsyncIterator[Finding]:
    """Metadata, keys and the clock of one provider."""
    place = f"issuer {issuer.tenant or issuer.tenant_claim}"
    async with connected(issuer, None) as client:
        began = time.monotonic()
        try:
            metadata = await Discovery(issuer, client, time.monotonic).metadata()
        except ProviderUnavailable as error:
            yield Finding("FAIL", place, f"{issuer.issuer}: no metadata: {_reason(error)}")
            return
        took = time.monotonic() - began
        yield Finding("ok", place, f"{metadata.issuer}, metadata in {took * 1000:.0f} ms")
        yield await _keys(place, issuer, metadata, client)
        yield _clock(f"{place} clock", await _told_time(client, metadata.jwks_uri), "the provider's")
        if issuer.introspection is not None and not (metadata.introspection_endpoint or issuer.introspection.endpoint):
            yield Finding("FAIL", place, "no introspection endpoint: set issuers.introspection.endpoint")


async def _keys(place: str, issuer: IssuerSettings, metadata: ProviderMetadata, client: httpx.AsyncClient) -> Finding:
    try:
        keys = signing_keys(await document(client, metadata.jwks_uri, issuer.timeout))
    except ProviderUnavailable as error:
        return Finding("FAIL", f"{place} keys", f"{metadata.jwks_uri}: {_reason(error)}")
    usable = sorted({name for key in keys for name in key.algorithms} & {*issuer.algorithms})
    if not usable:
        return Finding("FAIL", f"{place} keys", f"{len(keys)} keys, none for {', '.join(sorted(issuer.algorithms))}")
    return Finding("ok", f"{place} keys", f"{len(keys)} for {', '.join(usable)}")


async def _told_time(client: httpx.AsyncClient, url: str) -> float | None:
    """The time that the server's answer names, in Unix seconds and whole ones."""
    with suppress(httpx.HTTPError, ValueError, TypeError):
        return parsedate_to_datetime((await client.head(url)).headers["date"]).timestamp() + 0.5
    return None


def _clock(place: str, theirs: float | None, whose: str) -> Finding:
    if theirs is None:
        return Finding("warn", place, "not told")
    skew = time.time() - theirs
    text = f"ours is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} {whose}"
    state: Literal["ok", "warn", "FAIL"] = "ok" if abs(skew) < SKEWED else "warn" if abs(skew) < TOO_SKEWED else "FAIL"
    return Finding(state, place, text if state == "ok" else f"{text}: keep both by NTP")


async def database(settings: Settings) -> AsyncIterator[Finding]:
    """Whether it answers, how quickly, with which schema, and how safely."""
    engine = make_engine(settings.database)
    try:
        await engine.open()
        yield await _round_trip(engine)
        yield await _schema(engine, settings)
        if settings.database.is_postgres:
            yield _clock("database clock", (await _row(engine, NOW["postgres"]))[0], "the database's")
            yield await _safety(engine)
    except StoreUnavailable:
        yield Finding("FAIL", "database", "does not answer: check database.url, the network and the password")
    except InvalidConfiguration as error:
        taken = "already serves" in str(error)
        yield Finding("warn" if taken else "FAIL", "database", "; ".join(error.problems))
    finally:
        await engine.close()


async def _round_trip(engine: Engine) -> Finding:
    kind = "PostgreSQL" if engine.engine_type == "postgres" else "SQLite"
    version = "SHOW server_version" if engine.engine_type == "postgres" else "SELECT sqlite_version()"
    number = (await _row(engine, version))[0]
    began = time.monotonic()
    await _row(engine, "SELECT 1")
    took = time.monotonic() - began
    text = f"{kind} {number}, answers in {took * 1000:.1f} ms"
    return Finding("ok", "database", text) if took < SLOW else Finding("warn", "database", f"{text}: it is far away")


async def _schema(engine: Engine, settings: Settings) -> Finding:
    try:
        await schema.refuse_unknown(engine, settings.usernames)
    except InvalidConfiguration as error:
        return Finding("FAIL", "schema", "; ".join(error.problems))
    return Finding("ok", "schema", "up to date")


async def _safety(engine: Engine) -> Finding:
    commit, fsync, standby = await _row(engine, SYNCED)
    if standby:
        return Finding("FAIL", "durability", "this is a standby: database.url must name the primary")
    if fsync != "on" or commit == "off":
        return Finding("warn", "durability", f"fsync={fsync}, synchronous_commit={commit}: a crash loses answers")
    return Finding("ok", "durability", f"fsync={fsync}, synchronous_commit={commit}")


async def replica(number: int, url: str, settings: DatabaseSettings) -> AsyncIterator[Finding]:
    """Whether a replica answers, and how far it is behind."""
    place, engine = f"replica {number}", make_engine(_only(url, settings))
    behind = "SELECT COALESCE(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8"
    try:
        await engine.open()
        standby = (await _row(engine, "SELECT pg_is_in_recovery()"))[0]
        lag = (await _row(engine, behind))[0]
        text = f"answers; its newest change is {lag:.1f} s old" if standby else "is no standby"
        yield Finding("ok" if standby else "warn", place, text)
    except StoreUnavailable:
        yield Finding("warn", place, "does not answer: the primary is read instead")
    finally:
        await engine.close()


def _only(url: str, settings: DatabaseSettings) -> DatabaseSettings:
    return DatabaseSettings(url=url, connect_timeout=settings.connect_timeout, pgbouncer=settings.pgbouncer)


async def _row(engine: Engine, sql: str) -> tuple[Any, ...]:
    return tuple((await engine.fetch(Statement(sql, ()), {}))[0])


def _reason(error: ProviderUnavailable) -> str:
    return str(getattr(error, "reason", "") or error)
