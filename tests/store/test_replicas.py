"""Replicas answer for other people's records, as old as they are; nothing that decides is read from them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.postgres import OwnPostgres, Standby
from tests.store.caching import MUCH, Word, until
from tests.store.databases import connected, opened, profiles, repository, service_on
from tests.store.listening import Ticks
from tests.store.people import ANN, BOB, CAROL, LATER, OPERATOR, herself, record

from profilegate.profiles.record import Profile, ProfileChange
from profilegate.settings import DatabaseSettings
from profilegate.store.cache import RecordCache
from profilegate.store.database import make_engine
from profilegate.store.engine import Engine
from profilegate.store.replicas import PAUSE, Replicas

NEW = ProfileChange(name="New")


@pytest.fixture(scope="module")
def standby(server: OwnPostgres, postgres_template: DatabaseSettings) -> Iterator[Standby]:
    """A real one, made when the tests' database was there."""
    with Standby(server) as running:
        assert isinstance(running, Standby)
        yield running


class Set:
    """A primary with one replica, which follows only when it is told to."""

    def __init__(self, primary: DatabaseSettings, standby: Standby, engine: Engine) -> None:
        self.primary = primary
        self.engine = engine
        self.replica = DatabaseSettings(url=standby.dsn_of(str(primary.url)))
        self.store = repository(engine)
        self.ticks = Ticks()

    def cache(self, *replicas: Engine) -> RecordCache:
        elsewhere = Replicas(replicas, repository, self.store, self.ticks)
        return RecordCache(self.store, self.store.look, Word(), MUCH, elsewhere)

    async def follow(self) -> None:
        """Until the replica has all that the primary had by now."""
        async with connected(self.primary) as primary, connected(self.replica) as replica:
            await replica.execute("SELECT pg_wal_replay_resume()")
            position = await primary.fetchval("SELECT pg_current_wal_lsn()::text")
            for _ in range(1000):
                if await replica.fetchval("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position):
                    break
                await asyncio.sleep(0.01)
            await replica.execute("SELECT pg_wal_replay_pause()")
            while await replica.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture
async def behind(standby: Standby, postgres_settings: DatabaseSettings) -> AsyncIterator[Set]:
    """The replica knows Ann and Bob as they were made, and nothing since."""
    async with opened(postgres_settings) as engine:
        found = Set(postgres_settings, standby, engine)
        for key in (ANN, BOB):
            await found.store.create(record(key, name="Old"), herself(key))
        await found.follow()
        for key in (ANN, BOB):
            await found.store.change(key, NEW, herself(key), LATER)
        try:
            yield found
        finally:
            async with connected(found.replica) as replica:
                await replica.execute("SELECT pg_wal_replay_resume()")


def names(found: dict[Any, Any]) -> list[str | None]:
    return [each.name for each in found.values()]


async def test_other_peoples_records_come_from_the_replica_and_are_not_remembered(behind: Set) -> None:
    async with opened(behind.replica) as replica:
        cache = behind.cache(replica)
        assert names(await cache.get_many([ANN])) == ["Old"]
        assert names(await cache.get_many([ANN, BOB])) == ["Old", "Old"]
        await behind.follow()
        assert names(await cache.get_many([ANN])) == ["New"]
        assert names(await cache.get_many([ANN, BOB])) == ["New", "New"]


async def test_the_own_record_the_standing_and_what_decides_come_from_the_primary(behind: Set) -> None:
    await behind.store.suspend(BOB, OPERATOR, LATER)
    async with opened(behind.replica) as replica:
        cache = behind.cache(replica)
        recalled, got = await cache.recall(ANN), await cache.get(ANN)
        assert isinstance(recalled, Profile)
        assert isinstance(got, Profile)
        assert (recalled.name, got.name) == ("New", "New")
        assert (await cache.standing(BOB)).suspended


async def test_what_is_remembered_from_the_primary_is_not_asked_for_elsewhere(behind: Set) -> None:
    async with opened(behind.replica) as replica:
        cache = behind.cache(replica)
        await cache.change(ANN, ProfileChange(name="Newest"), herself(ANN), LATER + 1)
        assert names(await cache.get_many([ANN, BOB])) == ["Newest", "Old"]


async def test_a_record_that_the_replica_has_not_yet_is_not_made_again(behind: Set) -> None:
    await behind.store.create(record(CAROL, name="Carol"), herself(CAROL))
    async with opened(behind.replica) as replica:
        service = service_on(behind.cache(replica))
        found = await service.get_or_create(CAROL, herself(ANN))
    assert (found.name, len(await profiles(behind.engine))) == ("Carol", 3)


async def test_of_many_what_the_replica_has_not_yet_comes_from_the_primary(behind: Set) -> None:
    await behind.store.create(record(CAROL, name="Carol"), herself(CAROL))
    async with opened(behind.replica) as replica:
        assert names(await behind.cache(replica).get_many([ANN, CAROL])) == ["Old", "Carol"]


async def test_among_many_the_readers_own_comes_from_the_primary(behind: Set) -> None:
    async with opened(behind.replica) as replica:
        found = await service_on(behind.cache(replica)).read_many([ANN, BOB], ANN)
    assert [each and each.name for each in found] == ["New", "Old"]


async def test_a_replica_that_does_not_answer_is_left_alone_for_a_while_and_the_primary_asked(
    behind: Set, unreachable: DatabaseSettings
) -> None:
    async with opened(unreachable) as dead:
        cache = behind.cache(dead)
        assert names(await cache.get_many([ANN, BOB])) == ["New", "New"]
        tried: list[object] = []
        dead.fetch = lambda *asked: tried.append(asked)  # type: ignore[method-assign, assignment]
        assert names(await cache.get_many([ANN])) == ["New"]
        assert tried == []
        behind.ticks.now += PAUSE
        with pytest.raises(TypeError):
            await cache.get_many([ANN, BOB])
        assert len(tried) == 1


async def test_of_two_replicas_the_one_that_lives_answers(behind: Set, unreachable: DatabaseSettings) -> None:
    async with opened(unreachable) as dead, opened(behind.replica) as replica:
        cache = behind.cache(dead, replica)
        for _ in range(4):
            assert names(await cache.get_many([ANN])) == ["Old"]


async def test_replicas_are_opened_and_closed_with_what_uses_them(behind: Set) -> None:
    engine: Any = make_engine(behind.replica)
    async with Replicas([engine], repository, behind.store, behind.ticks).running():
        await until(lambda: engine.pool is not None)
    assert engine.pool is None


@pytest.fixture
def unreachable() -> DatabaseSettings:
    return DatabaseSettings(url="postgresql://nobody@127.0.0.1:1/nowhere", connect_timeout=0.2)
