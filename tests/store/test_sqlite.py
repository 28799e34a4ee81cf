"""SQLite, the embedded database: one process, durable writes, readers who never wait, nothing left open."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.store.databases import ask, at_once, audit, opened, profiles, repository
from tests.store.people import ANN, BOB, CROWD, EVERY_FIELD, LATER, OPERATOR, herself, record

from profilegate.errors import InvalidConfiguration, StoreUnavailable
from profilegate.settings import DatabaseSettings
from profilegate.store.binding import bound
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository
from profilegate.store.statements import Statement
from profilegate.store.tables import ProfileRow

HOLDER = """
import asyncio, sys
from profilegate.settings import DatabaseSettings
from profilegate.store.sqlite import SQLite
asyncio.run(SQLite(DatabaseSettings(path=sys.argv[1])).open())
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def settings(sqlite_settings: DatabaseSettings) -> DatabaseSettings:
    return msgspec.structs.replace(sqlite_settings, statement_timeout=0.2)


@pytest.fixture
async def engine(settings: DatabaseSettings) -> AsyncIterator[Engine]:
    async with opened(settings) as engine:
        yield engine


@contextmanager
def another_process(path: str) -> Iterator[None]:
    """One that serves this file, and is killed at the end, without a chance to tidy up."""
    command = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.kill()


@contextmanager
def locked(path: str) -> Iterator[sqlite3.Connection]:
    """Somebody else writes to the file: a backup, or a person with the sqlite3 shell."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


async def refused_by_name(settings: DatabaseSettings) -> None:
    with pytest.raises(InvalidConfiguration) as error:
        async with opened(settings):
            pass
    assert settings.path in str(error.value)


async def test_a_second_engine_is_refused_by_the_files_name_until_the_first_has_closed(
    settings: DatabaseSettings,
) -> None:
    async with opened(settings):
        await refused_by_name(settings)
        await refused_by_name(settings)
    async with opened(settings) as engine:
        assert await profiles(engine) == []


async def test_another_process_is_in_the_way_while_it_lives_and_not_after_it_was_killed(
    settings: DatabaseSettings,
) -> None:
    with another_process(settings.path):
        await refused_by_name(settings)
    async with opened(settings) as engine:
        assert await profiles(engine) == []


async def test_two_files_are_served_side_by_side(settings: DatabaseSettings, tmp_path: Path) -> None:
    async with opened(settings) as one, opened(DatabaseSettings(path=str(tmp_path / "other.db"))) as other:
        assert await ask(one, "SELECT 1") == await ask(other, "SELECT 1") == [(1,)]


async def test_what_was_written_is_there_when_the_file_is_opened_again(settings: DatabaseSettings) -> None:
    async with opened(settings) as engine:
        await repository(engine).create(record(ANN), herself(ANN))
    async with opened(settings) as engine:
        assert await repository(engine).get(ANN) == record(ANN)


async def test_no_thread_is_left_after_close(settings: DatabaseSettings) -> None:
    before = set(threading.enumerate())
    async with opened(settings) as engine:
        await repository(engine).create(record(ANN), herself(ANN))
        with bound(engine):
            assert await ProfileRow.count() == 1
            async with engine.exclusive():
                assert await ProfileRow.count() == 1
        assert set(threading.enumerate()) > before
    left = {each for each in set(threading.enumerate()) - before if not each.name.startswith("asyncio")}
    assert left == set()


async def test_close_twice_is_close(settings: DatabaseSettings) -> None:
    async with opened(settings) as engine:
        await engine.close()
    async with opened(settings):
        pass


async def test_writes_under_way_are_finished_before_close(settings: DatabaseSettings) -> None:
    async with opened(settings) as engine:
        store = repository(engine)
        writing = [asyncio.create_task(store.create(record(key), herself(key))) for key in CROWD]
        await asyncio.sleep(0)
    assert await asyncio.gather(*writing) == [True] * 50
    async with opened(settings) as engine:
        assert len(await profiles(engine)) == 50


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)],
    ids=lambda value: str(value),
)
async def test_the_writer_is_durable(engine: Engine, pragma: str, value: object) -> None:
    """2 is FULL: an answered write survives a power cut."""
    assert await engine.write([Statement(f"PRAGMA {pragma}", ())], {}) == [(value,)]


async def test_a_write_behind_a_foreign_lock_is_refused_in_time_not_made_and_works_afterwards(
    engine: Engine, store: ProfileRepository, settings: DatabaseSettings
) -> None:
    with locked(settings.path):
        async with asyncio.timeout(20):
            with pytest.raises(StoreUnavailable):
                await store.create(record(ANN), herself(ANN))
    assert await profiles(engine) == await audit(engine) == []
    assert await store.create(record(ANN), herself(ANN)) is True


async def test_reads_do_not_wait_for_a_writer_and_see_nothing_uncommitted(
    store: ProfileRepository, settings: DatabaseSettings
) -> None:
    await store.create(record(ANN), herself(ANN))
    with locked(settings.path) as other:
        other.execute("UPDATE profilegate_profile SET name = 'Uncommitted'")
        assert await store.get(ANN) == record(ANN)


async def test_a_caller_who_goes_away_leaves_a_whole_write_or_none(engine: Engine, store: ProfileRepository) -> None:
    writing = [asyncio.create_task(store.create(record(key), herself(key))) for key in CROWD]
    await asyncio.sleep(0)
    for each in writing[::2]:
        each.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    assert await store.create(record(ANN), herself(ANN)) is True
    there = [row["user_id"] for row in await profiles(engine)]
    assert there == [entry["user_id"] for entry in await audit(engine)]
    assert {key.user_id for key in CROWD[1::2]} <= set(there)


async def test_more_writes_than_may_wait_are_refused_at_once(engine: Engine, store: ProfileRepository) -> None:
    answers = await at_once(store.suspend(BOB, OPERATOR, LATER) for _ in range(1100))
    assert answers[:1000] == [False] * 1000
    assert [type(each) for each in answers[1000:]] == [StoreUnavailable] * 100
    assert await store.suspend(BOB, OPERATOR, LATER) is False


async def test_a_failed_write_leaves_the_writer_free(store: ProfileRepository) -> None:
    await store.create(record(ANN, username="ann"), herself(ANN))
    await at_once(store.create(record(key, username="ann"), herself(key)) for key in CROWD)
    assert await store.change(ANN, EVERY_FIELD, OPERATOR, LATER) is not None


async def test_a_file_in_a_folder_that_is_not_there_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    await refused_by_name(DatabaseSettings(path=str(tmp_path / "nowhere" / "profilegate.db")))


async def test_a_file_that_is_no_database_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Ann, this is no database. " * 100)
    await refused_by_name(DatabaseSettings(path=str(tmp_path / "letter.db")))
