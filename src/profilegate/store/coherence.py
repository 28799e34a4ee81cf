"""What tells a worker that a record it remembers has changed, whoever changed it, and whether it would be told now."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from secrets import token_hex
from typing import Any, Protocol

import asyncpg

from profilegate.profiles.record import ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine
from profilegate.store.sqlite import SQLite
from profilegate.store.under_way import UnderWay

log = logging.getLogger("profilegate.store.coherence")

CHANNEL = "profilegate"
"""Where the database's trigger tells which records a statement changed."""

BEAT = 0.25
"""Seconds between two signs of life that this process sends to itself through the database."""

BELIEVED = 0.75
"""Seconds for which what is remembered is believed after the last sign of life that came back was sent."""

RETRY = 1.0
"""Seconds between two tries to listen again."""

LONGEST_ECHO = 0.05
"""Seconds that the answer to a change waits for its echo at most."""


class Forget(Protocol):
    """Forget one record; None: all. `version` is what it has become, where that tells the change apart."""

    def __call__(self, key: ProfileKey | None, version: int | None = None) -> None: ...


class Coherence(Protocol):
    """Tells what to forget."""

    def tell(self, forget: Forget) -> None:
        """Call this with each record that has changed."""

    def is_current(self) -> bool:
        """Whether every change that is older than a second has been told."""

    def expect(self, key: ProfileKey) -> "Echo":
        """For the block in which this process changes the record."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Listen, while the block lasts."""


class Echo(UnderWay):
    """Whether a change of ours has been told to those who listen, as far as we can hear it ourselves.

    Whoever has had our answer may ask another process next. That one is told at the same time as we are, so an
    answer that waits for its own echo is all but never overtaken.
    """

    def __init__(self, expected: dict[ProfileKey, set["Echo"]], key: ProfileKey) -> None:
        super().__init__(expected, key)
        self._is_heard = False
        self._waiting: asyncio.Future[None] | None = None

    def heard(self) -> None:
        self._is_heard = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self) -> None:
        """Until it is heard, or as long as one may wait for it."""
        if self._is_heard:
            return
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        enough = loop.call_later(LONGEST_ECHO, self.heard)
        try:
            await self._waiting
        finally:
            enough.cancel()


class OnlyProcess:
    """SQLite has one process, whose engine is told what it changes."""

    def __init__(self, engine: SQLite) -> None:
        self._told = engine.told
        self._expected: dict[ProfileKey, set[Echo]] = {}
        self._forget: Forget = _nothing

    def tell(self, forget: Forget) -> None:
        self._forget = forget

    def is_current(self) -> bool:
        for key, version in self._told.taken():
            self._forget(key, version)
        return True

    def expect(self, key: ProfileKey) -> Echo:
        echo = Echo(self._expected, key)
        echo.heard()  # there is nobody else to be told
        return echo

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield


class Notifications:
    """PostgreSQL's NOTIFY, on a connection of its own. `ticks` never goes back.

    The signs of life come after all that was told before them, so one that comes back proves that nothing older is
    missing. When they stay away, or the connection breaks, nothing that is remembered counts any more.
    """

    def __init__(self, settings: DatabaseSettings, ticks: Callable[[], float] = time.monotonic) -> None:
        self._url = settings.listen_url or (None if settings.pgbouncer else settings.url)
        self._round = settings.url if settings.listen_url else None
        self._timeout = settings.connect_timeout
        self._ticks = ticks
        self._own = f"profilegate_{token_hex(8)}"
        self._sent: dict[str, float] = {}
        self._heard = float("-inf")
        self._has_complained = False
        self._expected: dict[ProfileKey, set[Echo]] = {}
        self._forget: Forget = _nothing

    def tell(self, forget: Forget) -> None:
        self._forget = forget

    def is_current(self) -> bool:
        return self._ticks() - self._heard < BELIEVED

    def expect(self, key: ProfileKey) -> Echo:
        echo = Echo(self._expected, key)
        if not self.is_current():
            echo.heard()  # nobody would hear it
        return echo

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        listening = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen(self) -> None:
        """Behind a pooler without a direct URL nobody can listen, and nothing is remembered."""
        while self._url is not None:
            try:
                await self._connected(self._url)
            except Exception as error:  # asyncpg has more kinds of them than anybody foresees
                self._complain(error)
            finally:
                self._lost()
            await asyncio.sleep(RETRY)

    async def _connected(self, url: str) -> None:
        """Listen, and say something the way that changes go: after a failover that may be another server than ours."""
        async with self._connection(url) as hearing:
            await hearing.add_listener(CHANNEL, self._told)
            await hearing.add_listener(self._own, self._came_back)
            self._forget(None)
            if self._round is None:
                await self._beating(hearing)
            else:
                async with self._connection(self._round, statement_cache_size=0) as saying:
                    await self._beating(saying, is_elsewhere=True)

    async def _beating(self, connection: Any, is_elsewhere: bool = False) -> None:
        """Raises ConnectionError when what is said elsewhere is no longer heard here."""
        began = self._ticks()
        while True:
            await self._beat(connection)
            await asyncio.sleep(BEAT)
            if is_elsewhere and self._ticks() - max(self._heard, began) > BELIEVED:
                raise ConnectionError("database.listen_url is not where database.url leads to")

    @asynccontextmanager
    async def _connection(self, url: str, **options: Any) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(url, timeout=self._timeout, command_timeout=BELIEVED, **options)
        try:
            yield connection
        finally:
            connection.terminate()

    async def _beat(self, connection: Any) -> None:
        sign = token_hex(8)
        self._sent = {sign: self._ticks()}
        await connection.execute("SELECT pg_notify($1, $2)", self._own, sign)

    def _told(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        """A line for each record, with its new version if it has one; an empty text when they were too many to name."""
        for line in payload.split("\n"):
            tenant, _, rest = line.partition("\t")
            user, _, version = rest.partition("\t")
            if not user:
                self._forget(None)
                continue
            key = ProfileKey(tenant, user)
            self._forget(key, int(version) if version else None)
            for echo in self._expected.get(key, ()):
                echo.heard()

    def _came_back(self, _connection: object, _pid: int, _channel: str, sign: str) -> None:
        self._heard = self._sent.pop(sign, self._heard)
        if self._has_complained:
            self._has_complained = False
            log.info("records are remembered again: the database is heard")

    def _complain(self, error: Exception) -> None:
        """Once for each time that it lasts."""
        if not self._has_complained:
            self._has_complained = True
            log.warning("records are not remembered: cannot listen to the database (%s)", type(error).__name__)

    def _lost(self) -> None:
        self._heard = float("-inf")
        self._forget(None)


def coherence_of(engine: Engine, settings: DatabaseSettings) -> Coherence:
    """What tells of changes in this database."""
    return OnlyProcess(engine) if isinstance(engine, SQLite) else Notifications(settings)


def _nothing(key: ProfileKey | None, version: int | None = None) -> None: ...
