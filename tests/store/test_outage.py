"""PostgreSQL away, cut off, stuck or slow: StoreUnavailable in time, never a hang, and then all is well again."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from tests.postgres import OwnPostgres
from tests.store.databases import (
    ask,
    at_once,
    audit,
    connected,
    cut_off,
    cut_off_unnoticed,
    opened,
    profiles,
    repository,
    somebody_waits,
)
from tests.store.people import ANN, BOB, CROWD, EVERY_FIELD, LATER, OPERATOR, herself, record

from profilegate.errors import StoreUnavailable
from profilegate.profiles.record import Profile, ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository

POOL = 4
WAIT, LIMIT = 1.0, 2.0
SLACK = 20.0
"""A hang is longer still, and a crowded machine no failure."""

CALLS: dict[str, Callable[[ProfileRepository], Awaitable[Any]]] = {
    "get": lambda store: store.get(ANN),
    "get_many": lambda store: store.get_many([ANN, BOB]),
    "create": lambda store: store.create(record(BOB), OPERATOR),
    "revive": lambda store: store.revive(record(ANN), herself(ANN)),
    "change": lambda store: store.change(ANN, EVERY_FIELD, OPERATOR, LATER),
    "fill": lambda store: store.fill(ANN, EVERY_FIELD, OPERATOR, LATER),
    "erase": lambda store: store.erase(ANN, OPERATOR, LATER),
    "suspend": lambda store: store.suspend(ANN, OPERATOR, LATER),
    "revoke_before": lambda store: store.revoke_before(ANN, LATER, OPERATOR, LATER),
    "count_creation": lambda store: store.count_creation(ANN, 1, 1, LATER),
    "standing": lambda store: store.standing(ANN),
}


@pytest.fixture
def quick(postgres_settings: DatabaseSettings) -> DatabaseSettings:
    """A small pool and short patience, so that the tests of waiting are short too."""
    return msgspec.structs.replace(
        postgres_settings, pool_max=POOL, connect_timeout=WAIT, acquire_timeout=WAIT, statement_timeout=LIMIT
    )


@pytest.fixture
async def engine(quick: DatabaseSettings) -> AsyncIterator[Engine]:
    async with opened(quick) as engine:
        yield engine


@pytest.fixture
async def ann(store: ProfileRepository) -> Profile:
    await store.create(record(ANN), herself(ANN))
    return record(ANN)


async def refused(call: Awaitable[Any], seconds: float = WAIT + LIMIT + SLACK) -> None:
    async with asyncio.timeout(seconds):
        with pytest.raises(StoreUnavailable):
            await call


async def healed(store: ProfileRepository, key: ProfileKey = ANN) -> object:
    """What the store answers once it answers again; by itself."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await store.get(key)
            except StoreUnavailable:
                await asyncio.sleep(0.05)


async def slow(engine: Engine, seconds: float) -> Sequence[Any]:
    return await ask(engine, f"SELECT pg_sleep({seconds})")


async def begin(engine: Engine) -> None:
    async with engine.exclusive():
        pass


async def whole_pool(engine: Engine) -> None:
    """As many slow reads at once as the pool has connections: one leaked, and the last waits too long."""
    answers = await at_once(slow(engine, WAIT + 0.2) for _ in range(POOL))
    assert [type(each) for each in answers] == [list] * POOL


class Line:
    """A TCP line to the server that can go silent: what is sent then arrives nowhere, and nobody says so."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._server = urlsplit(str(settings.url))
        self._silent = asyncio.Event()
        self._pipes: set[asyncio.Task[None]] = set()
        self.through = settings

    async def __aenter__(self) -> "Line":
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._listener.sockets[0].getsockname()[1]
        url = self._server._replace(netloc=f"{self._server.username}@127.0.0.1:{port}").geturl()
        self.through = msgspec.structs.replace(self.through, url=url)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    def silence(self) -> None:
        self._silent.set()

    def restore(self) -> None:
        self._silent.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._server.hostname, self._server.port)
        for source, target in ((reader, back), (there, writer)):
            self._pipes.add(asyncio.create_task(self._pipe(source, target)))

    async def _pipe(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if not self._silent.is_set():
                    target.write(data)
        finally:
            target.close()


async def test_reads_work_right_after_every_connection_was_cut_off(
    engine: Engine, store: ProfileRepository, quick: DatabaseSettings, ann: Profile
) -> None:
    for _ in range(5):
        await at_once(slow(engine, 0.02) for _ in range(POOL))
        await cut_off(quick)
        assert await at_once(store.get(ANN) for _ in range(2 * POOL)) == [ann] * 2 * POOL
        assert (await store.get_many([ANN]), (await store.standing(ANN)).suspended) == ({ANN: ann}, False)


async def test_reads_work_even_on_connections_whose_end_nobody_has_noticed_yet(
    engine: Engine, store: ProfileRepository, quick: DatabaseSettings, ann: Profile
) -> None:
    for callers in (1, 2 * POOL, 1, 2 * POOL):
        await at_once(slow(engine, 0.02) for _ in range(POOL))
        cut_off_unnoticed(quick)
        assert await at_once(store.get(ANN) for _ in range(callers)) == [ann] * callers
    await whole_pool(engine)


async def test_a_read_that_is_cut_off_under_way_is_made_again(engine: Engine, quick: DatabaseSettings) -> None:
    reading = asyncio.create_task(slow(engine, 0.3))
    await asyncio.sleep(0.1)
    await cut_off(quick)
    assert len(await reading) == 1


async def test_writes_right_after_the_cut_are_made_once_or_refused_as_unavailable(
    engine: Engine, store: ProfileRepository, quick: DatabaseSettings
) -> None:
    await at_once(slow(engine, 0.02) for _ in range(POOL))
    await cut_off(quick)
    answers = await at_once(store.create(record(key), herself(key)) for key in CROWD)
    assert [each for each in answers if not isinstance(each, bool | StoreUnavailable)] == []
    made = [key for key, answer in zip(CROWD, answers, strict=True) if answer is True]
    assert set(made) <= set(await store.get_many(CROWD))
    assert len(await profiles(engine)) == len(await audit(engine))
    assert await store.create(record(ANN), herself(ANN)) is True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
async def test_while_the_server_is_away_everything_is_refused_in_time_and_afterwards_works(
    store: ProfileRepository, stoppable: OwnPostgres, ann: Profile, how: signal.Signals
) -> None:
    with stoppable.down(how):
        for call in CALLS.values():
            await refused(call(store))
        for answer in await at_once(store.get(ANN) for _ in range(30)):
            assert isinstance(answer, StoreUnavailable)
    assert await healed(store) == ann
    assert await store.create(record(BOB), herself(BOB)) is True


async def test_an_engine_opens_while_the_server_is_away_and_serves_when_it_is_back(
    quick: DatabaseSettings, stoppable: OwnPostgres
) -> None:
    with ExitStack() as away:
        away.enter_context(stoppable.down())
        async with opened(quick) as engine:
            store = repository(engine)
            for answer in await at_once(call(store) for call in CALLS.values()):
                assert isinstance(answer, StoreUnavailable)
            away.close()
            assert await healed(store) is None
            await whole_pool(engine)


async def test_the_pool_is_whole_after_the_server_was_away(
    engine: Engine, store: ProfileRepository, stoppable: OwnPostgres, ann: Profile
) -> None:
    with stoppable.down():
        await at_once(call(store) for _ in range(5) for call in CALLS.values())
    assert await healed(store) == ann
    await whole_pool(engine)


async def test_every_write_that_was_answered_before_a_crash_is_there_after_it(
    store: ProfileRepository, engine: Engine, stoppable: OwnPostgres
) -> None:
    people = [ProfileKey("acme", f"{number}") for number in range(400)]

    async def come_in_turn(some: list[ProfileKey]) -> list[ProfileKey]:
        return [key for key in some if (await at_once([store.create(record(key), herself(key))])) == [True]]

    coming = [asyncio.create_task(come_in_turn(people[start::POOL])) for start in range(POOL)]
    while len(await profiles(engine)) < 20:  # noqa: ASYNC110  only the server knows
        await asyncio.sleep(0)
    await asyncio.to_thread(stoppable.crash)
    answered = [key for each in coming for key in await each]
    await healed(store)
    assert set(answered) <= set(await store.get_many(people))
    assert len(await profiles(engine)) == len(await audit(engine))


async def test_a_change_that_waits_too_long_for_a_lock_is_refused_and_not_made(
    engine: Engine, store: ProfileRepository, quick: DatabaseSettings, ann: Profile
) -> None:
    async with connected(quick) as other, other.transaction():
        await other.execute("SELECT 1 FROM profilegate_profile FOR UPDATE")
        await refused(store.change(ANN, EVERY_FIELD, OPERATOR, LATER))
        assert await store.get(ANN) == ann
    assert await store.get(ANN) == ann
    assert len(await audit(engine)) == 1
    await whole_pool(engine)


async def test_a_change_that_gets_the_lock_in_time_is_made(
    store: ProfileRepository, quick: DatabaseSettings, ann: Profile
) -> None:
    async with connected(quick) as other:
        async with other.transaction():
            await other.execute("SELECT 1 FROM profilegate_profile FOR UPDATE")
            changing = asyncio.create_task(store.change(ANN, EVERY_FIELD, OPERATOR, LATER))
            await somebody_waits(quick)
        changed = await changing
    assert changed is not None
    assert changed == await store.get(ANN)
    assert changed.version == 2


async def test_who_finds_no_free_connection_in_time_is_refused(quick: DatabaseSettings) -> None:
    lock = "SELECT pg_advisory_xact_lock(1)"
    async with opened(msgspec.structs.replace(quick, statement_timeout=60)) as engine, connected(quick) as other:
        store = repository(engine)
        async with other.transaction():
            await other.execute(lock)
            busy = [asyncio.create_task(ask(engine, lock)) for _ in range(POOL)]
            await somebody_waits(quick, POOL)
            await refused(store.get(ANN), WAIT + SLACK)
        assert [len(await each) for each in busy] == [1] * POOL
        assert await store.get(ANN) is None


async def test_a_statement_that_takes_too_long_is_refused_and_costs_no_connection(engine: Engine) -> None:
    for answer in await at_once(slow(engine, 60) for _ in range(POOL)):
        assert isinstance(answer, StoreUnavailable)
    await whole_pool(engine)


async def test_callers_who_go_away_cost_no_connection(engine: Engine) -> None:
    for _ in range(8):
        leaving = [asyncio.create_task(slow(engine, 60)) for _ in range(POOL)]
        await asyncio.sleep(0.02)
        for each in leaving:
            each.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
    await whole_pool(engine)


async def test_a_line_that_goes_silent_is_no_hang_and_heals(quick: DatabaseSettings) -> None:
    async with Line(quick) as line, opened(line.through) as engine:
        store = repository(engine)
        await at_once(slow(engine, 0.05) for _ in range(POOL))
        line.silence()
        await refused(store.get(ANN), 2 * WAIT + LIMIT + SLACK)
        await refused(store.create(record(ANN), OPERATOR), 2 * WAIT + LIMIT + SLACK)
        line.restore()
        assert await healed(store) is None
        await whole_pool(engine)


async def test_a_line_that_is_silent_from_the_start_is_no_hang_either(quick: DatabaseSettings) -> None:
    async with Line(quick) as line:
        line.silence()
        async with asyncio.timeout(2 * WAIT + SLACK), opened(line.through) as engine:
            await refused(repository(engine).get(ANN), WAIT + SLACK)
        line.restore()
        async with opened(line.through) as engine:
            assert await healed(repository(engine)) is None


async def test_a_transaction_that_cannot_begin_gives_its_connection_back(quick: DatabaseSettings) -> None:
    """Piccolo lets go of a connection only after BEGIN; how far its end was noticed until then differs by turns."""
    async with opened(msgspec.structs.replace(quick, pool_max=1)) as engine:
        for turns in range(6):
            await ask(engine, "SELECT 1")
            cut_off_unnoticed(quick)
            for _ in range(turns):
                await asyncio.sleep(0)
            await at_once([begin(engine)])
            assert len(await ask(engine, "SELECT 1")) == 1
