"""What Prometheus reads of one process: how requests went, by face, and how what serves them is doing.

Numbers only: no user, no tenant, no path. Counting must cost little, so it is done in plain integers, and made into
Prometheus' families when somebody asks.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from profilegate.store.engine import Load

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. The first is what a remembered record takes, the last is longer than any time limit."""

LE = [*map(str, BOUNDS), "+Inf"]


class Requests:
    """How many requests took how long: by face, method and status."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, int], list[float]] = {}
        self.turned_away = 0

    def turn_away(self) -> None:
        """Count one that was not let in at all."""
        self.turned_away += 1

    def took(self, face: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        counts = self._seen.get((face, method, status))
        if counts is None:
            counts = self._seen[face, method, status] = [0.0] * (len(LE) + 1)
        counts[bisect_left(BOUNDS, seconds)] += 1
        counts[-1] += seconds

    def family(self) -> Metric:
        """All of them as one histogram."""
        text = "Seconds from the request's headers to the answer's end, by face, method and status."
        family = HistogramMetricFamily("profilegate_request_seconds", text, labels=["face", "method", "status"])
        for (face, method, status), (*counts, total) in self._seen.items():
            sums = [sum(counts[: n + 1]) for n in range(len(LE))]
            family.add_metric([face, method, str(status)], [*zip(LE, sums, strict=True)], total)
        return family


class Measured(ASGIMiddleware):
    """Counts the requests to one face. It stands before the gate, so that refusals count too."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, requests: Requests, face: str) -> None:
        self._requests = requests
        self._face = face

    def __deepcopy__(self, _: object) -> "Measured":
        return self  # Litestar copies a router when it registers it; there is one count

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        began, status = perf_counter(), 500

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, answering)
        except Exception as error:  # the gate's own refusals are answered further out
            status = int(getattr(error, "status", getattr(error, "status_code", 500)))
            raise
        finally:
            method = scope["method"]  # type: ignore[typeddict-item]
            self._requests.took(self._face, method, status, perf_counter() - began)


class Parts(Struct, frozen=True):
    """Where the other numbers come from, each asked when Prometheus asks."""

    cached: Callable[[], Mapping[tuple[str, str], int]]
    """Look-ups by cache and outcome."""
    fetched: Callable[[], Counter[str]]
    """Key sets fetched from providers, by outcome."""
    refused: Callable[[], int]
    """Requests for which a queue was too long."""
    load: Callable[[], Load]
    """Of the database's connections."""
    is_bypassed: Callable[[], bool]
    """Whether nothing remembered may be believed."""


class Collected:
    """What Prometheus' registry collects. `is_up` is set by whoever has just asked the database."""

    def __init__(self, requests: Requests, parts: Parts, release: str) -> None:
        self._requests = requests
        self._parts = parts
        self._release = release
        self.is_up = False

    def collect(self) -> Iterator[Metric]:
        """Everything, as it is now."""
        yield self._requests.family()
        yield from self._counters()
        yield from self._gauges()
        yield InfoMetricFamily("profilegate", "The release.", {"version": self._release})

    def _counters(self) -> Iterator[Metric]:
        looked = CounterMetricFamily(
            "profilegate_cache_lookups", "Look-ups in memory, of records and of tokens.", labels=["cache", "outcome"]
        )
        for labels, count in self._parts.cached().items():
            looked.add_metric(labels, count)
        fetched = CounterMetricFamily("profilegate_key_fetches", "Key sets asked for.", labels=["outcome"])
        for outcome in ("ok", "failed"):
            fetched.add_metric([outcome], self._parts.fetched()[outcome])
        refused = CounterMetricFamily("profilegate_refused", "Refused at once, before any work.", labels=["reason"])
        refused.add_metric(["busy"], self._parts.refused())
        yield from (looked, fetched, refused)

    def _gauges(self) -> Iterator[Metric]:
        load = self._parts.load()
        held = GaugeMetricFamily("profilegate_database_connections", "Of this server's pools.", labels=["state"])
        held.add_metric(["used"], load.used)
        held.add_metric(["idle"], load.idle)
        yield held
        yield _gauge("profilegate_database_waiting", "Statements that wait for a connection.", load.waiting)
        yield _gauge("profilegate_database_up", "1 when the database answers and its schema fits.", self.is_up)
        text = "1 while changes are not heard of, so that every record is read anew."
        yield _gauge("profilegate_cache_bypassed", text, self._parts.is_bypassed())


def _gauge(name: str, text: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, text, float(value))
