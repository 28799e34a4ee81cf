"""When more ask of PostgreSQL than it can answer soon, those who are too many are told so at once."""

import asyncio

import msgspec
from tests.store.databases import ask, at_once, opened, somebody_waits

from profilegate.errors import StoreUnavailable
from profilegate.settings import DatabaseSettings
from profilegate.store.postgres import MOST_WAITING


async def test_more_statements_than_may_wait_are_refused_at_once_and_all_others_answered(
    postgres_settings: DatabaseSettings,
) -> None:
    settings = msgspec.structs.replace(postgres_settings, pool_max=1, acquire_timeout=30.0)
    async with opened(settings) as engine:
        await ask(engine, "SELECT 1")
        slow = asyncio.create_task(ask(engine, "SELECT pg_sleep(3)"))
        await somebody_waits(settings, event="Timeout")
        crowd = [asyncio.create_task(ask(engine, "SELECT 1")) for _ in range(MOST_WAITING + 40)]
        refused = await at_once(crowd[MOST_WAITING:])
        assert [type(each) for each in refused] == [StoreUnavailable] * 40
        assert not slow.done()
        assert await at_once(crowd[:MOST_WAITING]) == [[(1,)]] * MOST_WAITING
        await slow
        assert await ask(engine, "SELECT 1") == [(1,)]


async def test_who_is_refused_or_goes_away_leaves_its_place_to_others(postgres_settings: DatabaseSettings) -> None:
    settings = msgspec.structs.replace(postgres_settings, pool_max=1)
    async with opened(settings) as engine:
        await ask(engine, "SELECT 1")
        for _ in range(3):
            crowd = [asyncio.create_task(ask(engine, "SELECT pg_sleep(0.1)")) for _ in range(MOST_WAITING + 40)]
            await asyncio.sleep(0.01)
            for each in crowd:
                each.cancel()
            await at_once(crowd)
        assert await at_once(ask(engine, "SELECT 1") for _ in range(50)) == [[(1,)]] * 50
