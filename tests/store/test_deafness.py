"""A process that cannot be told of changes knows it, believes nothing, and listens again as soon as it can."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace
from tests.postgres import OwnPostgres
from tests.store.caching import MUCH, until
from tests.store.databases import cut_off, opened, repository
from tests.store.forwarding import Forwarding, forwarding
from tests.store.listening import Listener, Ticks, listener, listening, people, renamed
from tests.store.people import ANN, BOB, LATER, OPERATOR

from profilegate.profiles.record import ProfileChange
from profilegate.settings import DatabaseSettings
from profilegate.store.cache import RecordCache
from profilegate.store.coherence import BELIEVED, Notifications
from profilegate.store.profiles import ProfileRepository

__all__ = ["listener", "people"]


async def test_without_a_sign_of_life_nothing_is_believed_after_less_than_a_second(
    postgres_settings: DatabaseSettings,
) -> None:
    ticks = Ticks()
    async with listening(postgres_settings, ticks=ticks) as listener:
        ticks.now += BELIEVED
        assert not listener.coherence.is_current()
        await until(listener.coherence.is_current)
    assert not listener.coherence.is_current()
    assert BELIEVED < 1


async def test_who_slept_through_a_change_is_told_of_it_before_anything_is_believed_again(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    ticks = Ticks()
    async with listening(postgres_settings, ticks=ticks) as listener:
        with ThreadPoolExecutor(1) as thread:  # this event loop stands still
            thread.submit(asyncio.run, renamed(postgres_settings, "bob")).result()
        ticks.now += 2
        assert (listener.coherence.is_current(), listener.told) == (False, [])
        await until(listener.coherence.is_current)
        assert BOB in listener.told


async def test_who_is_cut_off_forgets_everything_and_listens_again(
    listener: Listener, postgres_settings: DatabaseSettings
) -> None:
    await cut_off(postgres_settings)
    await until(lambda: not listener.coherence.is_current())
    await until(lambda: None in listener.told)
    await renamed(postgres_settings, "bob")  # nobody hears this
    await until(listener.coherence.is_current)
    await renamed(postgres_settings, "ann")
    await listener.is_told(ANN)


async def test_what_changes_while_nobody_listens_is_read_anew(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    async with opened(postgres_settings) as engine:
        coherence = Notifications(postgres_settings)
        cache = RecordCache(repository(engine), repository(engine).look, coherence, MUCH)
        async with coherence.running():
            for round in range(3):
                await until(coherence.is_current)
                await cache.recall(BOB)
                await cut_off(postgres_settings)
                await until(lambda: not coherence.is_current())
                changed = await people.change(BOB, ProfileChange(name=f"Round {round}"), OPERATOR, LATER)
                assert await cache.recall(BOB) == changed
                await until(coherence.is_current)
                assert await cache.recall(BOB) == changed


async def test_a_server_that_stops_is_noticed_and_found_again(
    listener: Listener, stoppable: OwnPostgres, postgres_settings: DatabaseSettings
) -> None:
    down = stoppable.down()
    await asyncio.to_thread(down.__enter__)
    try:
        await until(lambda: not listener.coherence.is_current())
    finally:
        await asyncio.to_thread(down.__exit__, None, None, None)
    await until(listener.coherence.is_current)
    await renamed(postgres_settings, "ann")
    await listener.is_told(ANN)


@asynccontextmanager
async def through_a_proxy(settings: DatabaseSettings) -> AsyncIterator[tuple[Forwarding, DatabaseSettings]]:
    """Behind a pooler, with another way to listen."""
    parts = urlsplit(settings.url)
    async with forwarding(parts.port or 5432) as proxy:
        way = parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}").geturl()
        yield proxy, replace(settings, pgbouncer=True, listen_url=way, connect_timeout=0.5)


async def test_a_connection_that_stands_still_is_noticed_and_given_up(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    async with through_a_proxy(postgres_settings) as (proxy, settings), listening(settings) as listener:
        proxy.freeze()
        await renamed(postgres_settings, "bob")
        await until(lambda: not listener.coherence.is_current())
        assert BOB not in listener.told
        await until(lambda: None in listener.told)
        proxy.thaw()
        await until(listener.coherence.is_current)
        await renamed(postgres_settings, "ann")
        await listener.is_told(ANN)


NONSENSE = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an unknown message": b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I" + b"\x01\x00\x00\x00\x04" * 3,
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
async def test_a_server_that_talks_nonsense_is_no_end_of_listening(
    people: ProfileRepository, postgres_settings: DatabaseSettings, nonsense: bytes
) -> None:
    async with through_a_proxy(postgres_settings) as (proxy, settings):
        proxy.nonsense = nonsense
        listener = Listener(settings)
        async with listener.coherence.running():
            await until(lambda: proxy.connections > 1)
            assert not listener.coherence.is_current()
            proxy.nonsense = b""
            await until(listener.coherence.is_current)


def direct(settings: DatabaseSettings) -> DatabaseSettings:
    """Without a pooler: signs are sent where they are heard."""
    return replace(settings, url=settings.listen_url, listen_url=None, pgbouncer=False)


ENDED = b"SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"


async def test_a_connection_that_is_ended_between_two_signs_is_no_end_of_listening(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    async with through_a_proxy(postgres_settings) as (proxy, settings), listening(direct(settings)) as listener:
        proxy.say(b"E" + (len(ENDED) + 4).to_bytes(4) + ENDED)
        await until(lambda: not listener.coherence.is_current())
        await until(listener.coherence.is_current)
        await renamed(postgres_settings, "ann")
        await listener.is_told(ANN)


async def test_behind_a_pooler_that_cannot_be_gone_round_nothing_is_remembered(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    settings = replace(postgres_settings, pgbouncer=True)
    async with opened(settings) as engine:
        coherence = Notifications(settings)
        cache = RecordCache(repository(engine), repository(engine).look, coherence, MUCH)
        async with coherence.running():
            for round in range(3):
                changed = await people.change(BOB, ProfileChange(name=f"Round {round}"), OPERATOR, LATER)
                assert await cache.recall(BOB) == changed
                assert cache.remembered(BOB) is None


async def test_nothing_is_believed_while_nothing_can_be_said_where_changes_are_made(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    async with through_a_proxy(postgres_settings) as (proxy, settings):
        settings = replace(settings, url=settings.listen_url, listen_url=settings.url)
        async with listening(settings) as listener:
            proxy.freeze()
            await until(lambda: not listener.coherence.is_current())
            proxy.thaw()
            await until(listener.coherence.is_current)


async def test_the_log_says_once_that_nothing_is_heard_and_once_that_it_is_again(
    people: ProfileRepository, postgres_settings: DatabaseSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "profilegate.store.coherence")
    async with through_a_proxy(postgres_settings) as (proxy, settings):
        impatient = replace(direct(settings), connect_timeout=0.3)
        async with listening(impatient):
            proxy.freeze()
            await until(lambda: "not remembered" in caplog.text)
            await asyncio.sleep(3)  # two tries in vain
            proxy.thaw()
            await until(lambda: "again" in caplog.text)
    told = [record.getMessage().partition(":")[0] for record in caplog.records]
    assert told == ["records are not remembered", "records are remembered again"]


async def test_another_database_is_no_place_to_listen(
    people: ProfileRepository, postgres_settings: DatabaseSettings
) -> None:
    parts = urlsplit(postgres_settings.url)
    settings = replace(postgres_settings, pgbouncer=True, listen_url=parts._replace(path="/postgres").geturl())
    listener = Listener(settings)
    async with listener.coherence.running():
        with pytest.raises(TimeoutError):
            await until(listener.coherence.is_current, within=2)
