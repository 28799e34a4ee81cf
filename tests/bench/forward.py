"""What forward-auth adds to a request: `python -m tests.bench.forward [--requests 4000]`.

Starts nginx with deploy/proxy/nginx.conf before a small application, and a served profilegate as its gate, on
PostgreSQL and on SQLite, and prints a Markdown table. Open and guarded requests go to the same server block and the
same application, alternating one by one over the same kept TLS connections, with one JWT: so the difference is the
question to the gate, on a machine that runs client, nginx, application, gate and database at once.
"""

import argparse
import asyncio
import ssl
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvloop
from msgspec import Struct
from tests import postgres
from tests.e2e.provider import Provider
from tests.proxy.asking import HOST, head
from tests.proxy.conftest import Gate, signed
from tests.proxy.shipped import SCOPE, Proxy, place

CLIENTS = (1, 8)
WARM_UP = 200
"""Requests of each kind before the count begins."""
KEPT = 400
"""Pairs of requests on one connection: nginx ends it after 1000 requests."""
KINDS = ("open", "guarded")
TARGETS = {"open": "/health", "guarded": "/"}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Line(Struct, frozen=True):
    """One of the table; milliseconds."""

    database: str
    clients: int
    open: list[float]
    guarded: list[float]

    def text(self) -> str:
        quantiles = [statistics.quantiles(each, n=100) for each in (self.open, self.guarded)]
        told = [found[percent - 1] for percent in (50, 99) for found in quantiles]
        added = (told[1] - told[0], told[3] - told[2])
        return f"| {self.database} | {self.clients} | " + " | ".join(f"{each:.2f}" for each in (*told, *added)) + " |"


class Application(asyncio.Protocol):
    """As little of one as possible: what it takes is the same for both kinds."""

    def __init__(self, made: "list[Application]") -> None:
        made.append(self)
        self._seen = b""
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while b"\r\n\r\n" in self._seen:
            self._seen = self._seen.partition(b"\r\n\r\n")[2]
            self.transport.write(ANSWER)

    def connection_lost(self, _: Exception | None) -> None:
        self.ended.set()

    async def hang_up(self) -> None:
        self.transport.abort()
        await self.ended.wait()


async def client(proxy: Proxy, token: str, count: int, found: dict[str, list[float]]) -> None:
    """One after the other, on connections that are kept for as long as nginx keeps them."""
    for begun in range(0, count, KEPT):
        await connection(proxy, token, min(KEPT, count - begun), found)


async def connection(proxy: Proxy, token: str, count: int, found: dict[str, list[float]]) -> None:
    """An open and a guarded request in turns."""
    tls = ssl.create_default_context(cafile=str(proxy.place.certificate))
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=tls, server_hostname=HOST)
    headers = [("Host", HOST), ("Authorization", f"Bearer {token}")]
    requests = {kind: head("GET", TARGETS[kind], headers) for kind in KINDS}
    for _ in range(count):
        for kind in KINDS:
            began = time.perf_counter()
            writer.write(requests[kind])
            answer = await reader.readuntil(b"\r\n\r\nok")
            found[kind].append((time.perf_counter() - began) * 1000)
            assert answer.startswith(b"HTTP/1.1 200"), answer
    writer.close()
    await writer.wait_closed()


async def at_once(proxy: Proxy, token: str, count: int, clients: int) -> dict[str, list[float]]:
    """`count` requests of each kind in all; milliseconds."""
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    await asyncio.gather(*(client(proxy, token, count // clients, found) for _ in range(clients)))
    return found


async def measured(proxy: Proxy, port: int, token: str, count: int, clients: int) -> dict[str, list[float]]:
    """With an application of its own behind the proxy."""
    made: list[Application] = []
    async with await asyncio.get_running_loop().create_server(lambda: Application(made), "127.0.0.1", port):
        await at_once(proxy, token, WARM_UP, clients)
        found = await at_once(proxy, token, count, clients)
        await asyncio.gather(*(each.hang_up() for each in made))
    return found


@contextmanager
def guarded(gate: Gate, folder: Path) -> Iterator[Proxy]:
    where = place(folder, signed(folder), gate.port, postgres.free_port())
    with Proxy("nginx", where) as proxy:
        yield proxy


def lines(database: str, url: str | None, provider: Provider, count: int) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = provider.sign_in("somebody", f"openid {SCOPE}")
        with Gate(folder, url, provider) as gate, guarded(gate, folder) as proxy:
            assert gate.call(token).status_code == 200  # from now on there is a record
            for clients in CLIENTS:
                found = uvloop.run(measured(proxy, proxy.place.application, token, count, clients))
                yield Line(database, clients, found["open"], found["guarded"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.forward")
    parser.add_argument("--requests", type=int, default=4000, help="of each kind, for each line")
    count = parser.parse_args().requests
    print("| database | clients | open p50 ms | guarded p50 | open p99 | guarded p99 | added p50 | added p99 |")
    print("|---|---|---|---|---|---|---|---|")
    with Provider() as provider, postgres.start() as server:
        for database, url in (("PostgreSQL", server.fresh_database()), ("SQLite", None)):
            for line in lines(database, url, provider, count):
                print(line.text(), flush=True)


if __name__ == "__main__":
    main()
