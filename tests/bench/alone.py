"""What is measured of the databases by themselves, and of a service's memory over time."""

from functools import partial
from itertools import count
from pathlib import Path

from tests.bench import cores, loops, traffic
from tests.bench.course import Rival, Stable, say
from tests.bench.database import execute
from tests.bench.load import Generator, Source
from tests.bench.servers import Ours

PGBENCH = {"pgbench": "pgbench on the server's core", "pgbench-beside": "pgbench beside PostgreSQL"}
SQLITE = {
    "sqlite-same": ("bare sqlite3 loop, 64 changes with audit a transaction", loops.AUDITED),
    "sqlite-loop": ("bare sqlite3 loop, 64 plain updates a transaction", loops.PLAIN),
}
NAMES = (*PGBENCH, *SQLITE)


def rivals(stable: Stable, names: list[str]) -> list[Rival]:
    """The databases' own loops among these names, each with tables of its own."""
    made = {**dict.fromkeys(PGBENCH, updating), **dict.fromkeys(SQLITE, looping)}
    return [made[each](stable, each) for each in names]


def updating(stable: Stable, name: str) -> Rival:
    """pgbench has PostgreSQL's core for itself when it runs in the server's place, which is the harder rival."""
    world = stable.world
    dsn = Ours().prepared(world).database
    execute(dsn, [loops.QUIET])
    core = cores.SERVER if name == "pgbench" else cores.LOAD
    measure = partial(loops.pgbench, world.postgres, dsn, world.total, core=core)
    return Rival(name, PGBENCH[name], measure)


def looping(stable: Stable, name: str) -> Rival:
    """A loop in this process, without threads, queues or HTTP."""
    told, statements = SQLITE[name]
    path = Path(Ours(sqlite=True).prepared(stable.world).database)
    return Rival(name, told, partial(loops.sqlite, path, stable.world.total, statements, count()))


def memory(stable: Stable, minutes: float, generator: Generator) -> dict[str, float]:
    """MiB of a service under mixed load, for each minute, and the last to the first."""
    server = stable.server("mixed")
    requests = traffic.mixed(stable.people("mixed"))
    source = Source(server.port, requests, stable.world.folder)
    source.tried(len(requests))
    laps, found = max(2, round(minutes)), {}
    for n in range(laps):
        load = source.flood(minutes * 60 / laps, generator)
        if load.failed:
            raise SystemExit(f"mixed load: {load.failed} of {load.answered} answers were not 2xx")
        found[f"MiB after minute {n + 1}"] = cores.usage(server.pid).rss
        say(f"minute {n + 1}: {load.answered / load.seconds:,.0f}/s, {found[f'MiB after minute {n + 1}']:.0f} MiB")
    return {**found, "memory": found[f"MiB after minute {laps}"] / found["MiB after minute 1"]}
