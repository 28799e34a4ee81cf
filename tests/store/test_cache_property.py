"""Whatever the order in which reads, writes and notifications come in, nobody is shown what was known to be over."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.caching import MUCH, Word, settled, whole_of
from tests.store.people import ANN, BOB, OPERATOR, record

from profilegate.errors import StoreUnavailable
from profilegate.profiles.record import Actor, Profile, ProfileChange, ProfileKey
from profilegate.store.cache import RecordCache
from profilegate.store.lookups import Lookups
from profilegate.store.profiles import Whole

KEYS = (ANN, BOB)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["read", "look", "give"] * 4
            + ["write", "commit", "answer", "others", "tell", "mend"] * 2
            + ["fail", "lose", "leave", "cut"]
        ),
        st.sampled_from(KEYS),
        st.integers(0, 3),
    ),
    min_size=40,
    max_size=120,
)


class Stage:
    """Who waits here until the test lets one go on."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def go(self, which: int, error: Exception | None = None) -> None:
        """Lets one of them go on, in any order; nobody where nobody waits."""
        self._waiting = [each for each in self._waiting if not each.done()]
        if self._waiting:
            one = self._waiting.pop(which % len(self._waiting))
            one.set_result(None) if error is None else one.set_exception(error)

    def all_go(self) -> None:
        while any(not each.done() for each in self._waiting):
            self.go(0)


class Database:
    """A repository whose reads and changes stop where the test wants. A version for each key, and what is to tell."""

    def __init__(self) -> None:
        self.versions = dict.fromkeys(KEYS, 1)
        self.to_tell: list[tuple[ProfileKey, int]] = []
        self.looking, self.giving, self.committing, self.answering = (Stage() for _ in range(4))

    async def read(self, key: ProfileKey) -> Whole:
        return (await self.read_many([key]))[key]

    async def read_many(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Whole]:
        await self.looking.wait()
        found = {key: whole_of(record(key, version=self.versions[key])) for key in keys}
        await self.giving.wait()
        return found

    async def changed(self, key: ProfileKey, change: Any, actor: Actor, now: int, expected: int | None = None) -> Whole:
        await self.committing.wait()
        self.commit(key)
        changed = record(key, version=self.versions[key])
        await self.answering.wait()
        return whole_of(changed)

    def commit(self, key: ProfileKey) -> None:
        self.versions[key] += 1
        self.to_tell.append((key, self.versions[key]))


class World:
    """A process with its cache, others who change records, and what each reader must at least be shown."""

    def __init__(self, coalescing: bool) -> None:
        self.database, self.word = Database(), Word()
        read: Any = Lookups(self.database.read_many).get if coalescing else self.database.read
        self.cache = RecordCache(self.database, read, self.word, MUCH)  # type: ignore[arg-type]
        self.known = dict.fromkeys(KEYS, 0)
        """The newest version that this process has answered for, or has been told of."""
        self.told = dict.fromkeys(KEYS, 1)
        self.tasks: list[asyncio.Task[None]] = []

    def step(self, what: str, key: ProfileKey, which: int) -> None:
        acts: dict[str, Callable[[], object]] = {
            "read": lambda: self.start(self.reader(key)),
            "look": lambda: self.database.looking.go(which),
            "give": lambda: self.database.giving.go(which),
            "fail": lambda: self.database.giving.go(which, StoreUnavailable()),
            "write": lambda: self.start(self.writer(key)),
            "commit": lambda: self.database.committing.go(which),
            "answer": lambda: self.database.answering.go(which),
            "lose": lambda: self.database.answering.go(which, StoreUnavailable()),
            "leave": lambda: self.tasks and self.tasks[which % len(self.tasks)].cancel(),
            "others": lambda: self.database.commit(key),
            "tell": self.tell,
            "cut": self.cut,
            "mend": self.mend,
        }
        acts[what]()

    def start(self, work: Any) -> None:
        self.tasks.append(asyncio.create_task(work))

    async def reader(self, key: ProfileKey) -> None:
        # Once nobody tells, nothing remembered counts: then it is the database that is read.
        least = self.known[key] if self.word.current else self.database.versions[key]
        try:
            found = await self.cache.recall(key)
        except StoreUnavailable:
            return
        assert isinstance(found, Profile)
        assert found.version >= least

    async def writer(self, key: ProfileKey) -> None:
        try:
            changed = await self.cache.change(key, ProfileChange(name="x"), OPERATOR, 0)
        except StoreUnavailable:
            return
        assert changed is not None
        self.known[key] = max(self.known[key], changed.version)

    def tell(self) -> None:
        """Notifications come in the order of the commits."""
        if self.word.current and self.database.to_tell:
            key, version = self.database.to_tell.pop(0)
            self.told[key] = version
            self.word.forget(key, None if version % 3 == 0 else version)  # not every change can be told by its version
            self.known[key] = max(self.known[key], self.told[key])

    def cut(self) -> None:
        self.word.current = False
        self.word.forget(None)

    def mend(self) -> None:
        """What was not told by now never will be."""
        self.database.to_tell.clear()
        self.told, self.known = dict(self.database.versions), dict(self.database.versions)
        self.word.forget(None)
        self.word.current = True

    async def end(self) -> None:
        for _ in range(100):
            for stage in (self.database.looking, self.database.giving, self.database.committing):
                stage.all_go()
            self.database.answering.all_go()
            await settled()
        ended = await asyncio.wait_for(asyncio.gather(*self.tasks, return_exceptions=True), 30)
        assert [each for each in ended if isinstance(each, AssertionError)] == []


@pytest.mark.parametrize("coalescing", [False, True], ids=["each by itself", "many by one query"])
@given(steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_no_reader_is_shown_less_than_was_known_when_it_asked(
    coalescing: bool, steps: list[tuple[str, ProfileKey, int]]
) -> None:
    async def played() -> None:
        world = World(coalescing)
        for step in steps:
            world.step(*step)
            await settled()
        await world.end()

    asyncio.run(played())
