"""How hosts begin and end: what they say when the database is not as it must be, and that they leave nothing behind."""

from pathlib import Path

import pytest
from msgspec import Struct
from tests.integration.hosting import BY_SIGNAL, Process
from tests.integration.world import WITH_RECORDS, World
from tests.postgres import free_port

EVERY = ("litestar", "fastapi", "starlette", "django")


class Ended(Struct):
    """How a host that had served ended, and what it had said."""

    code: int
    log: str


def own(hosts: World, name: str, folder: Path, database: str) -> Process:
    """A host with a database of its own, not started yet."""
    port = free_port()
    settings = hosts.settings(folder, f"http://127.0.0.1:{port}", database)
    return hosts.process(name, folder, port=str(port), HOST_SETTINGS=settings)


@pytest.fixture(scope="module", params=EVERY)
def ended(request: pytest.FixtureRequest, hosts: World, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A host that has admitted somebody and was then told to stop."""
    folder = tmp_path_factory.mktemp(request.param)
    with own(hosts, request.param, folder, hosts.sqlite(folder / "profiles.db")) as host:
        assert host.ready().call(hosts.provider.sign_in("caller"), "/me").status_code == 200
        return Ended(host.stop(), host.log)


def test_a_host_stops_when_it_is_told_to(ended: Ended) -> None:
    assert ended.code in BY_SIGNAL, ended.log


def test_a_host_that_was_stopped_has_no_error_in_its_log(ended: Ended) -> None:
    assert "Traceback" not in ended.log
    assert "rror" not in ended.log


@pytest.mark.parametrize("ended", ["fastapi"], indirect=True)
def test_a_hosts_own_shutdown_runs(ended: Ended) -> None:
    assert "the library closes" in ended.log


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
@pytest.mark.parametrize("name", WITH_RECORDS)
def test_a_host_whose_database_has_no_schema_does_not_start_and_says_what_to_run(
    hosts: World, name: str, server: str, tmp_path: Path
) -> None:
    with own(hosts, name, tmp_path, f"path = '{tmp_path}/profiles.db'").on(server) as host:
        assert host.ended() != 0
        assert "the schema is not up to date; run `profilegate migrate`" in host.log


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_a_host_whose_database_is_away_starts_and_answers_503_until_it_is_there(
    hosts: World, name: str, tmp_path: Path
) -> None:
    database = f'url = "postgresql://nobody@127.0.0.1:{free_port()}/nothing"'
    with own(hosts, name, tmp_path, database) as host:
        host.ready()
        answer = host.call(hosts.provider.sign_in("caller"), "/me")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert host.http.get("/identity/ready").status_code == 503
        assert host.http.get("/open").status_code == 200
        assert "the database does not answer yet" in host.log
        assert host.stop() in BY_SIGNAL, host.log


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_a_host_without_lifespan_gets_one(hosts: World, server: str, tmp_path: Path) -> None:
    process = hosts.process("django", tmp_path).on(server)
    with process as host:
        host.ready()
        assert host.stop() in BY_SIGNAL, host.log
        assert "unsupported" not in host.log
        assert "without Lifespan" not in host.log
