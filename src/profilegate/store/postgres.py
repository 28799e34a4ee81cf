"""PostgreSQL: a pool of asyncpg connections under Piccolo's engine."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from profilegate.errors import StoreUnavailable
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Load, Row, UniqueViolation
from profilegate.store.statements import Statement

# Any constant will do, as long as every profilegate asks for the same lock.
MIGRATION_LOCK = 7_120_011_990

TRIES = 3
"""Of a change that PostgreSQL undoes to break a deadlock: where many race, another may follow the first."""
WAY = (0.02, 0.2)
"""Seconds, at random, for whoever the deadlock was with to go first: who comes back at once is before it again."""

MOST_WAITING = 256
"""Statements of one process that wait for a connection. Beyond it the answer is 503 at once, not a longer queue."""

# The connection, or the server behind it, is gone.
LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ReadOnlySQLTransactionError,
)
OVERLOADED = (
    asyncio.TimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.SerializationError,  # a replica that cannot keep an old version of the row for a reader any longer
)


class ConnectionLost(StoreUnavailable):
    """The connection died before the answer came."""


class Deadlocked(StoreUnavailable):
    """PostgreSQL broke a circle of waiting transactions by undoing this one. It may be tried again."""


class Transaction(PostgresTransaction):
    """Piccolo's transaction on a connection of its own, which is closed whatever happens.

    Piccolo's takes one from the pool and keeps it for ever when BEGIN or COMMIT fails. The pool's connections
    also have a time limit for each statement, which is no use to a migration.
    """

    async def __aenter__(self) -> PostgresTransaction:
        if self._parent is not None:
            return self._parent
        self.connection = await self.engine.get_new_connection()
        try:
            self.transaction = self.connection.transaction()
            await self.begin()  # type: ignore[no-untyped-call]
        except BaseException:
            self.connection.terminate()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, exception_type: Any, exception: Any, traceback: Any) -> bool:
        if self._parent is not None:
            return exception is None
        try:
            await self._end(exception is None)
        finally:
            self.engine.current_transaction.reset(self.context)
            self.connection.terminate()
        return exception is None

    async def _end(self, good: bool) -> None:
        if self._committed or self._rolled_back:
            return
        if good:
            await self.commit()  # type: ignore[no-untyped-call]
        elif not self.connection.is_closed():
            await self.rollback()  # type: ignore[no-untyped-call]


class Postgres(PostgresEngine):
    """Piccolo's engine, with a pool that opens on first use and statements that run on it directly."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self._opening = asyncio.Lock()
        self._asking = self.refused = 0
        self._closed_until = 0.0
        self._closed = False
        super().__init__(config=_connection(settings))

    async def get_version(self) -> float:
        """Nothing is asked of the server here: Piccolo's constructor would connect, and wait, at import time."""
        return 0.0

    async def open(self) -> None:
        self._closed = False
        try:
            await self._pool()
        except StoreUnavailable:
            return  # comes up without its database, says so at /ready, and heals with the first statement

    async def close(self) -> None:
        self._closed = True
        pool, self.pool = self.pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), self.settings.statement_timeout)
        except TimeoutError:
            pool.terminate()

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        """Run one reading statement, once more when its connection turns out to be dead."""
        try:
            return await self._run(statement, values)
        except ConnectionLost:
            return await self._run(statement, values)

    async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
        """One statement that holds the whole change, so one round trip and no transaction to leak.

        Not tried again when the connection dies: whether it was committed is not known then.
        """
        (statement,) = change
        for _ in range(TRIES - 1):
            with suppress(Deadlocked):
                return await self._run(statement, values)
            await asyncio.sleep(random.uniform(*WAY))  # noqa: S311  no secret
        return await self._run(statement, values)

    @property
    def load(self) -> Load:
        if self.pool is None:
            return Load(0, 0, self._asking, self.refused)
        idle = self.pool.get_idle_size()
        used = self.pool.get_size() - idle
        return Load(used, idle, max(0, self._asking - used), self.refused)

    def transaction(self, allow_nested: bool = True) -> Transaction:
        return Transaction(engine=self, allow_nested=allow_nested)

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Any]:
        async with self.transaction() as transaction:
            await transaction.connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            yield transaction

    @asynccontextmanager
    async def session(self) -> AsyncIterator["PostgresSession"]:
        with told():
            async with self._connection() as connection, connection.transaction():
                yield PostgresSession(connection)

    async def _run(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        """Where one connection is dead, or leads to a server that only reads by now, the others do too."""
        try:
            with told():
                async with self._connection() as connection:
                    rows: Sequence[Row] = await connection.fetch(statement.sql, *statement.bind(values))
                    return rows
        except ConnectionLost:
            if self.pool is not None:
                await self.pool.expire_connections()
            raise

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """One of the pool's, for which not too many may wait."""
        if self._asking >= self.settings.pool_max + MOST_WAITING:
            self.refused += 1
            raise StoreUnavailable
        self._asking += 1
        try:
            pool = await self._pool()
            async with pool.acquire(timeout=self.settings.acquire_timeout) as connection:
                yield connection
        finally:
            self._asking -= 1

    async def _pool(self) -> Any:
        if self.pool is None:
            async with self._opening:
                if self.pool is None:
                    await self._connect()
        return self.pool

    async def _connect(self) -> None:
        """Open the pool. After a failure the next second's callers fail at once, not one after the other."""
        if self._closed or time.monotonic() < self._closed_until:
            raise StoreUnavailable
        try:
            await self.start_connection_pool(
                min_size=self.settings.pool_min,
                max_size=self.settings.pool_max,
                command_timeout=self.settings.statement_timeout,
                reset=_keep,
            )
        except (*OVERLOADED, *LOST, asyncpg.PostgresError) as error:
            self._closed_until = time.monotonic() + 1
            raise StoreUnavailable from error


class PostgresSession:
    """A transaction that is open on this connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        rows: Sequence[Row] = await self._connection.fetch(statement.sql, *statement.bind(values))
        return rows


@contextmanager
def told() -> Iterator[None]:
    """Say in the store's own words what went wrong."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise UniqueViolation(error.constraint_name or "") from error
    except asyncpg.DeadlockDetectedError as error:
        raise Deadlocked from error
    except OVERLOADED as error:
        raise StoreUnavailable from error
    except LOST as error:
        raise ConnectionLost from error


async def _keep(connection: object) -> None:
    """Between two uses a connection needs no reset: single statements leave no state behind. Saves a round trip."""


def _connection(settings: DatabaseSettings) -> dict[str, Any]:
    cached = {"statement_cache_size": 0} if settings.pgbouncer else {}
    return {"dsn": settings.url, "timeout": settings.connect_timeout, **cached}
