"""`profilegate demo`: one command, a line to paste, and nothing left of it."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.running import (
    LOOPBACK,
    PATIENCE,
    environment,
    errors,
    eventually,
    family,
    listening,
    output,
    started,
)
from tests.postgres import free_port


class Demo:
    """A demo that is ready; its temporary folder lies in `temporary`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, temporary: Path) -> None:
        self.process, self.folder, self.temporary = process, folder, temporary
        self.text = output(folder)

    @property
    def curl(self) -> str:
        (line,) = (line for line in self.text.splitlines() if line.startswith("curl"))
        return line

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.text)
        return told


@contextmanager
def demo(folder: Path, *arguments: str, port: int | None = None) -> Iterator[Demo]:
    temporary = folder / "tmp"
    temporary.mkdir()
    port = port or free_port()
    with started(folder, "demo", "--port", str(port), *arguments, TMPDIR=str(temporary)) as process:
        eventually(lambda: output(folder).endswith("\n") or process.poll() is not None, lambda: errors(folder))
        assert process.poll() is None, errors(folder)
        yield Demo(process, folder, temporary)


@pytest.mark.parametrize("person", ["alice", "bob", "olive"])
def test_the_printed_line_works_when_it_is_pasted(tmp_path: Path, person: str) -> None:
    with demo(tmp_path, "--as", person) as running:
        pasted = subprocess.run(
            ["bash", "-c", running.curl], capture_output=True, text=True, env=environment(), timeout=PATIENCE
        )
    assert json.loads(pasted.stdout)["name"].lower().startswith(person)


def test_json_is_one_object_on_stdout(tmp_path: Path) -> None:
    with demo(tmp_path, "--json") as running:
        told = running.told
        headers = {"authorization": f"Bearer {told['token']}"}
        answer = httpx.get(f"{told['url']}/v1/profiles/user/k3v9x0q7m2ab", headers=headers, trust_env=False)
    assert list(told) == ["url", "issuer", "person", "token", "curl"]
    assert (answer.status_code, told["person"]) == (200, "alice")


def test_progress_goes_to_stderr_and_not_into_the_answer(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        assert "Ready in" in errors(tmp_path)
        assert "✓" not in running.text


def test_the_text_shows_where_and_with_what(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        assert re.search(r"^Base URL +http://127\.0\.0\.1:\d+$", running.text, re.MULTILINE)
        assert re.search(r"^Access token +\S+\.\S+\.\S+$", running.text, re.MULTILINE)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("group", [False, True])
def test_nothing_is_left_of_it(tmp_path: Path, stop: signal.Signals, group: bool) -> None:
    with demo(tmp_path, "--json") as running:
        everybody = family(running.process.pid)
        ports = {port for _, port in listening(everybody)}
        assert any(running.temporary.iterdir())
        (os.killpg if group else os.kill)(running.process.pid, stop)
        assert running.process.wait(PATIENCE) == 0
    assert not any(running.temporary.iterdir())
    assert not [pid for pid in everybody if Path(f"/proc/{pid}").exists()]
    assert [port for port in ports if answers(port)] == []
    assert "Traceback" not in errors(tmp_path)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_starts_it_leaves_nothing_either(tmp_path: Path, stop: signal.Signals) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with started(tmp_path, "demo", "--port", str(free_port()), TMPDIR=str(temporary)) as process:
        eventually(lambda: any(temporary.iterdir()), lambda: errors(tmp_path))
        process.send_signal(stop)
        process.wait(PATIENCE)
    assert not any(temporary.iterdir())
    assert "Traceback" not in errors(tmp_path)


def test_it_ends_while_a_client_is_still_connected(tmp_path: Path) -> None:
    with demo(tmp_path, "--json") as running:
        port = int(running.told["url"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
            running.process.terminate()
            assert running.process.wait(PATIENCE) == 0


def test_a_taken_port_is_left_to_who_has_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, "--json", port=port) as running:
            assert not running.told["url"].endswith(f":{port}")
            assert httpx.get(f"{running.told['url']}/health", trust_env=False).status_code == 200


def test_a_wanted_port_is_used(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, "--json", port=port) as running:
        assert running.told["url"] == f"http://127.0.0.1:{port}"


def test_nothing_listens_but_on_loopback(tmp_path: Path) -> None:
    with demo(tmp_path, "--json") as running:
        found = listening(family(running.process.pid))
        wanted = {int(running.told[name].rpartition(":")[2]) for name in ("url", "issuer")}
    assert {port for _, port in found} == wanted
    assert {host for host, _ in found} == {LOOPBACK}


def test_two_demos_live_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    port = free_port()
    with demo(tmp_path / "one", "--json", port=port) as one, demo(tmp_path / "two", "--json", port=port) as two:
        assert one.told["url"] != two.told["url"]
        headers = {"authorization": f"Bearer {one.told['token']}"}
        answer = httpx.get(f"{two.told['url']}/v1/profiles/user/k3v9x0q7m2ab", headers=headers, trust_env=False)
    assert answer.status_code == 401


def test_settings_of_the_environment_do_not_reach_into_it(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    more = {"TMPDIR": str(temporary), "PROFILEGATE_CONFIG": "/nowhere.toml", "PROFILEGATE__SERVER__PORT": "1"}
    with started(tmp_path, "demo", "--json", "--port", str(free_port()), **more) as process:
        eventually(lambda: output(tmp_path).endswith("\n") or process.poll() is not None, lambda: errors(tmp_path))
        assert process.poll() is None, errors(tmp_path)


def test_a_proxy_of_the_environment_is_not_asked(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    proxy = "http://127.0.0.1:1"
    more = {
        "TMPDIR": str(temporary),
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "ALL_PROXY": proxy,
        "http_proxy": proxy,
    }
    with started(tmp_path, "demo", "--json", "--port", str(free_port()), **more) as process:
        eventually(lambda: output(tmp_path).endswith("\n") or process.poll() is not None, lambda: errors(tmp_path))
        assert process.poll() is None, errors(tmp_path)
        told = json.loads(output(tmp_path))
        headers = {"authorization": f"Bearer {told['token']}"}
        answer = httpx.get(f"{told['url']}/v1/profiles/user/k3v9x0q7m2ab", headers=headers, trust_env=False)
    assert answer.status_code == 200
