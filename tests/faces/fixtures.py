"""Fixtures of every test that calls the whole service. A conftest names those that its folder uses."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from tests import postgres
from tests.faces.running import Clock, Service, running
from tests.postgres import Postgres
from tests.store.databases import opened

from profilegate.settings import DatabaseSettings, UsernameSettings
from profilegate.store.schema import migrate
from profilegate.store.statements import Statement
from profilegate.store.tables import TABLES, SettingRow

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
"""Runs a test on each kind of database; without it a test has the embedded one."""


class Serve(Protocol):
    """Starts the service with these settings instead of the usual ones; it ends with the test."""

    def __call__(self, **changes: Any) -> Awaitable[Service]: ...


async def migrated(settings: DatabaseSettings) -> DatabaseSettings:
    async with opened(settings) as engine:
        await migrate(engine, UsernameSettings())
    return settings


async def emptied(settings: DatabaseSettings) -> DatabaseSettings:
    async with opened(settings) as engine:
        for table in reversed(TABLES):
            if table is not SettingRow:  # what the schema depends on stays
                await engine.write([Statement(f"DELETE FROM {table._meta.tablename}", ())], {})
    return settings


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "profilegate.db"
    asyncio.run(migrated(DatabaseSettings(path=str(path))))
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres.start() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> DatabaseSettings:
    return asyncio.run(migrated(DatabaseSettings(url=postgres_server.fresh_database())))


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSettings:
    """A migrated database without a record."""
    if getattr(request, "param", "sqlite") == "postgres":
        return asyncio.run(emptied(request.getfixturevalue("postgres_template")))
    template = request.getfixturevalue("sqlite_template")
    return DatabaseSettings(path=str(shutil.copy(template, tmp_path / "profilegate.db")))


@pytest.fixture
def clock() -> Clock:
    """Stands at the moment that the API's documents show."""
    return Clock()


@pytest.fixture
async def serve(database: DatabaseSettings, clock: Clock) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(**changes: Any) -> Service:
            return await stack.enter_async_context(running(**{"database": database, "clock": clock, **changes}))

        yield start


@pytest.fixture
async def service(serve: Serve) -> Service:
    return await serve()


@pytest.fixture
def client(service: Service, request: pytest.FixtureRequest) -> httpx.AsyncClient:
    """Calls as `@pytest.mark.caller(user_id, **claims)` says, else as alice."""
    marker = request.node.get_closest_marker("caller")
    return service.client(*marker.args, **marker.kwargs) if marker else service.client("alice")
