"""Commands that end by themselves: what they print, where, and their exit status."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.conftest import Configured
from tests.cli.running import done

from profilegate import __version__
from profilegate.cli import cli


def run(*arguments: str, **options: str) -> Result:
    """Without a setting in the environment; what is no exit of click's fails the test."""
    environment = {"PROFILEGATE_CONFIG": None, **options}
    result = CliRunner().invoke(cli, arguments, env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


@pytest.mark.parametrize("command", [(), *((name,) for name in cli.commands)])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself(command: tuple[str, ...], flag: str) -> None:
    result = run(*command, flag)
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) > 4


def test_the_help_lists_every_command_with_a_line() -> None:
    listed = run("--help").stdout.partition("Commands:")[2].split("\n")
    assert {line.split()[0] for line in listed if line.strip()} >= set(cli.commands)


def test_the_version_is_the_packages() -> None:
    assert __version__ in run("--version").stdout


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["serve", "--nothing"], ["demo", "--port", "x"], ["demo", "--as", "eve"]]
)
def test_a_mistyped_command_is_told_on_stderr(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


def test_the_module_is_the_command() -> None:
    assert done("--version").stdout == f"profilegate, version {__version__}\n"


def test_valid_settings_are_summed_up(config: str) -> None:
    result = run("check-config", "--config", config)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "valid" in result.stdout


def test_the_settings_file_may_be_named_by_the_environment(config: str) -> None:
    assert run("check-config", PROFILEGATE_CONFIG=config).exit_code == 0


FAULTY = """
[server]
port = 0
prot = 1
[database]
pool_min = "many"
[[issuers]]
issuer = "https://id.example"
[[issuers]]
issuer = "http://id.example"
audiences = ["x"]
"""
PLACES = ("server.port", "server.prot", "database.pool_min", "issuers[0].audiences", "issuers[1].issuer")
READERS = ["check-config", "serve", "migrate", "openapi", "verify-token"]


@pytest.mark.parametrize("command", READERS)
def test_every_problem_is_told_at_once_with_its_place(tmp_path: Path, command: str) -> None:
    (tmp_path / "faulty.toml").write_text(FAULTY)
    result = run(command, "--config", str(tmp_path / "faulty.toml"))
    assert (result.exit_code, result.stdout) == (2, "")
    for place in PLACES:
        assert f"profilegate: {place}: " in result.stderr


@pytest.mark.parametrize("command", READERS)
def test_settings_that_are_not_there_are_told(tmp_path: Path, command: str) -> None:
    result = run(command, "--config", str(tmp_path / "nothing.toml"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing.toml: No such file or directory" in result.stderr


def test_without_any_settings_the_missing_ones_are_told() -> None:
    result = run("check-config")
    assert (result.exit_code, "issuers" in result.stderr) == (2, True)


def test_a_file_that_is_not_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.toml").write_bytes(b"\xff[")
    assert run("check-config", "--config", str(tmp_path / "no.toml")).exit_code == 2


def test_the_environment_overrides_the_file(config: str) -> None:
    result = run("check-config", "--config", config, PROFILEGATE__SERVER__PORT="0")
    assert (result.exit_code, "server.port" in result.stderr) == (2, True)


def test_migrate_applies_what_is_missing_once(config: str) -> None:
    first, second = run("migrate", "--config", config), run("migrate", "--config", config)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.startswith("applied  ")
    assert second.stdout == "The database is up to date.\n"


def test_check_tells_what_is_missing_and_applies_nothing(config: str) -> None:
    for _ in range(2):
        result = run("migrate", "--check", "--config", config)
        assert (result.exit_code, result.stdout.split()[0]) == (1, "missing")
    run("migrate", "--config", config)
    assert run("migrate", "--check", "--config", config).exit_code == 0


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_of_a_newer_release_is_told(config: str, tmp_path: Path, command: str) -> None:
    run("migrate", "--config", config)
    newer = "INSERT INTO migration (name, app_name, ran_on) SELECT '2999-01-01', app_name, ran_on FROM migration"
    with closing(sqlite3.connect(tmp_path / "profilegate.db", isolation_level=None)) as connection:
        connection.execute(newer)
        connection.execute("INSERT INTO profilegate_setting (name, value) VALUES ('schema.contracted', '2999-01-01')")
    result = run(command, "--config", config)
    assert (result.exit_code, "newer than this release" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_folder_that_is_not_there_is_told(configured: Configured, tmp_path: Path, command: str) -> None:
    result = run(command, "--config", configured(tmp_path / "nowhere" / "profilegate.db"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere" in result.stderr


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_file_that_is_no_database_is_told_and_kept(configured: Configured, tmp_path: Path, command: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, and dear to somebody\n" * 100)
    before = file.read_bytes()
    result = run(command, "--config", configured(file))
    assert (result.exit_code, "notes.txt" in result.stderr) == (2, True)
    assert file.read_bytes() == before


def test_migrate_without_its_database_server_fails_with_words(config: str) -> None:
    result = run("migrate", "--config", config, PROFILEGATE__DATABASE__URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("profilegate: ")


def test_openapi_prints_the_document_and_touches_no_database(config: str, tmp_path: Path) -> None:
    result = run("openapi", "--config", config)
    assert (result.exit_code, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["openapi"].startswith("3.")
    assert "/v1/profiles/user/{user_id}" in document["paths"]
    assert [each.name for each in tmp_path.iterdir()] == ["profilegate.toml"]
