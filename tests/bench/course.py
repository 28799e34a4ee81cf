"""Everybody in turn, round by round."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from tests.bench import cores
from tests.bench.contestants import Contestant, asked
from tests.bench.database import Durable
from tests.bench.issuing import Person, people
from tests.bench.load import Generator, Source
from tests.bench.samples import Sample
from tests.bench.servers import Kind, Ours, Peer, Server, World

PASSES = 8
"""How often everybody asks a service of several workers beforehand, so that each of these knows everybody."""


class Rival(NamedTuple):
    """Somebody ready to be measured, for so many seconds at a time."""

    name: str
    told: str
    measure: Callable[[float], Sample]


class Stable:
    """Servers that are started when they are first wanted, and end with the stack."""

    def __init__(self, world: World, kinds: dict[str, Kind], stack: ExitStack, count: int) -> None:
        self.world, self.kinds = world, kinds
        self._stack, self._count = stack, count
        self._servers: dict[str, Server] = {}
        self._people: dict[int, list[Person]] = {}

    def server(self, name: str) -> Server:
        """Running."""
        if name not in self._servers:
            say(f"starting {name}")
            self._servers[name] = self._stack.enter_context(self.kinds[name].server(self.world))
        return self._servers[name]

    def people(self, name: str) -> list[Person]:
        """Who asks this server: as many for each, spread over all that it knows."""
        kind = self.kinds[name]
        total = kind.total if isinstance(kind, Ours) and kind.total else self.world.total
        if total not in self._people:
            say(f"minting {self._count} tokens")
            self._people[total] = people(self.world.provider, self._count, total)
        return self._people[total]

    def rival(self, contestant: Contestant, generator: Generator) -> Rival:
        """Running, tried, and warm."""
        server = self.server(contestant.server)
        traffic = asked(contestant, self.people(contestant.server))
        source = Source(server.port, traffic, self.world.folder, contestant.clients)
        say(f"trying {contestant.name}")
        for _ in range(passes(self.kinds[contestant.server])):
            source.tried(min(contestant.tried or len(traffic), len(traffic)))
        return Rival(contestant.name, contestant.told, self._measuring(contestant, server, source, generator))

    def _measuring(
        self, contestant: Contestant, server: Server, source: Source, generator: Generator
    ) -> Callable[[float], Sample]:
        def measure(seconds: float) -> Sample:
            before, database = cores.usage(server.pid), self._database()
            load = source.flood(seconds, generator)
            after, used = cores.usage(server.pid), self._database() - database
            if load.failed or not load.answered:
                raise SystemExit(f"{contestant.name}: {load.failed} of {load.answered} answers were not 2xx")
            return Sample(
                rps=load.answered / load.seconds,
                p50=load.p50,
                p99=load.p99,
                cpu=(after.cpu - before.cpu) / load.answered * 1e6,
                database=used / load.answered * 1e6 if self._asks_postgres(contestant) else None,
                rss=after.rss,
            )

        return measure

    def _asks_postgres(self, contestant: Contestant) -> bool:
        kind = self.kinds[contestant.server]
        own = isinstance(self.world.postgres, Durable)
        return own and (isinstance(kind, Peer) or (isinstance(kind, Ours) and not kind.sqlite))

    def _database(self) -> float:
        """Seconds of CPU that PostgreSQL has used, where it is ours."""
        server = self.world.postgres
        return cores.usage(server.pid).cpu if isinstance(server, Durable) else 0.0


def passes(kind: Kind) -> int:
    return PASSES if isinstance(kind, Ours) and kind.workers > 1 else 1


def run(rivals: Sequence[Rival], rounds: int, seconds: float) -> dict[str, list[Sample]]:
    """So many rounds of so many seconds each. Every round begins with somebody else."""
    found: dict[str, list[Sample]] = {each.name: [] for each in rivals}
    for n in range(rounds):
        first = n * len(rivals) // rounds
        for each in (*rivals[first:], *rivals[:first]):
            sample = each.measure(seconds)
            found[each.name].append(sample)
            say(f"round {n + 1}: {each.name} {sample.rps:,.0f}/s")
    return found


def say(what: str) -> None:
    """To whoever waits."""
    print(what, file=sys.stderr, flush=True)
