"""What a database that is about to lose its primary, or has lost it, may not make us say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace
from tests.postgres import OwnPostgres
from tests.store.databases import connected, opened, repository
from tests.store.inboxes import delivery, inbox_on
from tests.store.people import ANN, BOB, LATER, OPERATOR, herself, record

from profilegate.errors import StoreUnavailable
from profilegate.profiles.record import ProfileChange, ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine

Ask = Callable[[Engine, int], Awaitable[Any]]

ASKED: dict[str, Ask] = {
    "a name": lambda engine, n: renamed(engine, ProfileChange(name=f"Name {n}")),
    "a username": lambda engine, n: renamed(engine, ProfileChange(username=f"ann_{n}")),
    "a record": lambda engine, n: repository(engine).create(record(ProfileKey("default", f"new-{n}")), OPERATOR),
    "a delivery": lambda engine, n: inbox_on(engine).add(delivery(f"delivery-{n}")),
}


def renamed(engine: Engine, change: ProfileChange) -> Awaitable[Any]:
    return repository(engine).change(ANN, change, OPERATOR, LATER)


@asynccontextmanager
async def without_its_standby(settings: DatabaseSettings) -> AsyncIterator[None]:
    """The one standby that commits wait for is away."""
    async with connected(settings) as connection:
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'away'")
        await connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            await connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            await connection.execute("SELECT pg_reload_conf()")


async def given_up(engine: Engine, ask: Ask) -> int:
    """The number of the first that was committed on the primary alone."""
    async with asyncio.timeout(30):
        for n in count():
            try:
                await ask(engine, n)
            except StoreUnavailable:
                return n
    raise AssertionError


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
async def test_what_only_the_primary_has_is_not_acknowledged_when_it_is_asked_for_again(
    stoppable: OwnPostgres, postgres_settings: DatabaseSettings, ask: Ask
) -> None:
    async with opened(replace(postgres_settings, statement_timeout=1.0)) as engine:
        await repository(engine).create(record(ANN), herself(ANN))
        async with without_its_standby(postgres_settings):
            made = await given_up(engine, ask)
            with pytest.raises(StoreUnavailable):
                await ask(engine, made)
        assert await ask(engine, made) is not None


async def test_connections_to_a_server_that_only_reads_are_given_up(postgres_settings: DatabaseSettings) -> None:
    async with connected(postgres_settings) as connection:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        async with opened(postgres_settings) as engine:
            await connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            store = repository(engine)
            with pytest.raises(StoreUnavailable):
                await store.create(record(BOB), OPERATOR)
            assert await store.create(record(BOB), OPERATOR)
