"""A failover drill: `python -m tests.failover [--kills 10] [--how postgres] [--json FILE]`.

Starts etcd, three nodes of PostgreSQL under Patroni in synchronous mode, HAProxy, PgBouncer (all with the files of
deploy/postgresql) and `profilegate serve` on loopback. While people change and read their records the primary is lost,
again and again, each time once the cluster is whole; in the end every acknowledged change must be in the database.
Ends with 1 when one is not, or when a client got anything but 200 or a 503 with Retry-After.

--how postgres   kill -9 of the postmaster and its children; Patroni sees it at its next turn
      machine    kill -9 of Patroni too: its lock must run out before another takes over
      frozen     both are stopped, and go on 5 s after another has taken over
      patroni    kill -9 of Patroni alone: a primary is left that nobody tells that it is none any more

`apt install postgresql patroni etcd-server haproxy pgbouncer`. Linux only. A run of ten takes some five minutes.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec
from tests.bench import issuing
from tests.failover import cluster, service
from tests.failover.drill import Going, drilled
from tests.failover.faults import FAULTS
from tests.failover.processes import Home
from tests.failover.report import markdown


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.failover", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10, help="how often the primary is lost (10)")
    parser.add_argument("--how", nargs="+", choices=FAULTS, default=["postgres"], help="how, in turn (postgres)")
    parser.add_argument("--listen", choices=("haproxy", "nodes"), default="haproxy", help="whither listen_url leads")
    parser.add_argument("--people", type=int, default=6, help="who change and read their records (6)")
    parser.add_argument("--workers", type=int, default=2, help="of profilegate (2)")
    parser.add_argument("--user", default="nobody", help="runs the programs when the drill is started by root (nobody)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything that was found")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="where the programs' logs are left")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all that was started is ended
    with ExitStack() as stack:
        home = Home(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="profilegate-failover-"))), user(given))
        home.folder.chmod(0o755)
        home.give(home.folder)
        stack.callback(keep, home, given.logs)
        provider = stack.enter_context(issuing.published())
        standing = stack.enter_context(cluster.started(home, service.binaries()))
        asyncio.run(cluster.make_database(standing))
        served = stack.enter_context(service.served(home, standing, provider, given.workers, given.listen))
        people = issuing.people(provider, given.people, given.people)
        drill = asyncio.run(drilled(Going(standing, served, people, given.kills, given.how)))
    print(markdown(drill))
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(drill)))
    return 0 if drill.is_good else 1


def user(given: argparse.Namespace) -> str:
    return given.user if os.geteuid() == 0 else ""


def keep(home: Home, logs: Path | None) -> None:
    """Copy the logs, where they are wanted."""
    if logs is not None:
        logs.mkdir(parents=True, exist_ok=True)
        for each in (*home.folder.glob("*.log"), *home.folder.glob("*/serve.log")):
            shutil.copy(each, logs / each.name)


if __name__ == "__main__":
    sys.exit(main())
