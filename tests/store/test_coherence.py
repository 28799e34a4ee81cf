"""PostgreSQL tells every process which records have changed, whoever changed them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace
from tests.store.caching import MUCH, until
from tests.store.databases import connected, opened, repository
from tests.store.listening import RENAME, Listener, listener, listening, people
from tests.store.people import ANN, BOB, CAROL, CROWD, LATER, OPERATOR, STRANGER, herself, record

from profilegate.profiles.record import ProfileChange, ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.cache import RecordCache
from profilegate.store.lives import LifeSession
from profilegate.store.profiles import ProfileRepository

__all__ = ["listener", "people"]


@pytest.fixture
async def other(listener: Listener, postgres_settings: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """Somebody with a database shell."""
    async with connected(postgres_settings) as connection:
        yield connection


async def mark(other: asyncpg.Connection, listener: Listener) -> None:
    """What was to be told before this has been told."""
    await other.execute("SELECT pg_notify('profilegate', E'the\\tmark')")
    await listener.is_told(ProfileKey("the", "mark"))


async def test_one_changed_row_is_told_by_its_key(other: asyncpg.Connection, listener: Listener) -> None:
    await other.execute(f"{RENAME} AND tenant_id = 'other'", "ann")
    await mark(other, listener)
    assert listener.told[:-1] == [STRANGER]


async def test_all_rows_of_one_statement_are_told(other: asyncpg.Connection, listener: Listener) -> None:
    await other.execute("UPDATE profilegate_profile SET name = 'New'")
    await mark(other, listener)
    assert sorted(listener.told[:-1], key=str) == sorted([ANN, BOB, STRANGER], key=str)


async def test_a_deleted_row_is_told(other: asyncpg.Connection, listener: Listener) -> None:
    await other.execute("DELETE FROM profilegate_profile WHERE user_id = 'bob'")
    await mark(other, listener)
    assert listener.told[:-1] == [BOB]


async def test_a_table_that_is_emptied_is_told(other: asyncpg.Connection, listener: Listener) -> None:
    await other.execute("TRUNCATE profilegate_profile CASCADE")
    await mark(other, listener)
    assert listener.told[:-1] == [None]


async def test_a_row_that_gets_another_key_is_told_by_the_one_it_had(
    other: asyncpg.Connection, listener: Listener
) -> None:
    await other.execute("UPDATE profilegate_profile SET user_id = 'carol' WHERE user_id = 'bob'")
    await mark(other, listener)
    assert BOB in listener.told


async def test_more_than_one_notification_can_hold_makes_everything_forgotten(
    other: asyncpg.Connection, listener: Listener, people: ProfileRepository
) -> None:
    for number in range(40):
        await people.create(record(ProfileKey("acme", f"{number}-".ljust(255, "x"))), OPERATOR)
    await other.execute("UPDATE profilegate_profile SET name = 'New'")
    await mark(other, listener)
    assert listener.told[:-1] == [None]


@pytest.mark.parametrize("length", [1, 255])
async def test_ids_at_the_edge_of_a_notification_change_like_all_others(
    other: asyncpg.Connection, listener: Listener, people: ProfileRepository, length: int
) -> None:
    await other.execute("DELETE FROM profilegate_profile")
    for number in range(7_999 // (length + 6) + 2):
        key = ProfileKey("t", f"{number}".rjust(max(length, 4), "~"))
        await people.create(record(key), OPERATOR)
        if number > 7_800 // (max(length, 4) + 3):
            await other.execute("UPDATE profilegate_profile SET name = clock_timestamp()::text")
    await mark(other, listener)
    assert None in listener.told


async def test_a_change_of_the_record_is_told_with_its_new_version_and_any_other_without(
    other: asyncpg.Connection, listener: Listener, people: ProfileRepository
) -> None:
    await people.change(ANN, ProfileChange(name="Anna"), herself(ANN), LATER)
    await people.revoke_before(ANN, LATER, OPERATOR, LATER)
    await people.suspend(BOB, OPERATOR, LATER)
    await people.erase(BOB, OPERATOR, LATER)
    await other.execute(RENAME, "ann")
    await mark(other, listener)
    told = list(zip(listener.told, listener.versions, strict=True))[:-1]
    assert told == [(ANN, 2), (ANN, None), (BOB, 2), (BOB, 3), (ANN, None), (STRANGER, None)] or told == [
        (ANN, 2), (ANN, None), (BOB, 2), (BOB, 3), (STRANGER, None), (ANN, None),
    ]  # fmt: skip


async def test_what_is_rolled_back_is_not_told(other: asyncpg.Connection, listener: Listener) -> None:
    with suppress(ZeroDivisionError):
        async with other.transaction():
            await other.execute(RENAME, "bob")
            raise ZeroDivisionError
    await mark(other, listener)
    assert listener.told[:-1] == []


async def test_a_change_is_told_after_its_commit_and_not_before(other: asyncpg.Connection, listener: Listener) -> None:
    async with other.transaction():
        await other.execute(RENAME, "bob")
        await until_current_anew(listener)
        assert listener.told == []
    await listener.is_told(BOB)


async def until_current_anew(listener: Listener) -> None:
    """A sign of life was sent and came back after this was called."""
    heard = listener.coherence._heard
    await until(lambda: listener.coherence._heard > heard)


async def test_nobody_is_told_of_new_records_because_nobody_remembers_them(
    listener: Listener, people: ProfileRepository, other: asyncpg.Connection
) -> None:
    await people.create(record(CAROL), herself(CAROL))
    await mark(other, listener)
    assert listener.told[:-1] == []


async def test_every_way_in_which_profilegate_changes_a_record_is_told(
    listener: Listener, people: ProfileRepository, other: asyncpg.Connection
) -> None:
    ways: list[Any] = [
        people.change(ANN, ProfileChange(name="New"), OPERATOR, LATER),
        people.fill(ANN, ProfileChange(primary_email="ann@new.test"), herself(ANN), LATER),
        people.suspend(ANN, OPERATOR, LATER),
        people.revoke_before(ANN, LATER, OPERATOR, LATER),
        people.erase(ANN, herself(ANN), LATER),
        people.revive(record(ANN, version=6), herself(ANN, LATER)),
    ]
    for number, way in enumerate(ways):
        assert await way, number
        await mark(other, listener)
        assert listener.told[:-1] == [ANN], number
        listener.told.clear()


async def test_what_a_providers_event_changes_is_told(
    listener: Listener, postgres_settings: DatabaseSettings, people: ProfileRepository, other: asyncpg.Connection
) -> None:
    async with opened(postgres_settings) as engine, engine.session() as session:
        lives = LifeSession(session, engine.engine_type, str.lower)
        before = await lives.find(BOB)
        assert before is not None
        await lives.save(before, replace(before, revoked_before=LATER), OPERATOR, LATER)
    await mark(other, listener)
    assert set(listener.told[:-1]) == {BOB}


async def test_a_role_that_may_do_little_more_than_change_rows_is_heard(
    other: asyncpg.Connection, listener: Listener
) -> None:
    await other.execute(
        "CREATE ROLE profilegate_clerk; GRANT SELECT, UPDATE ON profilegate_profile TO profilegate_clerk"
    )
    try:
        await other.execute("SET ROLE profilegate_clerk")
        await other.execute(RENAME, "bob")
        await listener.is_told(BOB)
    finally:
        await other.execute("RESET ROLE; DROP OWNED BY profilegate_clerk; DROP ROLE profilegate_clerk")


@pytest.mark.parametrize("payload", ["", "junk", "a\nb", "\t", "\n", "x\ty\tz", "é\té", "' OR 1=1"])
async def test_whatever_others_say_on_the_channel_hurts_nobody(
    other: asyncpg.Connection, listener: Listener, payload: str
) -> None:
    await other.execute("SELECT pg_notify('profilegate', $1)", payload)
    await mark(other, listener)
    await other.execute(RENAME, "bob")
    await listener.is_told(BOB)


async def test_every_listener_is_told_and_hears_its_own_signs(
    listener: Listener, postgres_settings: DatabaseSettings, other: asyncpg.Connection
) -> None:
    async with listening(postgres_settings) as second:
        await other.execute(RENAME, "bob")
        await listener.is_told(BOB)
        await second.is_told(BOB)


async def test_an_answer_to_a_change_waits_for_its_own_echo(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    async with opened(postgres_settings) as engine, listening(postgres_settings) as listener:
        cache = RecordCache(repository(engine), repository(engine).look, listener.coherence, MUCH)
        listener.coherence.tell(listener.note)
        for number in range(20):
            listener.told.clear()
            await cache.change(BOB, ProfileChange(name=f"Number {number}"), OPERATOR, LATER + number)
            assert listener.told == [BOB]
        assert listener.coherence._expected == {}


async def test_two_statements_of_one_transaction_are_told_once_each_or_together(
    other: asyncpg.Connection, listener: Listener
) -> None:
    async with other.transaction():
        await other.execute(RENAME, "bob")
        await other.execute("UPDATE profilegate_profile SET name = 'Newer' WHERE user_id = 'bob'")
        await other.execute("DELETE FROM profilegate_profile WHERE tenant_id = 'other'")
    await mark(other, listener)
    assert set(listener.told[:-1]) == {BOB, STRANGER}


async def test_a_crowd_of_changes_is_told_completely(listener: Listener, people: ProfileRepository) -> None:
    for key in CROWD:
        await people.create(record(key), OPERATOR)
    changes = [people.change(key, ProfileChange(name="New"), OPERATOR, LATER) for key in CROWD]
    await asyncio.gather(*changes)
    await until(lambda: set(CROWD) <= set(listener.told))
