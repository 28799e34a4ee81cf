"""`profilegate doctor` says of each thing around the service how it is, and fails only for what the service needs."""

import json
import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests import postgres
from tests.cli.running import PROGRAM, done, environment, errors, eventually, started
from tests.minting import MintingProvider
from tests.postgres import Postgres, free_port

DOWN = "postgresql://nobody@127.0.0.1:1/nothing"

Told = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres.start() as server:
        yield server


def written(folder: Path, issuer: str, dsn: str | None = None, lines: str = "") -> str:
    file = folder / "profilegate.toml"
    where = f'url = "{dsn}"' if dsn else f"path = '{folder / 'profilegate.db'}'"
    audiences = "audiences = ['https://profiles.example']"
    file.write_text(f"[database]\n{where}\n{lines}\n[[issuers]]\nissuer = '{issuer}'\n{audiences}\n")
    return str(file)


def told(config: str, fails: bool, **more: str) -> Told:
    """Each finding by its check; the exit status is checked."""
    answer = done("doctor", "--config", config, env=environment(**more))
    findings = json.loads(answer.stdout)
    assert answer.returncode == (1 if fails else 0), answer.stdout
    assert any(each["state"] == "FAIL" for each in findings) == fails
    return {each["check"]: (each["state"], each["detail"]) for each in findings}


def test_where_all_is_well_nothing_fails(tmp_path: Path, demo: dict[str, Any], database: Postgres) -> None:
    config = written(tmp_path, demo["issuer"], database.fresh_database())
    assert done("migrate", "--config", config).returncode == 0
    found = told(config, fails=False)
    wanted = ("configuration", "issuer default", "issuer default keys", "issuer default clock", "database", "schema")
    assert [found[name][0] for name in (*wanted, "database clock")] == ["ok"] * 7, found
    assert found["durability"][0] == ("ok" if "fsync=on" in found["durability"][1] else "warn")
    assert "ES256" in found["issuer default keys"][1]
    assert found["database"][1].startswith("PostgreSQL ")


def test_an_unmigrated_database_is_told_with_what_to_do(tmp_path: Path, demo: dict[str, Any]) -> None:
    state, detail = told(written(tmp_path, demo["issuer"]), fails=True)["schema"]
    assert (state, "profilegate migrate" in detail) == ("FAIL", True)


def test_a_database_that_does_not_answer_is_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    assert told(written(tmp_path, demo["issuer"], DOWN), fails=True)["database"][0] == "FAIL"


def test_a_provider_that_does_not_answer_is_told(tmp_path: Path) -> None:
    state, detail = told(written(tmp_path, "http://127.0.0.1:1/oidc"), fails=True)["issuer default"]
    assert (state, "http://127.0.0.1:1/oidc" in detail) == ("FAIL", True)


def test_a_replica_that_does_not_answer_is_a_warning(tmp_path: Path, demo: dict[str, Any], database: Postgres) -> None:
    config = written(tmp_path, demo["issuer"], database.fresh_database(), f"replica_urls = ['{DOWN}']")
    assert done("migrate", "--config", config).returncode == 0
    assert told(config, fails=False)["replica 0"][0] == "warn"


def test_a_database_in_use_is_a_warning(tmp_path: Path, demo: dict[str, Any]) -> None:
    config = written(tmp_path, demo["issuer"])
    assert done("migrate", "--config", config).returncode == 0
    more = {"PROFILEGATE__SERVER__PORT": str(free_port())}
    with started(tmp_path, "serve", "--config", config, **more):
        eventually(lambda: "Started worker" in errors(tmp_path), lambda: errors(tmp_path))
        eventually(lambda: "already serves" in done("migrate", "--config", config).stderr)
        assert told(config, fails=False)["database"][0] == "warn"


@pytest.fixture
def late(request: pytest.FixtureRequest) -> Iterator[str]:
    """A provider whose clock is as many seconds off as the test says."""
    minting = MintingProvider()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys = self.path.endswith("/jwks")
            base = f"http://127.0.0.1:{self.server.server_address[1]}"
            body = json.loads(minting.key_set()) if keys else {"issuer": base, "jwks_uri": f"{base}/jwks"}
            self.send_response_only(200)
            self.send_header("Date", formatdate(self.now(), usegmt=True))
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_HEAD = do_GET  # noqa: N815  the name is the library's

        def now(self) -> float:
            import time

            return time.time() + request.param

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("late", "state"), [(0, "ok"), (-15, "warn"), (60, "FAIL")], indirect=["late"])
def test_clocks_that_differ_are_told(tmp_path: Path, late: str, state: str) -> None:
    config = written(tmp_path, late)
    assert done("migrate", "--config", config).returncode == 0
    assert told(config, fails=state == "FAIL")["issuer default clock"][0] == state


def test_on_a_terminal_it_is_a_report_for_people(tmp_path: Path, demo: dict[str, Any]) -> None:
    config = written(tmp_path, demo["issuer"])
    done("migrate", "--config", config)
    ours, theirs = pty.openpty()
    subprocess.run([*PROGRAM, "doctor", "--config", config], stdout=theirs, env=environment(TERM="xterm"), timeout=30)
    os.close(theirs)
    report = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "configuration" in report
    assert not report.startswith("[")


def test_settings_that_cannot_be_used_are_told_first(tmp_path: Path) -> None:
    file = tmp_path / "profilegate.toml"
    file.write_text("[server]\nport = 0\n")
    answer = done("doctor", "--config", str(file))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "server.port" in answer.stderr
