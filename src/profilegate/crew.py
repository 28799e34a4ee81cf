"""What the worker processes of one server have in common: a folder. There they add up their metrics, and learn that
the server is about to stop."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

VARIABLE = "PROFILEGATE_CREW"
"""In the environment of the workers: the folder."""

LEAVING = "leaving"

PAUSE = 5.0
"""Seconds after which a worker tells the others its numbers."""

# Gauges of which every process has a part of its own. Of the others each process knows the whole.
ADDED = frozenset({"profilegate_database_connections", "profilegate_database_waiting"})

Told = tuple[str, dict[str, str], float]


class Numbers(Struct, array_like=True):
    """A family of metrics as a file holds it."""

    name: str
    text: str
    kind: str
    samples: list[Told]


NUMBERS = msgspec.json.Decoder(list[Numbers])


class Crew:
    """The workers that share `folder`, of which this process is one; without a folder it is alone.

    What somebody has been told once is in the folder, so whichever worker is asked next never tells less.
    """

    def __init__(self, folder: str | None, pid: int | None = None) -> None:
        self._folder = None if folder is None else Path(folder)
        self._pid = os.getpid() if pid is None else pid

    def is_leaving(self) -> bool:
        """Whether the server stops in a moment, and should get no new connections."""
        return self._folder is not None and (self._folder / LEAVING).exists()

    def leave(self) -> None:
        """Let all workers know."""
        if self._folder is not None:
            (self._folder / LEAVING).touch()

    def added_up(self, mine: Iterable[Metric]) -> "Together":
        """These with those of the other workers: counters of all that ever were, gauges of those that are alive."""
        own = [numbers(each) for each in mine]
        if self._folder is None:
            return Together(own)
        self.publish(own)
        others = (each for each in self._folder.glob("*.json") if each.stem != str(self._pid))
        for path in sorted(others):
            _add(own, _read(path), is_alive(int(path.stem)))
        return Together(own)

    @asynccontextmanager
    async def telling(self, mine: Callable[[], Iterable[Metric]]) -> AsyncIterator[None]:
        """Publish every few seconds, so that others know of a worker whom nobody happens to ask."""
        if self._folder is None:
            yield
            return
        task = asyncio.create_task(self._tell(mine))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.publish([numbers(each) for each in mine()])

    async def _tell(self, mine: Callable[[], Iterable[Metric]]) -> None:
        while True:
            self.publish([numbers(each) for each in mine()])
            await asyncio.sleep(PAUSE)

    def publish(self, mine: list[Numbers]) -> None:
        """Put this worker's numbers where the others find them, whole or not at all."""
        if self._folder is not None:
            with suppress(OSError):  # the folder goes with the server
                handle, name = tempfile.mkstemp(dir=self._folder)
                with os.fdopen(handle, "wb") as file:
                    file.write(msgspec.json.encode(mine))
                Path(name).replace(self._folder / f"{self._pid}.json")


ALONE = Crew(None)
"""A worker without others."""


class Together(Struct):
    """Something to collect from, as `generate_latest` wants it."""

    numbers: list[Numbers]

    def collect(self) -> Iterator[Metric]:
        for each in self.numbers:
            metric = Metric(each.name, each.text, each.kind)
            metric.samples = [Sample(name, labels, value) for name, labels, value in each.samples]
            yield metric


def numbers(metric: Metric) -> Numbers:
    """A family as a file holds it."""
    samples: list[Told] = [(each.name, dict(each.labels), float(each.value)) for each in metric.samples]
    return Numbers(metric.name, metric.documentation, metric.type, samples)


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: Path) -> list[Numbers]:
    try:
        return NUMBERS.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return []


def _add(own: list[Numbers], theirs: list[Numbers], alive: bool) -> None:
    families = {each.name: each for each in own}
    for other in theirs:
        mine = families.get(other.name)
        if mine is None or not (other.kind in ("counter", "histogram") or (alive and other.name in ADDED)):
            continue
        found = {(name, *sorted(labels.items())): value for name, labels, value in mine.samples}
        known = {(name, *sorted(labels.items())): labels for name, labels, _ in (*mine.samples, *other.samples)}
        for name, labels, value in other.samples:
            if name.endswith("_created"):
                continue  # a moment, not a number of anything
            place = (name, *sorted(labels.items()))
            found[place] = found.get(place, 0.0) + value
        mine.samples = [(str(place[0]), known[place], value) for place, value in found.items()]
