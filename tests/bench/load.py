"""Who asks: wrk where it is installed, else a generator of our own."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Literal

import uvloop
from msgspec import Struct, convert
from tests.bench.connection import Answer, Heard, ask
from tests.bench.traffic import HOST, Traffic

CLIENTS = 64
"""Connections that are kept, each with one request at a time."""

PATIENCE = 10
"""Seconds after which an answer counts as failed."""

SCRIPT = Path(__file__).with_name("load.lua")

Generator = Literal["wrk", "own"]


class Load(Struct, frozen=True):
    """What was answered, and how fast; milliseconds. `failed` are answers other than 2xx, and none at all."""

    answered: int
    seconds: float
    p50: float
    p99: float
    failed: int


class Source:
    """A stream of requests to one port. It goes on where it stopped: no change is asked for twice."""

    def __init__(self, port: int, traffic: Traffic, folder: Path, clients: int = CLIENTS) -> None:
        self.port, self.traffic, self.clients = port, traffic, clients
        self.next = 0
        """The number of the next request."""
        self._file = Path(tempfile.mkstemp(suffix=".requests", dir=folder)[1])
        with self._file.open("wb") as file:
            for each in traffic:
                file.write(b"%d %d\n%b%b" % (len(each.before), len(each.after), each.before, each.after))

    def tried(self, requests: int) -> None:
        """Each request once, or so many of them. Raises AssertionError for the first answer that is not right."""
        first, self.next = self.next, self.next + requests

        def right(number: int, answer: Answer) -> None:
            asked = self.traffic[number % len(self.traffic)]
            good = 200 <= answer.status < 300 and asked.is_right(answer.body, number)
            assert good, f"{asked.before[:80]!r}: {answer.status} {answer.body[:300]!r}"

        self._ask(iter(range(first, first + requests)), right)

    def flood(self, seconds: float, generator: Generator) -> Load:
        """As many as are answered in this time."""
        load = self._wrk(seconds) if generator == "wrk" else self._own(seconds)
        self.next += load.answered + 2 * self.clients  # some were under way
        return load

    def _wrk(self, seconds: float) -> Load:
        command = ["wrk", "-t1", f"-c{self.clients}", f"-d{max(1, round(seconds))}s", f"--timeout={PATIENCE}s"]
        command += ["-s", str(SCRIPT), f"http://{HOST}:{self.port}/", "--", str(self._file), str(self.next)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return convert(json.loads(done.stdout.splitlines()[-1]), Load)

    def _own(self, seconds: float) -> Load:
        taken: list[float] = []
        failed = 0

        def heard(_: int, answer: Answer) -> None:
            nonlocal failed
            taken.append(answer.seconds)
            failed += not 200 <= answer.status < 300

        began = perf_counter()
        self._ask(takewhile(lambda _: perf_counter() - began < seconds, count(self.next)), heard)
        percentiles = quantiles(taken, n=100)
        return Load(len(taken), perf_counter() - began, percentiles[49] * 1e3, percentiles[98] * 1e3, failed)

    def _ask(self, numbers: Iterator[int], heard: Heard) -> None:
        uvloop.run(ask(self.port, numbers, self._written, heard, self.clients))

    def _written(self, number: int) -> bytes:
        return self.traffic[number % len(self.traffic)].written(number)


def generator(wanted: Generator | None) -> Generator:
    """The wanted one, or the faster one that there is."""
    return wanted or ("wrk" if shutil.which("wrk") else "own")
