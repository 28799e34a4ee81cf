"""Lose the primary again and again while people ask, and look what became of it."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic

from msgspec import Struct
from tests.bench.issuing import Person
from tests.e2e.served import Served
from tests.failover import findings, load, service
from tests.failover.cluster import Cluster
from tests.failover.faults import FAULTS, mend, strike
from tests.failover.processes import program, until
from tests.failover.report import Drill
from tests.failover.stored import stored

WHOLE_SECONDS = 180
QUIET_SECONDS = 3
"""Of load before the first loss, and after each."""


class Going(Struct):
    """What is drilled: a cluster with the service on it."""

    cluster: Cluster
    served: Served
    people: Sequence[Person]
    kills: int
    how: Sequence[str]


async def drilled(going: Going) -> Drill:
    clients = load.clients(going.served.url, going.people)
    running = [asyncio.create_task(each.run()) for each in clients]
    try:
        moments = await _losses(going)
    finally:
        for each in clients:
            each.end()
        await asyncio.gather(*running)
    return await _told(going, clients, moments)


Moment = tuple[str, float, float]
"""How it was lost, when, and after how many seconds all was whole."""


async def _losses(going: Going) -> list[Moment]:
    await asyncio.sleep(QUIET_SECONDS)
    moments = []
    for n in range(going.kills):
        how = going.how[n % len(going.how)]
        moments.append((how, *await asyncio.to_thread(_lost, going.cluster, how)))
        say(f"{n + 1} of {going.kills}: {how}, whole after {moments[-1][2]:.1f} s")
        await asyncio.sleep(QUIET_SECONDS)
    return moments


def _lost(cluster: Cluster, how: str) -> tuple[float, float]:
    node, before = cluster.leader(), cluster.timeline()
    lost_at = monotonic()
    strike(node, FAULTS[how])
    mend(cluster, node, FAULTS[how], before)
    until(lambda: cluster.is_whole(before), f"after the loss of {node.name} the cluster is not whole", WHOLE_SECONDS)
    return lost_at, monotonic() - lost_at


async def _told(going: Going, clients: list[load.Client], moments: list[Moment]) -> Drill:
    found = await stored(going.cluster.primary(), clients)
    answers = [answer for each in clients for answer in each.answers]
    ends = [*(lost_at for _, lost_at, _ in moments[1:]), monotonic()]
    pairs = [(each.changes, found[each.person.user_id]) for each in clients]
    return Drill(
        seen=[
            findings.seen(how, answers, at, end, whole) for (how, at, whole), end in zip(moments, ends, strict=False)
        ],
        writes=sum(len(each.changes) for each in clients),
        acknowledged=sum(change.version is not None for each in clients for change in each.changes),
        reads=sum(each.what == "read" for each in answers),
        outdated=sum(findings.outdated(each.answers, each.changes) for each in clients),
        lost=[loss for pair in pairs for loss in findings.losses(*pair)],
        miscounted=[miscount for pair in pairs for miscount in findings.miscounts(*pair)],
        faults=dict(findings.faults(answers)),
        logged=[line for line in going.served.log.splitlines() if " ERROR " in line],
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    """Of the programs, each in the first number that it says."""
    programs = {"PostgreSQL": str(service.binaries() / "postgres"), "Patroni": "patroni", "etcd": "etcd",
                "HAProxy": "haproxy", "PgBouncer": "pgbouncer"}  # fmt: skip
    return {name: _version(program(command)) for name, command in programs.items()}


def _version(command: str) -> str:
    flag = "-v" if command.endswith("haproxy") else "--version"
    told = subprocess.run([command, flag], check=True, capture_output=True, text=True, timeout=10).stdout
    found = re.search(r"\d+(\.\d+)+", told)
    return found[0] if found else "?"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
