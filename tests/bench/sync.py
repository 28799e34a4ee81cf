"""How many deliveries a second are taken and applied: `python -m tests.bench.sync [--deliveries 10000] [--clients 16]`.

Starts a PostgreSQL and, with one worker and with two, a served profilegate of its own, each on a fresh database, and
prints a Markdown table. "accepted" is answered with 202 while what came before is being applied beside it; "applied
in all" is from the first request until nothing waits; "applied alone" is what waits when the service starts, without a
request. Every delivery is about a user of its own, so each makes a record. Beside it pgbench inserts one row of the
same size, with the same unique key and nothing else, into the same server by as many clients. That server does not
sync to disk, which is for the insert's good more than for ours.
"""

import argparse
import asyncio
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import asyncpg
import uvloop
from msgspec import Struct
from tests import postgres
from tests.e2e.crashing import BEGAN, CLAIMS, Mortal, Told, asked, told, waiting
from tests.e2e.served import eventually
from tests.postgres import OwnPostgres, Postgres

from profilegate.settings import DatabaseSettings

WORKERS = (1, 2)
INSERT_SECONDS = 8
WAIT = 600
"""Seconds in which everything must be applied."""

TABLE = """
CREATE TABLE bench_row (id BIGSERIAL PRIMARY KEY, source TEXT NOT NULL, delivery_id TEXT NOT NULL,
received_at BIGINT NOT NULL, body BYTEA NOT NULL, tenant_id TEXT NOT NULL, user_id TEXT NOT NULL,
state TEXT NOT NULL DEFAULT 'waiting', attempts BIGINT NOT NULL DEFAULT 0, next_at BIGINT NOT NULL,
error TEXT NOT NULL DEFAULT '', UNIQUE (source, delivery_id))
"""
INSERT = """INSERT INTO bench_row (source, delivery_id, received_at, body, tenant_id, user_id, next_at) VALUES
('idp', md5(random()::text) || md5(random()::text), {now}, convert_to(repeat('x', {size}), 'UTF8'), 'default',
'own-' || :client_id, {now})
"""
WAITING = (
    "source", "delivery_id", "received_at", "body", "tenant_id", "user_id", "state", "attempts", "next_at", "error",
)  # fmt: skip


class Sent(Struct, frozen=True):
    """What the provider saw; seconds."""

    seconds: float
    latencies: list[float]
    statuses: dict[bytes, int]

    def percentile(self, percent: int) -> float:
        """Milliseconds."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1] * 1000


class Line(Struct, frozen=True):
    """One of the table: a second's worth."""

    workers: int
    accepted: float
    p50: float
    p99: float
    in_all: float
    alone: float


class Connection(asyncio.Protocol):
    """One of the provider's connections, which is kept: the next delivery follows the answer to the last."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], statuses: Counter[bytes]) -> None:
        self._requests, self._latencies, self._statuses = requests, latencies, statuses
        self._seen = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if b"\r\n\r\n" in self._seen:  # the answer has no body
            self._latencies.append(time.perf_counter() - self._began)
            self._statuses[self._seen[9:12]] += 1
            self._seen = b""
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the service hung up"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


async def send(port: int, requests: Sequence[bytes], clients: int) -> Sent:
    """All requests, each connection one at a time."""
    latencies: list[float] = []
    statuses: Counter[bytes] = Counter()
    left = iter(requests)
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Connection(left, latencies, statuses), "127.0.0.1", port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(connection.done for _, connection in made))
    return Sent(time.perf_counter() - began, latencies, dict(statuses))


def request(delivery: Told) -> bytes:
    lines = [
        "POST /webhooks/idp HTTP/1.1",
        "host: 127.0.0.1",
        f"content-length: {len(delivery.body)}",
        *(f"{name}: {value}" for name, value in delivery.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + delivery.body


def deliveries(count: int) -> list[Told]:
    return [told(f"own-{n}", n, CLAIMS[n % len(CLAIMS)]) for n in range(count)]


def measured(server: Postgres, workers: int, count: int, clients: int) -> Line:
    """One line of the table."""
    told_all = deliveries(count)
    with started(server, workers) as (served, database):
        served.begin()
        began = time.perf_counter()
        sent = uvloop.run(send(urlsplit(served.url).port or 0, [request(each) for each in told_all], clients))
        assert sent.statuses == {b"202": count}, sent.statuses
        eventually(lambda: not waiting(database), within=WAIT)
        in_all = count / (time.perf_counter() - began)
    alone = applied_alone(server, workers, told_all)
    return Line(workers, count / sent.seconds, sent.percentile(50), sent.percentile(99), in_all, alone)


def applied_alone(server: Postgres, workers: int, told_all: Sequence[Told]) -> float:
    """Applied deliveries a second where nothing comes in."""
    with started(server, workers) as (served, database):
        asyncio.run(fill(database.url or "", told_all))
        served.begin()
        first, began = waiting(database), time.perf_counter()
        eventually(lambda: not waiting(database), within=WAIT)
        return first / (time.perf_counter() - began)


async def fill(dsn: str, told_all: Sequence[Told]) -> None:
    """What would wait if the service had taken these and done nothing since."""
    connection = await asyncpg.connect(dsn)
    rows = [
        ("idp", f"{n:064}", BEGAN, each.body, "default", each.user_id, "waiting", 0, BEGAN + n, "")
        for n, each in enumerate(told_all)
    ]
    await connection.copy_records_to_table("profilegate_delivery", records=rows, columns=WAITING)
    await connection.execute("ANALYZE")
    await connection.close()


@contextmanager
def started(server: Postgres, workers: int) -> Iterator[tuple[Mortal, DatabaseSettings]]:
    """A service on a fresh database, migrated and not yet begun."""
    database = DatabaseSettings(url=server.fresh_database())
    with tempfile.TemporaryDirectory() as folder:
        served = Mortal(Path(folder), database, workers)
        with served.prepared():
            yield served, database


def inserted(server: Postgres, clients: int) -> float:
    """Rows a second that pgbench inserts, one in each transaction."""
    database = DatabaseSettings(url=server.fresh_database())
    asked(database, TABLE)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(" ".join(INSERT.format(now=BEGAN, size=len(deliveries(1)[0].body)).split()))
        script.flush()
        command = [pgbench(server), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1"]
        command += [f"--time={INSERT_SECONDS}", f"--file={script.name}", database.url or ""]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    (found,) = re.findall(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    return float(found)


def pgbench(server: Postgres) -> str:
    """Beside the server's own programs, or installed."""
    beside = server.binaries / "pgbench" if isinstance(server, OwnPostgres) else None
    found = str(beside) if beside is not None and beside.is_file() else shutil.which("pgbench")
    if found is None:
        raise LookupError("pgbench is needed; it comes with PostgreSQL")
    return found


def table(lines: Sequence[Line], rows: float, clients: int) -> str:
    head = (
        f"{clients} clients; pgbench inserts {rows:.0f} rows/s",
        "",
        "| workers | accepted/s | of inserts | p50 ms | p99 ms | applied in all/s | of inserts | applied alone/s |",
        "|---|---|---|---|---|---|---|---|",
    )
    body = (
        f"| {each.workers} | {each.accepted:.0f} | {each.accepted / rows:.2f} | {each.p50:.1f} | {each.p99:.1f} "
        f"| {each.in_all:.0f} | {each.in_all / rows:.2f} | {each.alone:.0f} |"
        for each in lines
    )
    return "\n".join((*head, *body))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sync")
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=16)
    given = parser.parse_args()
    with postgres.start() as server:
        lines = [measured(server, workers, given.deliveries, given.clients) for workers in WORKERS]
        print(table(lines, inserted(server, given.clients), given.clients))


if __name__ == "__main__":
    main()
