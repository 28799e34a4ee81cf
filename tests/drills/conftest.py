"""A service on the embedded SQLite, and the ways to it."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec import Struct
from tests.bench.issuing import Person, people
from tests.bench.servers import Ours, World
from tests.drills.probes import Door
from tests.drills.provider import Provider
from tests.drills.refusals import nginx_before
from tests.drills.service import Service

PEOPLE = 4


class House(Struct):
    """The service, somebody with a token, and where files may be."""

    service: Service
    person: Person
    folder: Path

    @property
    def name(self) -> str:
        """The person's, in the record."""
        path = f"/v1/profiles/user/{self.person.user_id}"
        return str(asyncio.run(self.service.ask(path, self.person)).body)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, provider = tmp_path_factory.mktemp("house"), Provider()
    provider.start()
    prepared = Ours(sqlite=True).prepared(World(None, provider, folder, PEOPLE))  # type: ignore[arg-type]
    with Service(prepared, folder) as service:
        yield House(service, people(provider, 1, PEOPLE)[0], folder)
    provider.stop()


@pytest.fixture(scope="module", params=["direct", "nginx"])
def door(request: pytest.FixtureRequest, house: House) -> Iterator[Door]:
    with ExitStack() as stack:
        through = request.param == "nginx"
        port = house.service.port
        yield stack.enter_context(nginx_before(house.folder, port)) if through else Door(port)
