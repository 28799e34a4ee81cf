"""How fast a bulk is, beside PostgreSQL's own COPY of the same rows: `python -m tests.bench.bulk [items]`.

Starts a PostgreSQL and a served profilegate of its own and prints JSON. Four runs, each on a fresh database: one
request, and one COPY, for users who have records already and for users whose records must be made. The COPY gets
its rows ready, ids included, and goes into tables with the same indexes and foreign keys. Peak memory is that of the
worker process above what it had when idle.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from tests import postgres
from tests.e2e.provider import OPERATOR_SCOPE, Provider
from tests.e2e.served import Served
from tests.e2e.test_bulk import BULK, MEBIBYTE, OPERATOR, memory

ITEMS = 100_000
BATCH = 1_000
DATA = '{"n":%d,"theme":"dark","tags":["a","b"],"padding":"%s"}'
PADDING = "x" * 100
NOW = 1_800_000_000_000

Rows = list[tuple[Any, ...]]


def data(n: int) -> str:
    return DATA % (n, PADDING)


def body(items: int) -> Iterator[bytes]:
    """The request, put together as it is sent."""
    yield b'{"profiles":['
    for start in range(0, items, BATCH):
        numbers = range(start, min(start + BATCH, items))
        texts = (f'{{"app_id":0,"profile_data":{data(n)},"user_id":"user-{n:07}"}}' for n in numbers)
        yield (("," if start else "") + ",".join(texts)).encode()
    yield b"]}"


async def with_records(dsn: str, items: int) -> None:
    """The users' records, as the service makes them."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "INSERT INTO profilegate_profile (tenant_id, user_id, name, avatar, custom_data, identities, sso_identities, "
        "oidc_profile, suspended_by_idp, suspended_by_operator, has_password, created_at, updated_at, version, "
        "sources, versions, changed_fields) SELECT 'default', 'user-' || lpad(n::text, 7, '0'), 'Name', "
        "'https://avatars.test', '{}', '{}', '[]', '{}', FALSE, FALSE, FALSE, $2, $2, 1, '{}', '{}', '' "
        "FROM generate_series(0, $1 - 1) AS n",
        items,
        NOW,
    )
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def counted(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM profilegate_document"))
    finally:
        await connection.close()


def requested(served: Served, token: str, items: int) -> dict[str, float]:
    """One request of all items."""
    idle = memory(served)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    with httpx.Client(base_url=served.url, trust_env=False, timeout=600) as client:
        began = time.perf_counter()
        answer = client.post(BULK, content=body(items), headers=headers)
        seconds = time.perf_counter() - began
    assert (answer.status_code, answer.json()["created"]) == (201, items), answer.text[:500]
    return told(items, seconds) | {"peak_mib_above_idle": round((memory(served, "VmHWM") - idle) / MEBIBYTE, 1)}


def told(items: int, seconds: float) -> dict[str, float]:
    return {"seconds": round(seconds, 3), "items_per_second": round(items / seconds)}


async def copied(dsn: str, items: int, records_too: bool) -> dict[str, float]:
    """The same rows by COPY, in one transaction; what is measured begins with the rows at hand."""
    connection = await asyncpg.connect(dsn)
    application = await connection.fetchval("SELECT id FROM profilegate_application WHERE app_id = 0")
    ids = [row[0] for row in await connection.fetch("SELECT id FROM profilegate_profile ORDER BY user_id")]
    if records_too:
        last = await connection.fetchval("SELECT coalesce(max(id), 0) FROM profilegate_profile")
        ids = [*range(last + 1, last + 1 + items)]
    profiles = profile_rows(ids) if records_too else []
    documents = [(owner, application, data(n), NOW, NOW, NOW) for n, owner in enumerate(ids)]
    began = time.perf_counter()
    async with connection.transaction():
        if profiles:
            await copy(connection, "profile", profiles, PROFILE)
        await copy(connection, "document", documents, DOCUMENT)
    seconds = time.perf_counter() - began
    await connection.close()
    return told(items, seconds)


PROFILE = (
    "id", "tenant_id", "user_id", "name", "avatar", "custom_data", "identities", "sso_identities", "oidc_profile",
    "suspended_by_idp", "suspended_by_operator", "has_password", "created_at", "updated_at", "version", "sources",
    "versions", "changed_fields",
)  # fmt: skip
DOCUMENT = ("profile", "application", "data", "version", "created_at", "updated_at")


def profile_rows(ids: list[int]) -> Rows:
    fixed = ("{}", "{}", "[]", "{}", False, False, False, NOW, NOW, 1, "{}", "{}", "")
    return [
        (each, "default", f"user-{n:07}", "Quiet Otter", "https://avatars.test/svg?seed=x", *fixed)
        for n, each in enumerate(ids)
    ]


async def copy(connection: asyncpg.Connection, table: str, rows: Rows, columns: tuple[str, ...]) -> None:
    await connection.copy_records_to_table(f"profilegate_{table}", records=rows, columns=columns)


def run(items: int) -> dict[str, Any]:
    """Everything, on one PostgreSQL, with a real provider's token of a machine that is an operator."""
    found: dict[str, Any] = {"items": items, "bytes": sum(map(len, body(items)))}
    with postgres.start() as server, Provider() as provider:
        for name, existing in (("records_exist", True), ("records_made", False)):
            with on_a_database(server, provider, items, existing) as (served, _):
                by_request = requested(served, provider.machine_token(OPERATOR_SCOPE), items)
            with on_a_database(server, provider, items, existing) as (_, dsn):
                by_copy = asyncio.run(copied(dsn, items, not existing))
            ratio = round(by_request["seconds"] / by_copy["seconds"], 2)
            found[name] = {"request": by_request, "copy": by_copy, "request_to_copy": ratio}
    return found


@contextmanager
def on_a_database(
    server: postgres.Postgres, provider: Provider, items: int, existing: bool
) -> Iterator[tuple[Served, str]]:
    """A service with one application on a fresh database, with the users' records or without any."""
    dsn = server.fresh_database()
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder), dsn, provider, extra=OPERATOR) as served:
        application, token = {"app_id": 0, "app": "Bench"}, provider.machine_token(OPERATOR_SCOPE)
        served.call(token, "POST", "/operator/app/register", json=application).raise_for_status()
        if existing:
            asyncio.run(with_records(dsn, items))
        yield served, dsn
        assert asyncio.run(counted(dsn)) == items


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS), indent=2))
