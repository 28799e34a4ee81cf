"""The wheel is built and installed once a run; providers and hosts are started once in each worker of it."""

import fcntl
import os
from collections.abc import Iterator

import msgspec
import pytest
from tests.e2e.conftest import database_server
from tests.integration.hosting import Process
from tests.integration.installed import Installed, install
from tests.integration.world import World, world
from tests.postgres import Postgres

__all__ = ["database_server"]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """With pytest-xdist whoever comes first installs, and the others wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed"
    folder.mkdir(exist_ok=True)
    note = folder / "done.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            note.write_bytes(msgspec.json.encode(install(folder), enc_hook=str))
    return msgspec.json.decode(note.read_bytes(), type=Installed, dec_hook=lambda kind, value: kind(value))


@pytest.fixture(scope="session")
def hosts(installed: Installed, database_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(installed, database_server, tmp_path_factory.mktemp("hosts")) as found:
        yield found


@pytest.fixture
def host(request: pytest.FixtureRequest, hosts: World) -> Process:
    """The host that the test is parametrised with."""
    return hosts.host(request.param)
