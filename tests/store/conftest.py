"""A migrated, empty database of each kind for every test, and the store on it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests import postgres
from tests.postgres import OwnPostgres, Postgres
from tests.store.databases import opened, repository, service_on

from profilegate.profiles.service import ProfileService
from profilegate.settings import DatabaseSettings, UsernameSettings
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository
from profilegate.store.schema import migrate
from profilegate.store.statements import Statement
from profilegate.store.tables import TABLES, SettingRow


async def prepare(settings: DatabaseSettings) -> None:
    async with opened(settings) as engine:
        await migrate(engine, UsernameSettings())


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """The PostgreSQL of all tests of this folder."""
    with postgres.start() as running:
        yield running


@pytest.fixture
def stoppable(server: Postgres) -> OwnPostgres:
    """The same server, for tests that take it away."""
    if not isinstance(server, OwnPostgres):
        pytest.skip("the PostgreSQL given by a DSN is not ours to stop")
    return server


@pytest.fixture(scope="session")
def postgres_template(server: Postgres) -> DatabaseSettings:
    """Migrated once; each test finds its tables empty."""
    settings = DatabaseSettings(url=server.fresh_database())
    asyncio.run(prepare(settings))
    return settings


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; each test gets a copy."""
    path = tmp_path_factory.mktemp("template") / "profilegate.db"
    asyncio.run(prepare(DatabaseSettings(path=str(path))))
    return path


@pytest.fixture
def sqlite_settings(sqlite_template: Path, tmp_path: Path) -> DatabaseSettings:
    return DatabaseSettings(path=str(shutil.copy(sqlite_template, tmp_path / "profilegate.db")))


@pytest.fixture
async def postgres_settings(postgres_template: DatabaseSettings) -> DatabaseSettings:
    async with opened(postgres_template) as engine:
        for table in (each for each in reversed(TABLES) if each is not SettingRow):
            await engine.write([Statement(f"DELETE FROM {table._meta.tablename}", ())], {})
    return postgres_template


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest) -> DatabaseSettings:
    """A migrated database without a record, of either kind."""
    found: DatabaseSettings = request.getfixturevalue(f"{request.param}_settings")
    return found


@pytest.fixture
async def engine(settings: DatabaseSettings) -> AsyncIterator[Engine]:
    async with opened(settings) as engine:
        yield engine


@pytest.fixture
async def store(engine: Engine) -> ProfileRepository:
    return repository(engine)


@pytest.fixture
def service(store: ProfileRepository) -> ProfileService:
    return service_on(store)
