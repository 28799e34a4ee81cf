"""etcd and three nodes of PostgreSQL under Patroni, on loopback."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from msgspec import Struct
from tests.failover import shipped
from tests.failover.processes import Home, Process, family, tell, until
from tests.postgres import free_port

NAMES = ("pg1", "pg2", "pg3")
START_SECONDS = 120
LAG = 1_000_000
"""Bytes that a replica may be behind under load."""


class Node(Process):
    """Patroni, and the PostgreSQL that it starts."""

    def __init__(self, home: Home, place: shipped.Place, etcd: int, binaries: Path) -> None:
        super().__init__(home, place.name, ["patroni", str(shipped.patroni(home, place, etcd, binaries))])
        self.place, self._data = place, home.folder / place.name

    def __exit__(self, *_: object) -> None:
        """Patroni stops its PostgreSQL; what it left behind is ended after it."""
        left = self.postgres()
        tell(left, signal.SIGCONT)
        super().__exit__()
        tell(self.postgres(), signal.SIGKILL)

    def postgres(self) -> list[int]:
        """The postmaster and its children; none when it does not run."""
        with suppress(OSError, ValueError):
            pid = int((self._data / "postmaster.pid").read_text().split("\n")[0])
            if str(self._data) in Path(f"/proc/{pid}/cmdline").read_text():
                return family(pid)
        return []


class Member(Struct):
    """A node, as Patroni sees it."""

    name: str
    role: str
    state: str
    timeline: int = 0
    lag: int | str = "unknown"


class Cluster:
    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    def members(self) -> list[Member]:
        """What the first Patroni that answers says; nobody when none does."""
        for node in self.nodes:
            with suppress(httpx.HTTPError, KeyError, json.JSONDecodeError):
                told = httpx.get(f"http://{shipped.HERE}:{node.place.patroni}/cluster", timeout=1, trust_env=False)
                return [_member(each) for each in told.json()["members"]]
        return []

    def leader(self) -> Node:
        (name,) = [each.name for each in self.members() if each.role == "leader"]
        return next(node for node in self.nodes if node.name == name)

    def timeline(self) -> int:
        """It grows with each promotion."""
        return max((each.timeline for each in self.members() if is_leading(each)), default=0)

    def is_whole(self, after: int = 0) -> bool:
        """Whether everybody follows one leader of a timeline after that one, and one of them synchronously."""
        return is_whole(self.members(), after)

    def primary(self, user: str = "profilegate", database: str = shipped.DATABASE) -> str:
        """A DSN of all nodes, which leads to the one that can be written to."""
        addresses = ",".join(f"{shipped.HERE}:{node.place.postgres}" for node in self.nodes)
        return shipped.url(addresses, user, database, "?target_session_attrs=read-write")


def _member(told: dict[str, Any]) -> Member:
    return Member(**{name: told[name] for name in Member.__struct_fields__ if name in told})


def is_leading(member: Member) -> bool:
    return member.role == "leader" and member.state == "running"


def is_whole(members: list[Member], after: int = 0) -> bool:
    leading = [each for each in members if is_leading(each)]
    others = [each for each in members if each.role != "leader"]
    if len(leading) != 1 or len(members) != len(NAMES) or leading[0].timeline <= after:
        return False
    follow = [each.timeline == leading[0].timeline and isinstance(each.lag, int) and each.lag < LAG for each in others]
    return all(follow) and any(each.role == "sync_standby" for each in others)


@contextmanager
def started(home: Home, binaries: Path) -> Iterator[Cluster]:
    """Whole, with an empty database for the service."""
    etcd, peers = free_port(), free_port()
    with ExitStack() as stack:
        stack.enter_context(Process(home, "etcd", _etcd(home, etcd, peers)))
        nodes = [Node(home, shipped.place(name), etcd, binaries) for name in NAMES]
        cluster = Cluster([stack.enter_context(node) for node in nodes])
        until(cluster.is_whole, "the cluster is not whole", START_SECONDS)
        yield cluster


def _etcd(home: Home, port: int, peers: int) -> list[str]:
    one, other = f"http://{shipped.HERE}:{port}", f"http://{shipped.HERE}:{peers}"
    urls = {"listen-client-urls": one, "advertise-client-urls": one, "listen-peer-urls": other,
            "initial-advertise-peer-urls": other, "initial-cluster": f"default={other}"}  # fmt: skip
    return ["etcd", f"--data-dir={home.folder}/etcd", *(f"--{name}={value}" for name, value in urls.items())]


async def make_database(cluster: Cluster) -> None:
    """What the README has the operator do once."""
    connection = await asyncpg.connect(cluster.primary("postgres", "postgres"), timeout=10)
    try:
        await connection.execute(f"CREATE ROLE profilegate LOGIN PASSWORD '{shipped.PASSWORD}'")
        await connection.execute("CREATE DATABASE profilegate OWNER profilegate")
    finally:
        await connection.close()
