"""What the tests of remembered records stand on: a word to be told, reads that can be held, writes that fail late."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from tests.store.databases import repository

from profilegate.errors import StoreUnavailable
from profilegate.profiles.record import Profile, ProfileKey
from profilegate.store import queries
from profilegate.store.cache import RecordCache
from profilegate.store.coherence import Echo, Forget
from profilegate.store.engine import Engine, Row, Session
from profilegate.store.profiles import JSON_COLUMNS, ProfileRepository, Whole
from profilegate.store.statements import Statement


def whole_of(profile: Profile) -> Whole:
    """What the repository would have found."""
    values = {column: getattr(profile, column) for column in queries.RECORD}
    values |= {column: msgspec.json.encode(values[column]).decode() for column in JSON_COLUMNS}
    return Whole(tuple(values.get(column) for column in queries.WHOLE))


MUCH = 64 * 1_048_576
"""Bytes; more than any test remembers."""

LONG = 30
"""Seconds in which what must happen does."""


class Word:
    """A `Coherence` that says what the test wants."""

    def __init__(self) -> None:
        self.current = True
        self.forget: Forget = lambda key, version=None: None

    def tell(self, forget: Forget) -> None:
        self.forget = forget

    def is_current(self) -> bool:
        return self.current

    def expect(self, key: ProfileKey) -> Echo:
        echo = Echo({}, key)
        echo.heard()
        return echo

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield


class Reads:
    """Reads of the repository, counted; `held` ones have the database's answer and do not give it yet."""

    def __init__(self, store: ProfileRepository) -> None:
        self._store = store
        self.count = 0
        self.answered = asyncio.Event()
        self._go = asyncio.Event()
        self._go.set()

    def hold(self) -> None:
        self._go.clear()
        self.answered.clear()

    def go(self) -> None:
        self._go.set()

    async def __call__(self, key: ProfileKey) -> Whole | None:
        self.count += 1
        found = await self._store.look(key)
        self.answered.set()
        await self._go.wait()
        return found


class Remembering:
    """A cache on this engine, and all that a test wants to say to it or know of it."""

    def __init__(self, engine: Any, most: int = MUCH) -> None:
        self.word = Word()
        self.store = repository(engine)
        self.reads = Reads(self.store)
        self.cache = RecordCache(self.store, self.reads, self.word, most)

    async def costs(self, *keys: ProfileKey) -> list[int]:
        """How many reads of the database it takes to recall each."""
        found = []
        for key in keys:
            before = self.reads.count
            await self.cache.recall(key)
            found.append(self.reads.count - before)
        return found


class FailingLate:
    """An engine whose every change is committed, and then its answer is lost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.engine_type = engine.engine_type
        self.fetch = engine.fetch

    async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
        await self._engine.write(change, values)
        raise StoreUnavailable

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        async with self._engine.session() as session:
            yield session
        raise StoreUnavailable


async def until(happens: Callable[[], bool], within: float = LONG) -> None:
    """Returns when it happens, and fails when it does not."""
    async with asyncio.timeout(within):
        while not happens():  # noqa: ASYNC110  nobody else tells
            await asyncio.sleep(0.002)


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(12):
        await asyncio.sleep(0)
