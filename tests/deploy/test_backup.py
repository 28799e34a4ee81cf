"""What is dumped and restored as deploy/README.md says is all there, and is served as before."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from msgspec import Struct
from tests import postgres
from tests.deploy import drill
from tests.faces.apps import HERE, put, register
from tests.faces.fixtures import migrated
from tests.faces.running import TENANT, Clock, Service, address, running
from tests.faces.webhooks import LOGTO, applied, event
from tests.minting import NOW
from tests.postgres import Postgres
from tests.store.inboxes import BESIDE, ROWS

from profilegate.settings import DatabaseSettings
from profilegate.store.statements import Statement

OWN = "/api/profile"
ALICE, DAVE = address("alice"), address("dave")
READS = [("alice", OWN), ("alice", ALICE), ("bob", ALICE), ("alice", HERE), ("carol", OWN), ("erin", OWN)]
DIGITS = '{"n":[1.10,1e400,99999999999999999999]}'

FURTHER = (
    *(
        f"INSERT INTO {table} (tenant_id, user_id, {names}) "
        f"VALUES ('{TENANT}', 'bob', {ROWS[table].format(digest='digest', user='bob')})"
        for table, names in BESIDE.items()
    ),
    "INSERT INTO profilegate_proof (digest, expires_at) VALUES ('digest', 1)",
    "INSERT INTO profilegate_reconciliation (source, position, next_at) VALUES ('logto', 'bob', 1)",
)
"""Rows of the tables that only time fills."""


class Drilled(Struct):
    """A database, its copy, and what was to be seen of both before anybody touched the copy."""

    server: Postgres
    folder: Any
    dsn: str
    copy: str
    said: str
    answers: dict[tuple[str, str], tuple[int, bytes, str | None]]
    rows: list[dict[str, list[str]]]
    schemas: list[list[list[str]]]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    folder = tmp_path_factory.mktemp("backup")
    with postgres.start() as server:
        dsn = server.fresh_database()
        copy = drill.copy_of(dsn)
        answers = asyncio.run(filled(dsn))
        said = drill.run(drill.commands(0), server, folder, dsn, copy)
        rows = [asyncio.run(drill.rows(each)) for each in (dsn, copy)]
        schemas = [asyncio.run(drill.schema(each)) for each in (dsn, copy)]
        yield Drilled(server, folder, dsn, copy, said, answers, rows, schemas)
        drill.run('psql --quiet --command="DROP DATABASE profilegate_restored WITH (FORCE)" "$DATABASE_URL"',
                  server, folder, dsn, copy)  # fmt: skip


async def filled(dsn: str) -> dict[tuple[str, str], tuple[int, bytes, str | None]]:
    """Puts something into every table, and gives what is then shown."""
    await migrated(DatabaseSettings(url=dsn))
    async with running(DatabaseSettings(url=dsn), Clock(), webhooks=(LOGTO,)) as service:
        alice = service.client("alice")
        for change in ({"name": "Alice Moreau"}, {"username": "alice_m", "customData": {"theme": "dark"}}):
            assert (await alice.patch(OWN, json=change)).status_code == 200
        await register(service, 0)
        assert (await put(alice, DIGITS)).status_code == 201
        assert (await service.client("bob").get(DAVE)).status_code == 200
        await applied(service, event(user_id="carol", username="carol_m", name="Carol Marsh"))
        await applied(service, event(user_id="erin"))
        await applied(service, event("User.Deleted", "erin", at=NOW + 1))
        for each in FURTHER:
            await service.gate.engine.write([Statement(each, ())], {})
        return await shown(service)


async def shown(service: Service) -> dict[tuple[str, str], tuple[int, bytes, str | None]]:
    answers = {(user, path): await service.client(user).get(path) for user, path in READS}
    return {read: (each.status_code, each.content, each.headers.get("etag")) for read, each in answers.items()}


@pytest.fixture
async def service(drilled: Drilled) -> AsyncIterator[Service]:
    """On the restored database."""
    async with running(DatabaseSettings(url=drilled.copy), Clock(), webhooks=(LOGTO,)) as started:
        yield started


@pytest.fixture
def alice(service: Service) -> httpx.AsyncClient:
    return service.client("alice")


def test_every_row_is_there(drilled: Drilled) -> None:
    before, after = drilled.rows
    assert after == before
    assert [table for table, rows in before.items() if not rows] == []


def test_so_is_every_constraint_index_trigger_and_sequence(drilled: Drilled) -> None:
    before, after = drilled.schemas
    assert after == before
    assert all(before)


def test_the_restored_database_is_up_to_date(drilled: Drilled) -> None:
    assert drilled.said.endswith("The database is up to date.\n")


async def test_every_answer_is_the_same_byte_for_byte_with_its_etag(drilled: Drilled, service: Service) -> None:
    assert await shown(service) == drilled.answers
    statuses = [status for status, _, _ in drilled.answers.values()]
    assert statuses == [200, 200, 200, 200, 200, 401]


async def test_an_etag_from_before_the_dump_is_still_good(drilled: Drilled, alice: httpx.AsyncClient) -> None:
    _, _, etag = drilled.answers["alice", OWN]
    assert (await alice.get(OWN, headers={"if-none-match": str(etag)})).status_code == 304


async def test_the_restored_database_takes_new_people_and_refuses_what_it_refused(service: Service) -> None:
    frank = service.client("frank")
    assert (await frank.get(OWN)).status_code == 200
    assert (await frank.patch(OWN, json={"username": "ALICE_M"})).status_code == 422


async def test_a_deletion_after_the_dump_is_done_again_when_the_provider_says_it_again(service: Service) -> None:
    """The dump knows nothing of it, so carol is there until then."""
    assert (await service.client("carol").get(OWN)).status_code == 200
    await applied(service, event("User.Deleted", "carol", at=NOW + 1))
    assert (await service.client("carol").get(OWN)).status_code == 401


async def test_raised_versions_match_no_etag_of_what_was_lost(drilled: Drilled, alice: httpx.AsyncClient) -> None:
    async with running(DatabaseSettings(url=drilled.dsn), Clock()) as original:
        lost = await original.client("alice").patch(OWN, json={"name": "Said after the dump"})
    drill.run(drill.commands(1), drilled.server, drilled.folder, drilled.dsn, drilled.copy)
    assert (await alice.patch(OWN, json={"name": "Said after the restore"})).status_code == 200
    kept = {"if-match": lost.headers["etag"]}
    assert (await alice.patch(OWN, json={"name": "Knows nothing of it"}, headers=kept)).status_code == 412
