"""From every schema that there has been to the newest: what was stored is served as it was, and who serves goes on."""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from piccolo.apps.migrations.commands.forwards import run_forwards
from tests.postgres import Postgres
from tests.store.databases import opened, repository
from tests.store.people import ANN, LATER, WHOLE, herself

from profilegate.profiles.record import Profile, ProfileChange
from profilegate.settings import DatabaseSettings, UsernameSettings
from profilegate.store import piccolo_migrations
from profilegate.store.binding import bound
from profilegate.store.engine import Engine
from profilegate.store.piccolo_app import APP_CONFIG
from profilegate.store.schema import known, migrate, pending, refuse_unknown
from profilegate.store.statements import Statement

RELEASED = sorted(known())
"""Every schema is named by the last migration that made it."""

OLD_ROW = (
    "INSERT INTO profilegate_profile (tenant_id, user_id, username, username_key, name, avatar, custom_data, "
    "identities, sso_identities, oidc_profile, created_at, updated_at, version, sources, versions, suspended_by_idp, "
    "suspended_by_operator, has_password) VALUES ('acme', 'ann', 'Ann_1', 'ann_1', 'Ann', 'https://a.test/1', "
    "'{\"a\": 1}', '{}', '[]', '{\"nickname\": \"An\"}', 1000, 2000, 7, "
    "'{\"name\": \"user\"}', '{}', FALSE, FALSE, FALSE)"
)


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    if request.param == "sqlite":
        settings = DatabaseSettings(path=str(tmp_path / "empty.db"))
    else:
        server: Postgres = request.getfixturevalue("server")
        settings = DatabaseSettings(url=server.fresh_database())
    async with opened(settings) as engine:
        yield engine


async def migrated_to(engine: Engine, migration: str) -> None:
    """As a release left it, of which this was the newest migration."""
    with bound(engine):
        async with engine.exclusive():
            assert (await run_forwards(APP_CONFIG.app_name, migration)).success


async def execute(engine: Engine, sql: str) -> None:
    await engine.write([Statement(sql, ())], {})


def test_each_migration_is_a_file_of_its_own() -> None:
    files = [each.name for each in iter_modules(piccolo_migrations.__path__)]
    assert len(files) == len(RELEASED) == len({import_module(f"{piccolo_migrations.__name__}.{n}").ID for n in files})


@pytest.mark.parametrize("release", RELEASED)
async def test_a_record_of_any_release_is_served_as_it_was(empty: Engine, release: str) -> None:
    await migrated_to(empty, release)
    await execute(empty, OLD_ROW)
    assert await migrate(empty, UsernameSettings()) == RELEASED[RELEASED.index(release) + 1 :]
    await refuse_unknown(empty, UsernameSettings())
    found = await repository(empty).get(ANN)
    assert isinstance(found, Profile)
    assert (found.username, found.name, found.avatar, found.version) == ("Ann_1", "Ann", "https://a.test/1", 7)
    assert (found.custom_data, found.oidc_profile, found.sources["name"]) == ({"a": 1}, {"nickname": "An"}, "user")
    assert (found.created_at, found.updated_at) == (1000, 2000)


@pytest.mark.parametrize("release", RELEASED[:-1])
async def test_what_is_missing_is_told_and_not_served(empty: Engine, release: str) -> None:
    await migrated_to(empty, release)
    assert await pending(empty) == RELEASED[RELEASED.index(release) + 1 :]
    with pytest.raises(Exception, match="run `profilegate migrate`"):
        await refuse_unknown(empty, UsernameSettings())


async def test_who_serves_goes_on_while_a_newer_release_adds_to_the_schema(empty: Engine) -> None:
    await migrate(empty, UsernameSettings())
    store = repository(empty)
    await store.create(WHOLE, herself(ANN))
    answers: list[object] = []

    async def serve(n: int) -> None:
        for turn in range(20):
            change = ProfileChange(name=f"{n} {turn}")
            answers.append(await store.change(ANN, change, herself(ANN), LATER))
            answers.append(await store.get(ANN))

    serving = [asyncio.create_task(serve(n)) for n in range(4)]
    await asyncio.sleep(0.01)
    await execute(empty, "ALTER TABLE profilegate_profile ADD COLUMN pronouns TEXT NULL")
    await execute(empty, "INSERT INTO migration (name, app_name) VALUES ('2099-01-01T00:00:00:000000', 'profilegate')")
    await asyncio.gather(*serving)
    await refuse_unknown(empty, UsernameSettings())
    assert {type(each) for each in answers} == {Profile}
