"""PostgreSQL: a pool of asyncpg connections under Piccolo's engine."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from profilegate.errors import StoreUnavailable
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Row, UniqueViolation
from profilegate.store.statements import Statement

# Any constant will do, as long as every profilegate asks for the same lock.
MIGRATION_LOCK = 7_120_011_990

# The connection, or the server behind it, is gone.
LOST = (
    OSError,
    asyncpg.InterfaceError,
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
    asyncpg.DeadlockDetectedError,
)


class ConnectionLost(StoreUnavailable):
    """The connection died before the answer came."""


class Transaction(PostgresTransaction):
    """Piccolo's transaction, which keeps the connection for ever when COMMIT fails; this one gives it back."""

    async def __aexit__(self, exception_type: Any, exception: Any, traceback: Any) -> bool:
        try:
            return await super().__aexit__(exception_type, exception, traceback)
        except BaseException:
            if self.engine.current_transaction.get() is self:
                await self._give_back()
            raise

    async def _give_back(self) -> None:
        self.engine.current_transaction.reset(self.context)
        if self.engine.pool:
            await self.engine.pool.release(self.connection)
        else:
            await self.connection.close()


class Postgres(PostgresEngine):
    """Piccolo's engine, with a pool that opens on first use and statements that run on it directly."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self._opening = asyncio.Lock()
        self._closed_until = 0.0
        super().__init__(config=_connection(settings))

    async def get_version(self) -> float:
        """Nothing is asked of the server here: Piccolo's constructor would connect, and wait, at import time."""
        return 0.0

    async def open(self) -> None:
        try:
            await self._pool()
        except StoreUnavailable:
            return  # comes up without its database, says so at /ready, and heals with the first statement

    async def close(self) -> None:
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
        return await self._run(statement, values)

    def transaction(self, allow_nested: bool = True) -> Transaction:
        return Transaction(engine=self, allow_nested=allow_nested)

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Any]:
        async with self.transaction() as transaction:
            await transaction.connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            yield transaction

    async def _run(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        pool = await self._pool()
        try:
            async with pool.acquire(timeout=self.settings.acquire_timeout) as connection:
                rows: Sequence[Row] = await connection.fetch(statement.sql, *statement.bind(values))
                return rows
        except asyncpg.UniqueViolationError as error:
            raise UniqueViolation(error.constraint_name or "") from error
        except OVERLOADED as error:
            raise StoreUnavailable from error
        except LOST as error:
            raise ConnectionLost from error

    async def _pool(self) -> Any:
        if self.pool is None:
            async with self._opening:
                if self.pool is None:
                    await self._connect()
        return self.pool

    async def _connect(self) -> None:
        """Open the pool. After a failure the next second's callers fail at once, not one after the other."""
        if time.monotonic() < self._closed_until:
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


async def _keep(connection: object) -> None:
    """Between two uses a connection needs no reset: single statements leave no state behind. Saves a round trip."""


def _connection(settings: DatabaseSettings) -> dict[str, Any]:
    cached = {"statement_cache_size": 0} if settings.pgbouncer else {}
    return {"dsn": settings.url, "timeout": settings.connect_timeout, **cached}
