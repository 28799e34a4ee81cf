"""`profilegate serve` serves until it is told to stop, or says why it does not."""

import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import httpx
import pytest
from tests.cli.conftest import Configured
from tests.cli.running import LOOPBACK, PATIENCE, done, errors, eventually, family, listening, output, started

DOWN = "postgresql://nobody@127.0.0.1:1/nothing"


def url(config: str) -> str:
    return f"http://127.0.0.1:{tomllib.loads(Path(config).read_text())['server']['port']}"


def status(address: str) -> int | None:
    """None while nobody listens."""
    try:
        return httpx.get(address, trust_env=False).status_code
    except httpx.TransportError:
        return None


@contextmanager
def serving(folder: Path, config: str, **environment: str) -> Iterator[Popen[str]]:
    with started(folder, "serve", "--config", config, **environment) as process:
        eventually(lambda: status(f"{url(config)}/health") == 200, lambda: output(folder) + errors(folder))
        yield process


@pytest.fixture
def migrated(config: str) -> str:
    assert done("migrate", "--config", config).returncode == 0
    return config


def test_an_unmigrated_database_is_not_served(config: str) -> None:
    answer = done("serve", "--config", config)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "profilegate: database: the schema is not up to date; run `profilegate migrate`\n"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_when_it_is_told_to(migrated: str, tmp_path: Path, stop: signal.Signals) -> None:
    with serving(tmp_path, migrated) as process:
        assert status(f"{url(migrated)}/ready") == 200
        assert status(f"{url(migrated)}/v1/profiles/user/alice") == 401
        everybody = family(process.pid)
        process.send_signal(stop)
        assert process.wait(PATIENCE) == 0
    assert status(f"{url(migrated)}/health") is None
    assert not [pid for pid in everybody if Path(f"/proc/{pid}").exists()]
    assert "Traceback" not in output(tmp_path) + errors(tmp_path)


def test_after_a_stop_the_database_is_free(migrated: str, tmp_path: Path) -> None:
    with serving(tmp_path, migrated) as process:
        process.terminate()
        process.wait(PATIENCE)
    assert done("migrate", "--config", migrated).returncode == 0


def test_ctrl_c_in_a_terminal_ends_it_once(migrated: str, tmp_path: Path) -> None:
    """A terminal sends the signal to every process of the group."""
    with serving(tmp_path, migrated) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert "Traceback" not in output(tmp_path) + errors(tmp_path)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_is_served_is_not_opened_by_another(migrated: str, tmp_path: Path, command: str) -> None:
    with serving(tmp_path, migrated):
        answer = done(command, "--config", migrated)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert "another process already serves" in answer.stderr
        assert status(f"{url(migrated)}/ready") == 200


def test_it_listens_where_it_is_told_and_nowhere_else(migrated: str, tmp_path: Path) -> None:
    with serving(tmp_path, migrated) as process:
        port = int(url(migrated).rpartition(":")[2])
        assert listening(family(process.pid)) == {(LOOPBACK, port)}


def test_a_taken_port_is_told_in_words(configured: Configured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = configured(port=port)
        done("migrate", "--config", config)
        answer = done("serve", "--config", config)
    assert answer.returncode != 0
    assert (str(port) in answer.stderr, "Traceback" in answer.stderr) == (True, False)


def test_without_its_database_server_it_serves_and_says_so(config: str, tmp_path: Path) -> None:
    with serving(tmp_path, config, PROFILEGATE__DATABASE__URL=DOWN) as process:
        assert status(f"{url(config)}/ready") == 503
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_settings_may_come_from_the_environment_alone(migrated: str, tmp_path: Path) -> None:
    with started(tmp_path, "serve", PROFILEGATE_CONFIG=migrated) as process:
        eventually(lambda: status(f"{url(migrated)}/ready") == 200, lambda: errors(tmp_path))
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_json_logs_are_json(migrated: str, tmp_path: Path) -> None:
    with serving(tmp_path, migrated, PROFILEGATE__SERVER__LOG_FORMAT="json") as process:
        httpx.get(f"{url(migrated)}/v1/profiles/user/alice", headers={"authorization": "Bearer x"}, trust_env=False)
        process.terminate()
        process.wait(PATIENCE)
    lines = [line for line in (output(tmp_path) + errors(tmp_path)).splitlines() if line.strip()]
    assert [json.loads(line)["message"] for line in lines if "not valid" in line]
    assert [line for line in lines if not line.startswith("{")] == []


def test_before_it_stops_it_says_so_at_ready_and_goes_on_serving(migrated: str, tmp_path: Path) -> None:
    with serving(tmp_path, migrated, PROFILEGATE__SERVER__STOP_DELAY="3") as process:
        process.send_signal(signal.SIGTERM)
        eventually(lambda: status(f"{url(migrated)}/ready") == 503)
        assert httpx.get(f"{url(migrated)}/ready", trust_env=False).json()["status"] == "stopping"
        assert status(f"{url(migrated)}/v1/profiles/user/alice") == 401
        assert process.wait(PATIENCE) == 0


def test_who_does_not_want_to_wait_says_so_twice(migrated: str, tmp_path: Path) -> None:
    with serving(tmp_path, migrated, PROFILEGATE__SERVER__STOP_DELAY="3600") as process:
        process.send_signal(signal.SIGTERM)
        eventually(lambda: status(f"{url(migrated)}/ready") == 503)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_worker_looks_for_garbage_seldom_and_never_among_what_it_began_with(migrated: str) -> None:
    looked = "import gc; from profilegate.app import SELDOM, from_environment; from_environment()"
    told = "; print(gc.get_threshold() == SELDOM, gc.get_freeze_count() > 10_000)"
    ended = subprocess.run(
        [sys.executable, "-c", looked + told],
        env=os.environ | {"PROFILEGATE_CONFIG": migrated},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.stdout == "True True\n", ended.stderr
