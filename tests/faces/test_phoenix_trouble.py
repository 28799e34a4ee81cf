"""What the Phoenix face answers when something behind it fails."""

import logging
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from tests.faces.fixtures import Serve
from tests.faces.running import TENANT, Clock, Service, address, caller_of, in_a_task, issuer, running
from tests.minting import MintingProvider
from tests.postgres import Postgres, free_port

from profilegate.plugin import ProfileGate
from profilegate.profiles.service import ProfileService
from profilegate.settings import DatabaseSettings, Settings

HERE = address("alice")
NOBODY = DatabaseSettings(url=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", connect_timeout=0.5)


def unavailable(answer: httpx.Response) -> str:
    """The text, after the checks that hold for every outage."""
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in answer.headers
    return str(answer.json()["error"])


async def test_without_the_providers_keys_nobody_is_turned_away_for_good(service: Service) -> None:
    service.provider.down = True
    assert unavailable(await service.client("alice").get(HERE)) == "The identity provider cannot be reached."


async def test_known_keys_outlive_an_outage_of_the_provider(service: Service) -> None:
    await service.client("alice").get(HERE)
    service.provider.down = True
    assert (await service.client("bob").get(HERE)).status_code == 200


async def test_an_unknown_key_during_an_outage_is_no_refusal(service: Service) -> None:
    await service.client("alice").get(HERE)
    service.provider.rotate("key-2")
    service.provider.down = True
    unavailable(await service.client("alice").get(HERE))


@pytest.fixture
async def homeless(clock: Clock) -> AsyncIterator[Service]:
    """The service on a database where nobody listens."""
    async with running(NOBODY, clock) as service:
        yield service


@pytest.mark.parametrize(("method", "path"), [("GET", HERE), ("PUT", HERE), ("POST", "/v1/profiles/batch")])
async def test_without_a_database_every_call_may_come_again(homeless: Service, method: str, path: str) -> None:
    answer = await homeless.client("alice").request(method, path, json={"user_ids": ["alice"]})
    assert unavailable(answer) == "The service is temporarily unavailable."


async def test_without_a_database_a_bad_token_is_still_a_bad_token(homeless: Service) -> None:
    answer = await homeless.stranger({"authorization": "Bearer x"}).get(HERE)
    assert answer.status_code == 401


async def test_why_is_for_the_log_only(homeless: Service, caplog: pytest.LogCaptureFixture) -> None:
    answer = await homeless.client("alice").get(HERE)
    assert "127.0.0.1" not in answer.text
    assert any(record.levelno == logging.WARNING for record in caplog.records if record.name == "profilegate.faces")


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_the_service_heals_with_its_database(postgres_server: Postgres, client: httpx.AsyncClient) -> None:
    assert (await client.put(HERE, json={"name": "Alice"})).status_code == 200
    with postgres_server.down():
        unavailable(await client.get(HERE))
    assert (await client.get(HERE)).json()["name"] == "Alice"


async def test_a_locked_database_file_is_read_but_not_written(serve: Serve, database: DatabaseSettings) -> None:
    client = (await serve(database=DatabaseSettings(path=database.path, statement_timeout=0.05))).client("alice")
    await client.get(HERE)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        unavailable(await client.put(HERE, json={"name": "Alice"}))
        assert (await client.get(HERE)).status_code == 200
    finally:
        other.close()
    assert (await client.put(HERE, json={"name": "Alice"})).status_code == 200


class Broken:
    """A store with a fault that nobody expected."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("secret of the store")


@pytest.fixture
async def broken(database: DatabaseSettings, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """Alice calls a service whose store is broken, in a host application."""
    provider = MintingProvider(now=clock)
    gate = ProfileGate(Settings(issuers=(issuer(),), database=database), clock=clock, transport=provider.transport)
    gate.profiles = ProfileService(Broken(), gate.rules, clock)
    app = Litestar(plugins=[gate], logging_config=None)
    async with in_a_task(app.lifespan()):
        yield caller_of(app, {"authorization": f"Bearer {provider.token(tenant=TENANT)}"})


@pytest.mark.parametrize(("method", "path"), [("GET", HERE), ("PUT", HERE), ("POST", "/v1/profiles/batch")])
async def test_what_nobody_expected_is_answered_without_any_detail(
    broken: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    answer = await broken.request(method, path, json={"user_ids": ["alice"], "name": "Al"})
    assert (answer.status_code, answer.json()) == (500, {"error": "Something went wrong.", "code": "INTERNAL"})
    assert answer.headers["cache-control"] == "no-store"
    (record,) = (each for each in caplog.records if each.name == "profilegate.faces")
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert "secret of the store" in str(record.exc_info[1])


async def test_the_log_of_a_fault_names_no_user_and_no_token(
    broken: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await broken.get(HERE)
    (record,) = (each for each in caplog.records if each.name == "profilegate.faces")
    assert "alice" not in record.getMessage()
