"""Who is compared: each a server and what it is asked."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from tests.bench import traffic
from tests.bench.issuing import Person
from tests.bench.load import CLIENTS
from tests.bench.servers import Bare, Kind, Ours, Peer
from tests.bench.traffic import Traffic

PLAIN, UNCACHED = "lane = false", "max_bytes = 0"
TRIED = 1_000
"""Enough for a server that remembers nothing."""

Asking = Callable[[Sequence[Person]], Traffic]


class Contestant(Struct, frozen=True):
    """`server` names one of SERVERS. With `hot`, everything is asked by and about one person."""

    name: str
    server: str
    asking: Asking
    told: str
    clients: int = CLIENTS
    hot: bool = False
    tried: int | None = None
    """How many requests are tried before the timing: all, unless nothing is remembered of them."""


SERVERS: dict[str, Kind] = {
    "asgi": Bare("asgi"),
    "litestar": Bare("litestar"),
    "ours": Ours(),
    "plain": Ours(PLAIN),
    "uncached": Ours(UNCACHED),
    "writes": Ours(),
    "sqlite": Ours(sqlite=True),
    "sqlite-plain": Ours(PLAIN, sqlite=True),
    "sqlite-uncached": Ours(UNCACHED, sqlite=True),
    "sqlite-writes": Ours(sqlite=True),
    "peer": Peer(),
    "peer-autocommit": Peer(autocommit=True),
}

C = Contestant
CONTESTANTS = (
    C("asgi", "asgi", traffic.anything, "bare ASGI, constant bytes"),
    C("litestar", "litestar", traffic.anything, "bare Litestar handler"),
    C("get", "ours", traffic.others, "GET Phoenix, others'"),
    C("get-own", "ours", traffic.own, "GET Phoenix, own"),
    C("get-hot", "ours", traffic.own, "GET Phoenix, one user", hot=True),
    C("profile", "ours", traffic.logto, "GET /api/profile"),
    C("profile-hot", "ours", traffic.logto, "GET /api/profile, one user", hot=True),
    C("plain", "plain", traffic.others, "GET Phoenix, lane off"),
    C("profile-plain", "plain", traffic.logto, "GET /api/profile, lane off"),
    C("uncached", "uncached", traffic.others, "GET Phoenix, record cache off"),
    C("profile-uncached", "uncached", traffic.logto, "GET /api/profile, record cache off"),
    C("put", "writes", traffic.puts, "PUT Phoenix name"),
    C("patch", "writes", traffic.patches, "PATCH /api/profile name"),
    C("put-hot", "writes", traffic.puts, "PUT Phoenix name, one user", hot=True),
    C("batch", "ours", traffic.batches, "batch of 100, one client", clients=1),
    C("single", "ours", traffic.others, "GET Phoenix, one client", clients=1),
    C("batch-uncached", "uncached", traffic.batches, "batch of 100, one client, cache off", 1),
    C("single-uncached", "uncached", traffic.others, "GET Phoenix, one client, cache off", 1),
    C("sqlite-get", "sqlite", traffic.others, "SQLite: GET Phoenix"),
    C("sqlite-profile", "sqlite", traffic.logto, "SQLite: GET /api/profile"),
    C("sqlite-plain", "sqlite-plain", traffic.others, "SQLite: GET Phoenix, lane off"),
    C("sqlite-uncached", "sqlite-uncached", traffic.others, "SQLite: GET Phoenix, record cache off"),
    C("sqlite-put", "sqlite-writes", traffic.puts, "SQLite: PUT Phoenix name"),
    C("sqlite-patch", "sqlite-writes", traffic.patches, "SQLite: PATCH /api/profile name"),
    C("sqlite-batch", "sqlite", traffic.batches, "SQLite: batch of 100, one client", clients=1),
    C("peer-get", "peer", traffic.others, "FastAPI peer: GET Phoenix", tried=TRIED),
    C("peer-autocommit", "peer-autocommit", traffic.others, "FastAPI peer: GET, without transaction", tried=TRIED),
    C("peer-put", "peer", traffic.puts, "FastAPI peer: PUT Phoenix name", tried=TRIED),
)

LARGE = C("uncached-large", "large", traffic.others, "GET Phoenix, cache off, {total:,} profiles")
MORE_WORKERS = C("get-workers", "workers", traffic.others, "GET Phoenix, {workers} workers on one core")


def asked(contestant: Contestant, people: Sequence[Person]) -> Traffic:
    """The requests: of all these people, or of one."""
    everything = contestant.asking(people)
    return everything[:1] if contestant.hot else everything
