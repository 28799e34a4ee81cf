"""What the store's tests do with databases, beside asking the store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from piccolo.table import Table
from tests.store.people import NOW

from profilegate.profiles.ports import ProfileStore
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.service import ProfileService
from profilegate.profiles.usernames import UsernameRule
from profilegate.settings import DatabaseSettings
from profilegate.store.database import make_engine
from profilegate.store.engine import Engine, Row
from profilegate.store.profiles import ProfileRepository
from profilegate.store.statements import Statement
from profilegate.store.tables import AuditRow, ProfileRow


@asynccontextmanager
async def opened(settings: DatabaseSettings) -> AsyncIterator[Engine]:
    engine = make_engine(settings)
    await engine.open()
    try:
        yield engine
    finally:
        await engine.close()


def repository(engine: Any, case_sensitive: bool = False) -> ProfileRepository:
    return ProfileRepository(engine, UsernameRule(case_sensitive=case_sensitive).comparison_key)


def service_on(store: ProfileStore, now: int = NOW) -> ProfileService:
    rules = ProfileRules(UsernameRule(), avatar_base="https://avatars.test/svg")
    return ProfileService(store, rules, clock=lambda: now / 1000)


async def ask(engine: Engine, sql: str) -> Sequence[Row]:
    return await engine.fetch(Statement(sql, ()), {})


async def rows(engine: Engine, table: type[Table]) -> list[dict[str, Any]]:
    """Every row of the table as the database has it, oldest first."""
    names = [column._meta.name for column in table._meta.columns]
    found = await ask(engine, f"SELECT {', '.join(names)} FROM {table._meta.tablename} ORDER BY id")
    return [dict(zip(names, row, strict=True)) for row in found]


async def profiles(engine: Engine) -> list[dict[str, Any]]:
    return await rows(engine, ProfileRow)


async def audit(engine: Engine) -> list[dict[str, Any]]:
    return await rows(engine, AuditRow)


async def everything(engine: Engine) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All that a refused change must leave as it was."""
    return await profiles(engine), await audit(engine)


async def at_once(calls: Iterable[Awaitable[Any]]) -> list[Any]:
    """What each of these gives, or raises, when all run at the same time."""
    return await asyncio.gather(*calls, return_exceptions=True)


@asynccontextmanager
async def connected(settings: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the engine's, for what somebody else does to the same PostgreSQL."""
    connection = await asyncpg.connect(settings.url)
    try:
        yield connection
    finally:
        await connection.close()


async def somebody_waits(settings: DatabaseSettings, many: int = 1, event: str = "Lock") -> None:
    """Returns when as many statements in this database wait for another's lock, or for another kind of event."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = $1"
    async with connected(settings) as connection, asyncio.timeout(30):
        while await connection.fetchval(waiting, event) < many:  # noqa: ASYNC110  only the server knows
            await asyncio.sleep(0.005)


async def cut_off(settings: DatabaseSettings) -> None:
    """End every other connection to this database, as a restarting pooler or an operator does."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    async with connected(settings) as connection:
        await connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


def cut_off_unnoticed(settings: DatabaseSettings) -> None:
    """The same while this event loop stands still, so that the pool still takes its connections for alive."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, cut_off(settings)).result()


class Watched:
    """An engine that counts what it is asked, and calls `after_write` when a write has been answered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.engine_type = engine.engine_type
        self.reads = 0
        self.after_write: Awaitable[object] | None = None

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        self.reads += 1
        return await self._engine.fetch(statement, values)

    async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
        found = await self._engine.write(change, values)
        following, self.after_write = self.after_write, None
        if following is not None:
            await following
        return found
