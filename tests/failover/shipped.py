"""The configurations of deploy/postgresql, run as they are: only addresses, paths and who may connect are put in."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from tests.failover.processes import Home
from tests.postgres import free_port
from tests.proxy.shipped import put_in

DEPLOY = Path(__file__).parents[2] / "deploy" / "postgresql"
HERE = "127.0.0.1"
PASSWORD = "change-me"
DATABASE = "profilegate"


class Place(Struct, frozen=True):
    """The ports of a node."""

    name: str
    postgres: int
    patroni: int


def place(name: str) -> Place:
    return Place(name, free_port(), free_port())


def patroni(home: Home, node: Place, etcd: int, binaries: Path) -> Path:
    """The settings of this node."""
    filled = put_in(
        (DEPLOY / "patroni.yaml").read_text(),
        ("10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379", f"{HERE}:{etcd}"),
        ("name: pg1", f"name: {node.name}"),
        ("10.0.0.1:8008", f"{HERE}:{node.patroni}"),
        ("10.0.0.1:5432", f"{HERE}:{node.postgres}"),
        ("10.0.0.0/24", f"{HERE}/32"),
        ("/var/lib/postgresql/15/profilegate", f"{home.folder}/{node.name}"),
        ("/usr/lib/postgresql/15/bin", str(binaries)),
        ("/var/lib/postgresql/patroni.pgpass", f"{home.folder}/{node.name}.pgpass"),
        ("/var/run/postgresql", str(home.folder)),
    )
    return home.write(f"{node.name}.yaml", filled)


def haproxy(home: Home, nodes: Sequence[Place], port: int) -> Path:
    servers = [
        (f"10.0.0.{n}:5432 check port 8008", f"{HERE}:{node.postgres} check port {node.patroni}")
        for n, node in enumerate(nodes, 1)
    ]
    return home.write(
        "haproxy.cfg", put_in((DEPLOY / "haproxy.cfg").read_text(), (f"{HERE}:5000", f"{HERE}:{port}"), *servers)
    )


def pgbouncer(home: Home, haproxy: int, port: int) -> Path:
    users = home.write("userlist.txt", (DEPLOY / "userlist.txt").read_text())
    filled = put_in(
        (DEPLOY / "pgbouncer.ini").read_text(),
        ("port=5000", f"port={haproxy}"),
        ("listen_port = 6432", f"listen_port = {port}"),
        ("/etc/pgbouncer/userlist.txt", str(users)),
    )
    return home.write("pgbouncer.ini", filled)


def url(addresses: str, user: str = "profilegate", database: str = DATABASE, more: str = "") -> str:
    """The DSN of a database at `host:port`, or at several with commas between them."""
    return f"postgresql://{user}:{PASSWORD}@{addresses}/{database}{more}"
