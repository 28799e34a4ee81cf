"""SQLite, the embedded default: one connection that reads, one thread that writes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from typing import Any, NamedTuple, TypeVar

from piccolo.engine.sqlite import SQLiteEngine, TransactionType, dict_factory
from piccolo.table import Table

from profilegate.errors import InvalidConfiguration, StoreUnavailable
from profilegate.settings import DatabaseSettings
from profilegate.store.batches import Batches
from profilegate.store.engine import Load, Row, UniqueViolation
from profilegate.store.statements import Statement
from profilegate.store.told import Told

# RETURNING is 3.35's, `->>` 3.38's and IS DISTINCT FROM 3.39's.
OLDEST = (3, 39, 0)

# Writers that may wait for the one thread. Beyond it the answer is 503 at once, not a longer queue.
QUEUE = 1000

MOST_AT_ONCE = 128
"""Changes of one transaction."""

PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers never wait for the writer
    "PRAGMA synchronous = FULL",  # an answered write survives a power cut
    "PRAGMA foreign_keys = ON",
)

A = TypeVar("A")
T = TypeVar("T")

Bound = Sequence[tuple[str, list[Any]]]
"""A change, ready for the driver."""


class Connections(NamedTuple):
    """What stays open while the database is served."""

    reader: sqlite3.Connection
    writer: sqlite3.Connection
    piccolo: sqlite3.Connection
    lock: sqlite3.Connection
    thread: ThreadPoolExecutor


class SQLite(SQLiteEngine):
    """Piccolo's engine on connections that stay open; the stock one starts a thread for each query.

    Reads run on the event loop's own thread: a lookup by key takes some 10 microseconds, less than handing
    it over would. Those who write at the same time share one transaction: its statements run there too, only its
    beginning and its commit wait for the disk on a thread. One process only, held by a lock file beside the database.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self.told = Told()
        """What this process may have changed: whoever remembers records looks there."""
        self._connections: Connections | None = None
        self._writes: Batches[Bound, Sequence[Row]] = Batches(self._commit, oldest, QUEUE)
        self._transactions = asyncio.Lock()
        self._closed = False
        super().__init__(path=settings.path, timeout=settings.statement_timeout)

    @property
    def load(self) -> Load:
        return Load(int(self._transactions.locked()), 0, self._writes.waiting, self._writes.refused)

    async def open(self) -> None:
        self._closed = False
        self._open()

    async def close(self) -> None:
        """Finish the writes under way, then close everything and release the lock."""
        self._closed = True
        await self._writes.finished()
        connections, self._connections = self._connections, None
        if connections is not None:
            await asyncio.to_thread(connections.thread.shutdown)
            for connection in connections[:4]:
                connection.close()

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        arguments = statement.bind(values)
        return _executed(self._open().reader, statement.sql, arguments)

    async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
        self._open()
        return await self._writes.ask([(each.sql, each.bind(values)) for each in change])

    async def _commit(self, changes: Sequence[Bound]) -> Sequence[Sequence[Row] | Exception]:
        """Many changes in one transaction. One that a constraint refuses has changed nothing, and stops no other."""
        try:
            async with self._transaction() as connections:
                return [_made(connections.writer, each) for each in changes]
        except StoreUnavailable:
            raise
        except Exception as error:
            return [error] if len(changes) == 1 else [(await self._commit([each]))[0] for each in changes]

    @asynccontextmanager
    async def session(self) -> AsyncIterator["SQLiteSession"]:
        """Nobody else writes meanwhile: there is one connection that does, and it is in this transaction."""
        async with self._transaction() as connections:
            yield SQLiteSession(connections)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connections]:
        """The one at a time; others wait as long as for a lock, then they give up."""
        async with self._turn():
            connections = self._connections or self._open()  # what waited when it was closed is still done
            try:
                await in_thread(connections, self._begun)
                yield connections
                await in_thread(connections, self._committed)
            except BaseException:
                with suppress(RuntimeError):  # closed meanwhile, which undoes it too
                    connections.thread.submit(_rolled_back, connections.writer)  # also when this task is cancelled
                raise

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.settings.statement_timeout):
                await self._transactions.acquire()
        except TimeoutError as error:
            raise StoreUnavailable from error
        try:
            yield
        finally:
            self._transactions.release()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Any]:
        try:
            async with self.transaction(transaction_type=TransactionType.immediate) as transaction:
                yield transaction
        finally:
            self.told.anything()

    async def _run_in_new_connection(
        self,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> Any:
        """Piccolo's own queries, on a connection that stays open too, and on the thread that writes."""
        connections = self._open()

        def work(piccolo: sqlite3.Connection) -> list[Any]:
            try:
                return piccolo.execute(query, args or []).fetchall()
            finally:
                self.told.anything()

        return await asyncio.wrap_future(connections.thread.submit(_guarded, work, connections.piccolo))

    def _begun(self, writer: sqlite3.Connection) -> None:
        writer.execute("BEGIN IMMEDIATE")
        self.told.begun(writer)

    def _committed(self, writer: sqlite3.Connection) -> None:
        """Told on the thread that commits: whoever waits for it may have gone away."""
        try:
            writer.execute("COMMIT")
        finally:
            self.told.ended()

    def _open(self) -> Connections:
        if self._closed:
            raise StoreUnavailable
        if self._connections is None:
            if sqlite3.sqlite_version_info < OLDEST:
                raise InvalidConfiguration([f"database: SQLite {sqlite3.sqlite_version} is older than 3.39"])
            self._connections = self._connected(self.settings.path)
        return self._connections

    def _connected(self, path: str) -> Connections:
        with ExitStack() as opened:
            try:
                lock = opened.enter_context(closing(locked(path)))
                reader, writer = (opened.enter_context(closing(self._connection(path))) for _ in range(2))
                detected = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
                piccolo = opened.enter_context(closing(self._connection(path, detected)))
                self.told.listen(writer)
            except sqlite3.Error as error:
                raise InvalidConfiguration([f"database.path: {path} cannot be opened: {error}"]) from error
            piccolo.row_factory = dict_factory
            opened.pop_all()  # from here on they stay open
        thread = ThreadPoolExecutor(1, thread_name_prefix="profilegate-sqlite")
        return Connections(reader, writer, piccolo, lock, thread)

    def _connection(self, path: str, detect_types: int = 0) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path,
            timeout=self.settings.statement_timeout,
            isolation_level=None,
            check_same_thread=False,
            detect_types=detect_types,
        )
        try:
            for pragma in PRAGMAS:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


class SQLiteSession:
    """A transaction that is open on the connection that writes."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        arguments = statement.bind(values)
        return await in_thread(self._connections, lambda writer: writer.execute(statement.sql, arguments).fetchall())


async def in_thread(connections: Connections, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do the work with the connection that writes, on the thread that may wait."""
    try:
        submitted = connections.thread.submit(_guarded, work, connections.writer)
    except RuntimeError as error:  # closed meanwhile
        raise StoreUnavailable from error
    return await asyncio.wrap_future(submitted)


def oldest(waiting: Sequence[Bound]) -> Sequence[int]:
    """Those who share the next transaction."""
    return range(min(len(waiting), MOST_AT_ONCE))


def locked(path: str) -> sqlite3.Connection:
    """Hold the lock file beside the database until the connection closes or the process ends.

    Raises InvalidConfiguration when another process holds it. The lock is SQLite's own, so it works
    wherever SQLite does and never outlives a crash.
    """
    lock = sqlite3.connect(f"{path}.lock", timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
            raise
        raise InvalidConfiguration(
            [f"database: another process already serves {path}; SQLite takes one, PostgreSQL takes any number"]
        ) from error
    return lock


def _made(writer: sqlite3.Connection, change: Bound) -> list[Row] | UniqueViolation:
    """The rows of the change's first statement; what belongs to it is left out where it changed nothing."""
    first, *rest = change
    try:
        rows = _executed(writer, *first)
    except UniqueViolation as refused:
        return refused
    for each in rest if rows else ():
        _executed(writer, *each)
    return rows


def _executed(connection: sqlite3.Connection, sql: str, arguments: list[Any]) -> list[Row]:
    return _guarded(lambda it: it.execute(sql, arguments).fetchall(), connection)


def _rolled_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _guarded(work: Callable[[A], T], argument: A) -> T:
    """Do the work, and say in the store's own words what went wrong."""
    try:
        return work(argument)
    except sqlite3.IntegrityError as error:
        if "UNIQUE" not in str(error):
            raise
        raise UniqueViolation(str(error)) from error
    except sqlite3.OperationalError as error:
        raise StoreUnavailable from error
