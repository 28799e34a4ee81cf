"""What is to be reached, as data."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from tests.bench.samples import Samples, middle, ratio

LOGTO = 2_100
"""Microseconds of CPU that a Logto takes for a GET of the profile."""


class Target(Struct, frozen=True):
    """`of` is compared with `against`, or with `bound` alone. Without `figure` it is something measured by itself."""

    what: str
    sense: Literal["at least", "at most"]
    bound: float
    of: str
    against: str | None = None
    figure: str | None = "rps"
    factor: float = 1
    option: str = ""
    """What it takes to be measured."""

    def measured(self, samples: Samples, alone: Mapping[str, float]) -> float | None:
        """None when it was not."""
        if self.figure is None:
            found = alone.get(self.of)
        elif self.against is None:
            found = middle(samples.get(self.of, ()), self.figure)
        else:
            found = ratio(samples, self.of, self.against, self.figure)
        return None if found is None else found * self.factor

    def is_met(self, measured: float) -> bool:
        return measured >= self.bound if self.sense == "at least" else measured <= self.bound


T = Target
TARGETS = (
    T("GET Phoenix, cached, to bare ASGI", "at least", 0.75, "get", "asgi"),
    T("GET /api/profile, cached, to bare ASGI", "at least", 0.70, "profile", "asgi"),
    T("GET Phoenix, lane off, to a bare Litestar handler", "at least", 0.85, "plain", "litestar"),
    T("GET /api/profile, lane off, to a bare Litestar handler", "at least", 0.85, "profile-plain", "litestar"),
    T("GET, cache off, PostgreSQL, to the FastAPI peer", "at least", 20, "uncached", "peer-get"),
    T("PUT to pgbench's updates", "at least", 1.0, "put", "pgbench"),
    T("PATCH to pgbench's updates", "at least", 1.0, "patch", "pgbench"),
    T("PUT to the FastAPI peer", "at least", 15, "put", "peer-put"),
    T("PATCH to the FastAPI peer's PUT", "at least", 15, "patch", "peer-put"),
    T("SQLite: GET to bare ASGI", "at least", 0.45, "sqlite-get", "asgi"),
    T("SQLite: durable PUT to a bare loop of the same statements and batching", "at least", 0.5, "sqlite-put",
      "sqlite-same"),
    T("the same, to a bare loop of plain updates", "at least", 0.5, "sqlite-put", "sqlite-loop"),
    *(
        T(f"first verification of {each}, CPU µs above bare cryptography", "at most", 110, f"first {each}", None, None)
        for each in ("RS256", "ES256", "ES384", "EdDSA")
    ),
    T("batch of 100 to 100 single reads, wall time", "at least", 20, "batch", "single", factor=100),
    T("the same, cache off", "at least", 20, "batch-uncached", "single-uncached", factor=100),
    T("GET p50, cache off, many profiles to few", "at most", 1.2, "uncached-large", "uncached", "p50",
      option="--profiles 10000000"),
    T("CPU of a request, two workers to one", "at most", 1.15, "get-workers", "get", "cpu", option="--workers 2"),
    T("CPU of a cached GET, of Logto's 2.1 ms", "at most", 1 / 50, "get", None, "cpu", factor=1 / LOGTO),
    T("memory after mixed load, to its first minute", "at most", 1.1, "memory", None, None, option="--minutes 10"),
)  # fmt: skip
