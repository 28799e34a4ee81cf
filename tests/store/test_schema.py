"""Migrations: all or nothing, one process at a time, and no serving of what does not fit."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from piccolo.conf.apps import ENVIRONMENT_VARIABLE
from tests.postgres import Postgres
from tests.store.databases import (
    ask,
    at_once,
    audit,
    connected,
    cut_off,
    everything,
    opened,
    profiles,
    repository,
)
from tests.store.people import ANN, BOB, CAROL, CROWD, LATER, STRANGER, WHOLE, herself, record

from profilegate.errors import InvalidConfiguration, StoreUnavailable, UsernameTaken
from profilegate.profiles.record import ProfileChange
from profilegate.settings import DatabaseSettings, UsernameSettings
from profilegate.store import contraction
from profilegate.store.binding import MODULE, bound
from profilegate.store.engine import Engine
from profilegate.store.postgres import MIGRATION_LOCK
from profilegate.store.profiles import ProfileRepository
from profilegate.store.schema import MigrationFailed, known, migrate, pending, refuse_unknown
from profilegate.store.statements import Statement
from profilegate.store.tables import TABLES, AuditRow, ProfileRow, SettingRow

IGNORED, COUNTED = UsernameSettings(case_sensitive=False), UsernameSettings(case_sensitive=True)

UNIQUE = {
    "profilegate_profile_key",
    "profilegate_profile_username",
    "profilegate_creation_count_key",
    "profilegate_setting_name",
}

MIGRATOR = """
import asyncio, sys
from profilegate.settings import DatabaseSettings, UsernameSettings
from profilegate.store.postgres import Postgres
from profilegate.store.schema import migrate

async def main():
    engine = Postgres(DatabaseSettings(url=sys.argv[1]))
    await engine.open()
    print("ready", flush=True)
    sys.stdin.readline()
    await migrate(engine, UsernameSettings())
    await engine.close()

asyncio.run(main())
"""

TABLE_NAMES = {
    "postgres": "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1",
}

UNIQUE_INDEXES = {
    "postgres": "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE INDEX%'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE INDEX%'",
}

COLUMNS = {
    "postgres": "SELECT table_name, column_name, data_type, is_nullable, column_default "
    "FROM information_schema.columns "
    "WHERE table_schema = 'public' AND table_name LIKE 'profilegate%' ORDER BY table_name, ordinal_position",
    "sqlite": 'SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master t, '
    "pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name LIKE 'profilegate%' ORDER BY t.name, c.cid",
}


@pytest.fixture(params=["sqlite", "postgres"])
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSettings:
    """A database in which nothing was ever made."""
    if request.param == "sqlite":
        return DatabaseSettings(path=str(tmp_path / "empty.db"))
    server: Postgres = request.getfixturevalue("server")
    return DatabaseSettings(url=server.fresh_database())


@pytest.fixture
async def empty(empty_settings: DatabaseSettings) -> AsyncIterator[Engine]:
    async with opened(empty_settings) as engine:
        yield engine


@pytest.fixture
async def fresh(empty: Engine) -> Engine:
    """Migrated for this test alone, so that it may be altered."""
    await migrate(empty, IGNORED)
    return empty


async def execute(engine: Engine, sql: str) -> None:
    await engine.write([Statement(sql, ())], {})


async def add_entry(engine: Engine, user_id: str, then: Awaitable[None] | None = None) -> None:
    """In one of Piccolo's transactions, in which something else may happen before its end."""
    async with engine.exclusive():
        await AuditRow.insert(AuditRow(user_id=user_id))
        if then is not None:
            await then


async def fail() -> None:
    raise ZeroDivisionError


def fail_while_bound(engine: Any) -> None:
    with bound(engine):
        assert os.environ[ENVIRONMENT_VARIABLE] != "a_hosts_own_conf"
        assert [table._meta._db for table in TABLES] == [engine] * len(TABLES)
        raise ZeroDivisionError


async def refusal(engine: Engine, settings: UsernameSettings = IGNORED) -> str:
    with pytest.raises(InvalidConfiguration) as error:
        await refuse_unknown(engine, settings)
    return str(error.value)


async def state(engine: Engine) -> tuple[Any, ...]:
    return (
        await ask(engine, "SELECT user_id, username, username_key, version FROM profilegate_profile ORDER BY user_id"),
        await ask(engine, "SELECT name, value FROM profilegate_setting"),
    )


async def usernames(engine: Engine) -> dict[str, tuple[str, str]]:
    return {row["user_id"]: (row["username"], row["username_key"]) for row in await profiles(engine)}


def migrated_at_once(settings: DatabaseSettings, processes: int) -> list[str]:
    """What each of the processes complained of; they start working when all of them are ready."""
    command = [sys.executable, "-c", MIGRATOR, str(settings.url)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [subprocess.Popen(command, text=True, **pipes) for _ in range(processes)]
    assert [each.stdout.readline() for each in started if each.stdout] == ["ready\n"] * processes
    for each in started:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return [each.communicate()[1] for each in started]


async def test_an_empty_database_gets_everything_and_says_what(empty: Engine) -> None:
    assert await pending(empty) == sorted(known())
    assert await migrate(empty, IGNORED) == sorted(known())
    assert await pending(empty) == []
    await refuse_unknown(empty, IGNORED)
    store = repository(empty)
    assert await store.create(WHOLE, herself(ANN)) is True
    assert await store.get(ANN) == WHOLE


async def test_a_second_migration_does_nothing(fresh: Engine) -> None:
    await repository(fresh).create(WHOLE, herself(ANN))
    before = await everything(fresh)
    migrations = await ask(fresh, "SELECT * FROM migration")
    assert await migrate(fresh, IGNORED) == []
    assert await everything(fresh) == before
    assert await ask(fresh, "SELECT * FROM migration") == migrations


async def test_a_process_may_migrate_one_database_after_the_other(server: Postgres, tmp_path: Path) -> None:
    places = [DatabaseSettings(path=str(tmp_path / f"{n}.db")) for n in range(2)]
    places += [DatabaseSettings(url=server.fresh_database()) for _ in range(2)]
    for settings in (*places[::2], *places[1::2]):
        async with opened(settings) as engine:
            await migrate(engine, IGNORED)
            assert await profiles(engine) == []


async def test_processes_that_migrate_at_once_make_one_schema(server: Postgres) -> None:
    settings = DatabaseSettings(url=server.fresh_database())
    assert migrated_at_once(settings, processes=3) == [""] * 3
    async with opened(settings) as engine:
        assert [name for (name,) in await ask(engine, "SELECT name FROM migration")] == sorted(known())
        await refuse_unknown(engine, IGNORED)


async def test_a_migration_waits_for_another_longer_than_a_statement_may_take(server: Postgres) -> None:
    settings = DatabaseSettings(url=server.fresh_database(), statement_timeout=1.0)
    async with opened(settings) as engine, connected(settings) as other:
        await other.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        migrating = asyncio.create_task(migrate(engine, IGNORED))
        await asyncio.sleep(1.5)
        await other.execute(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})")
        assert await migrating == sorted(known())


async def test_a_migration_that_fails_leaves_nothing_behind_and_may_be_repeated(empty: Engine) -> None:
    await execute(empty, "CREATE TABLE profilegate_setting (unexpected INTEGER)")
    (failure,) = await at_once([migrate(empty, IGNORED)])
    assert isinstance(failure, Exception)
    assert [name for (name,) in await ask(empty, TABLE_NAMES[empty.engine_type])] == ["profilegate_setting"]
    assert await pending(empty) == sorted(known())
    await execute(empty, "DROP TABLE profilegate_setting")
    assert await migrate(empty, IGNORED) == sorted(known())


async def test_a_migration_that_fails_says_so_in_our_own_words(empty: Engine) -> None:
    await execute(empty, "CREATE TABLE profilegate_setting (unexpected INTEGER)")
    with pytest.raises(MigrationFailed):
        await migrate(empty, IGNORED)


async def test_without_a_database_migrating_is_refused_as_unavailable(server: Postgres) -> None:
    async with opened(DatabaseSettings(url="postgresql://postgres@127.0.0.1:1/none", connect_timeout=1)) as engine:
        with pytest.raises(StoreUnavailable):
            await migrate(engine, IGNORED)


async def test_a_database_that_was_never_migrated_is_refused(empty: Engine) -> None:
    assert "run `profilegate migrate`" in await refusal(empty)


async def test_another_applications_migrations_are_none_of_ours(fresh: Engine) -> None:
    await execute(fresh, "INSERT INTO migration (name, app_name) VALUES ('2099-01-01T00:00:00:000000', 'host')")
    await refuse_unknown(fresh, IGNORED)
    await execute(fresh, "UPDATE migration SET app_name = 'host'")
    assert "not up to date" in await refusal(fresh)


NEWER = "2099-01-01T00:00:00:000000"


async def newer(engine: Engine, contracts: bool) -> None:
    """What a newer release's migration leaves behind."""
    await execute(engine, f"INSERT INTO migration (name, app_name) VALUES ('{NEWER}', 'profilegate')")
    with bound(engine):
        async with engine.exclusive():
            if contracts:
                await contraction.note(NEWER)


async def test_a_schema_from_which_a_newer_release_took_something_is_refused(fresh: Engine) -> None:
    await newer(fresh, contracts=True)
    assert "newer than this release" in await refusal(fresh)
    with pytest.raises(InvalidConfiguration, match="newer than this release"):
        await migrate(fresh, IGNORED)


async def test_a_schema_to_which_a_newer_release_only_added_is_served(fresh: Engine) -> None:
    await newer(fresh, contracts=False)
    await refuse_unknown(fresh, IGNORED)
    assert (await pending(fresh), await migrate(fresh, IGNORED)) == ([], [])


async def test_a_contraction_that_this_release_knows_is_no_hindrance(fresh: Engine) -> None:
    await newer(fresh, contracts=False)
    with bound(fresh):
        async with fresh.exclusive():
            await contraction.note(max(known()))
            await contraction.note(max(known()))
    await refuse_unknown(fresh, IGNORED)


async def test_another_comparison_of_usernames_than_the_stored_one_is_refused(fresh: Engine) -> None:
    assert "usernames.case_sensitive" in await refusal(fresh, COUNTED)
    await migrate(fresh, COUNTED)
    await refuse_unknown(fresh, COUNTED)
    assert "usernames.case_sensitive" in await refusal(fresh, IGNORED)


async def test_switching_to_case_that_counts_and_back_changes_the_keys_and_nothing_else(fresh: Engine) -> None:
    store = repository(fresh)
    await store.create(record(ANN, username="Ann"), herself(ANN))
    await store.create(record(BOB, username="bob"), herself(BOB))
    await store.create(record(CAROL), herself(CAROL))
    before = await everything(fresh)
    await migrate(fresh, COUNTED)
    assert await usernames(fresh) == {"ann": ("Ann", "Ann"), "bob": ("bob", "bob"), "carol": (None, None)}
    await migrate(fresh, IGNORED)
    assert await everything(fresh) == before


async def test_usernames_compare_as_they_were_migrated(fresh: Engine) -> None:
    await repository(fresh).create(record(ANN, username="Ann"), herself(ANN))
    await migrate(fresh, COUNTED)
    counting = repository(fresh, case_sensitive=True)
    assert await counting.create(record(BOB, username="ann"), herself(BOB)) is True
    await counting.change(BOB, ProfileChange(username="anna"), herself(BOB), LATER)
    await migrate(fresh, IGNORED)
    with pytest.raises(UsernameTaken):
        await repository(fresh).change(BOB, ProfileChange(username="ANN"), herself(BOB), LATER)


async def test_usernames_that_would_clash_are_listed_and_nothing_is_changed(fresh: Engine) -> None:
    await migrate(fresh, COUNTED)
    store = repository(fresh, case_sensitive=True)
    for key, username in ((ANN, "Popular"), (BOB, "popular"), (CAROL, "POPULAR"), (STRANGER, "popular")):
        await store.create(record(key, username=username), herself(key))
    for key, username in zip(CROWD[:4], ("one", "ONE", "two", "three"), strict=True):
        await store.create(record(key, username=username), herself(key))
    before = await state(fresh)
    with pytest.raises(InvalidConfiguration) as error:
        await migrate(fresh, IGNORED)
    assert list(error.value.problems) == [
        "usernames.case_sensitive: 2 users of acme are one",
        "usernames.case_sensitive: 3 users of acme are popular",
    ]
    assert await state(fresh) == before
    await refuse_unknown(fresh, COUNTED)


async def test_a_clash_does_not_keep_the_database_locked(fresh: Engine) -> None:
    await migrate(fresh, COUNTED)
    store = repository(fresh, case_sensitive=True)
    for key, username in ((ANN, "Popular"), (BOB, "popular")):
        await store.create(record(key, username=username), herself(key))
    for _ in range(3):
        with pytest.raises(InvalidConfiguration):
            await migrate(fresh, IGNORED)
    await store.change(BOB, ProfileChange(username="bob"), herself(BOB), LATER)
    await migrate(fresh, IGNORED)
    assert await usernames(fresh) == {"ann": ("Popular", "popular"), "bob": ("bob", "bob")}


async def test_the_unique_indexes_bear_the_names_that_the_errors_are_told_by(fresh: Engine) -> None:
    names = {name for (name,) in await ask(fresh, UNIQUE_INDEXES[fresh.engine_type])}
    assert names >= UNIQUE


async def test_the_tables_that_the_queries_know_are_those_that_the_migrations_make(fresh: Engine) -> None:
    columns = COLUMNS[fresh.engine_type]
    migrated = [tuple(row) for row in await ask(fresh, columns)]
    assert len(migrated) == sum(len(table._meta.columns) for table in TABLES)
    with bound(fresh):
        for table in reversed(TABLES):
            await table.alter().drop_table()
        for table in TABLES:
            await table.create_table()
    assert [tuple(row) for row in await ask(fresh, columns)] == migrated


@pytest.mark.parametrize("configured", [None, "a_hosts_own_conf"])
async def test_binding_gives_the_hosts_configuration_back_even_after_an_error(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, configured: str | None
) -> None:
    if configured is None:
        monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, configured)
    own = [table._meta._db for table in TABLES]
    with pytest.raises(ZeroDivisionError):
        fail_while_bound(engine)
    assert os.environ.get(ENVIRONMENT_VARIABLE) == configured
    assert [table._meta._db for table in TABLES] == own
    assert MODULE not in sys.modules


async def test_migrating_gives_it_back_too(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "a_hosts_own_conf")
    own = [table._meta._db for table in TABLES]
    await migrate(empty, IGNORED)
    assert os.environ[ENVIRONMENT_VARIABLE] == "a_hosts_own_conf"
    assert [table._meta._db for table in TABLES] == own


async def test_migrating_prints_nothing(empty: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    await migrate(empty, IGNORED)
    assert capsys.readouterr() == ("", "")


async def test_piccolos_own_queries_work_on_our_engines(engine: Engine, store: ProfileRepository) -> None:
    await store.create(WHOLE, herself(ANN))
    with bound(engine):
        (row,) = await ProfileRow.select()
        assert (row["user_id"], row["name"], row["version"]) == (ANN.user_id, WHOLE.name, 1)
        assert msgspec.json.decode(row["custom_data"]) == WHOLE.custom_data
        await ProfileRow.update({ProfileRow.name: "By Piccolo"}).where(ProfileRow.user_id == ANN.user_id)
        await SettingRow.insert(SettingRow(name="test", value="{}' ?"))
        assert await SettingRow.select(SettingRow.value).where(SettingRow.name == "test") == [{"value": "{}' ?"}]
        await SettingRow.delete().where(SettingRow.name == "test")
        assert await AuditRow.count() == 1
    assert (await profiles(engine))[0]["name"] == "By Piccolo"


async def test_piccolos_transactions_commit_or_leave_nothing(engine: Engine) -> None:
    with bound(engine):
        await add_entry(engine, "kept")
        with pytest.raises(ZeroDivisionError):
            await add_entry(engine, "dropped", fail())
        assert await AuditRow.select(AuditRow.user_id) == [{"user_id": "kept"}]


async def test_the_exclusive_transaction_lets_one_in_at_a_time(engine: Engine) -> None:
    inside, most = 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with engine.exclusive():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    assert await at_once(enter() for _ in range(5)) == [None] * 5
    assert most == 1


def one_connection(settings: DatabaseSettings) -> DatabaseSettings:
    return msgspec.structs.replace(settings, pool_max=1, acquire_timeout=0.5)


async def test_a_failed_commit_gives_the_connection_back(server: Postgres) -> None:
    settings = one_connection(DatabaseSettings(url=server.fresh_database()))
    async with opened(settings) as engine:
        await execute(engine, "CREATE TABLE kind (id INT PRIMARY KEY)")
        await execute(engine, "CREATE TABLE thing (kind INT REFERENCES kind DEFERRABLE INITIALLY DEFERRED)")
        for _ in range(3):
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                async with engine.exclusive() as transaction:
                    await transaction.connection.execute("INSERT INTO thing VALUES (1)")
            assert await ask(engine, "SELECT * FROM thing") == []


async def test_a_connection_lost_before_the_commit_is_given_back(postgres_settings: DatabaseSettings) -> None:
    settings = one_connection(postgres_settings)
    async with opened(settings) as engine:
        for _ in range(3):
            with bound(engine):
                (failure,) = await at_once([add_entry(engine, "lost", cut_off(settings))])
            assert isinstance(failure, Exception)
            assert await audit(engine) == []
