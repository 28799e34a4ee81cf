"""The embedded database tells what it may have changed, so that nobody believes what was before."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from tests.store.caching import MUCH, until
from tests.store.databases import opened, repository
from tests.store.people import ANN, BOB, LATER, OPERATOR, herself, record

from profilegate.profiles.record import Profile, ProfileChange
from profilegate.settings import DatabaseSettings
from profilegate.store.binding import bound
from profilegate.store.cache import RecordCache
from profilegate.store.coherence import OnlyProcess
from profilegate.store.sqlite import SQLite
from profilegate.store.statements import Statement
from profilegate.store.tables import ProfileRow
from profilegate.store.told import ANY, MOST, Change

NEWER = Statement("UPDATE profilegate_profile SET name = name || '+'", ())


async def by_write(engine: SQLite) -> None:
    await engine.write([NEWER], {})


async def by_session(engine: SQLite) -> None:
    async with engine.session() as session:
        await session.run(NEWER, {})


async def by_piccolo(engine: SQLite) -> None:
    with bound(engine):
        await ProfileRow.raw(NEWER.sql)


async def by_exclusive(engine: SQLite) -> None:
    with bound(engine):
        async with engine.exclusive():
            await ProfileRow.raw(NEWER.sql)


async def by_somebody_who_left(engine: SQLite) -> None:
    """The thread is at it, and waits for somebody's lock, when they leave."""
    with closing(sqlite3.connect(engine.settings.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(engine.write([NEWER], {}))
        await asyncio.sleep(0)
        await until(engine._open().thread._work_queue.empty)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
    await until(lambda: _named(engine) == "Old+")


def taken(engine: SQLite) -> list[Change]:
    return [*engine.told.taken()]


def _named(engine: SQLite) -> str:
    ((name,),) = engine._open().reader.execute("SELECT name FROM profilegate_profile").fetchall()
    return str(name)


WAYS: list[Callable[[SQLite], Awaitable[None]]] = [
    by_write,
    by_session,
    by_piccolo,
    by_exclusive,
    by_somebody_who_left,
]


@pytest.fixture
async def cache(sqlite_settings: DatabaseSettings):  # type: ignore[no-untyped-def]
    async with opened(sqlite_settings) as engine:
        assert isinstance(engine, SQLite)
        store = repository(engine)
        await store.create(record(ANN, name="Old"), herself(ANN))
        yield RecordCache(store, store.look, OnlyProcess(engine), MUCH), engine


Cache = tuple[RecordCache, SQLite]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_whoever_commits_is_noticed(cache: Cache, way: Callable[[SQLite], Awaitable[None]]) -> None:
    records, engine = cache
    await records.recall(ANN)
    await way(engine)
    await until(lambda: records.remembered(ANN) is None)
    found = await records.recall(ANN)
    assert isinstance(found, Profile)
    assert found.name == "Old+"


async def test_reading_is_no_commit(cache: Cache) -> None:
    records, engine = cache
    taken(engine)
    await records.recall(ANN)
    await records.standing(BOB)
    await records.get(ANN)
    await records.get_many([ANN, BOB])
    await records.holder("acme", "ann")
    assert taken(engine) == []
    assert records.remembered(ANN) is not None


async def test_a_change_of_one_record_leaves_the_others_in_memory(cache: Cache) -> None:
    records, engine = cache
    store = repository(engine)
    await store.create(record(BOB), herself(BOB))
    await records.recall(ANN)
    await records.recall(BOB)
    assert await store.suspend(BOB, OPERATOR, LATER)
    assert (records.remembered(BOB), records.remembered(ANN)) == (None, await records.whole(ANN))


async def test_an_erased_row_is_told_under_the_key_that_it_had(cache: Cache) -> None:
    records, engine = cache
    await records.recall(ANN)
    await engine.write([Statement("DELETE FROM profilegate_profile WHERE user_id = 'ann'", ())], {})
    assert records.remembered(ANN) is None


async def test_changes_that_nobody_asks_about_are_named_up_to_a_bound(cache: Cache) -> None:
    _, engine = cache
    taken(engine)
    for _ in range(3):
        async with engine.session() as session:
            for _ in range(MOST // 2):
                await session.run(NEWER, {})
    told = taken(engine)
    assert (len(told), told[0], told[-1]) == (MOST + 1, (ANN, None), ANY)


async def test_what_somebody_else_did_while_it_was_closed_is_seen(cache: Cache) -> None:
    records, engine = cache
    await records.recall(ANN)
    await engine.close()
    async with opened(engine.settings) as other:
        assert await repository(other).suspend(ANN, OPERATOR, LATER)
    await engine.open()
    assert (await records.standing(ANN)).suspended


async def test_what_a_person_with_a_shell_did_is_seen_after_the_next_commit(cache: Cache) -> None:
    records, engine = cache
    await records.recall(ANN)
    with closing(sqlite3.connect(engine.settings.path, isolation_level=None)) as shell:
        shell.execute("UPDATE profilegate_profile SET suspended_by_operator = 1")
    await repository(engine).create(record(BOB), herself(BOB))
    assert (await records.standing(ANN)).suspended


async def test_before_there_is_a_table_every_commit_may_have_changed_any_record(tmp_path: Path) -> None:
    async with opened(DatabaseSettings(path=str(tmp_path / "empty.db"))) as engine:
        assert isinstance(engine, SQLite)
        taken(engine)
        await engine.write([Statement("CREATE TABLE other (id INTEGER)", ())], {})
        assert taken(engine) == [ANY]


async def test_a_write_that_is_undone_costs_nothing_but_memory(cache: Cache) -> None:
    records, engine = cache
    await records.recall(ANN)
    with suppress(ZeroDivisionError):
        async with engine.session() as session:
            await session.run(NEWER, {})
            assert (await records.recall(ANN)).name == "Old"  # type: ignore[union-attr]
            raise ZeroDivisionError
    await engine.write([Statement("UPDATE profilegate_profile SET name = 'New'", ())], {})
    assert (await records.recall(ANN)).name == "New"  # type: ignore[union-attr]


async def test_readers_between_a_commit_and_its_counting_leave_nothing_old_behind(cache: Cache) -> None:
    records, _ = cache
    done = False
    seen: list[int] = []

    async def read() -> None:
        while not done:
            found = await records.recall(ANN)
            assert isinstance(found, Profile)
            seen.append(found.version)
            await asyncio.sleep(0)

    readers = [asyncio.create_task(read()) for _ in range(3)]
    try:
        for number in range(300):
            changed = await records.change(ANN, ProfileChange(name=f"Name {number}"), OPERATOR, LATER)
            assert changed == await records.recall(ANN)
    finally:
        done = True
        await asyncio.gather(*readers)
    assert len(seen) > 300
