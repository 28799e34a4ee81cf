"""What is measured, and how the rounds of one and another are compared."""

from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import Struct


class Sample(Struct, frozen=True, kw_only=True):
    """One round of one contestant: requests a second, milliseconds, microseconds of CPU for a request, MiB."""

    rps: float
    p50: float
    p99: float
    cpu: float | None = None
    database: float | None = None
    """Microseconds of PostgreSQL's CPU for a request."""
    rss: float | None = None


Samples = Mapping[str, Sequence[Sample]]
"""By contestant, in the order of the rounds."""


def middle(samples: Sequence[Sample], figure: str) -> float | None:
    """The median of the rounds; None for what was not measured."""
    known = [value for each in samples if (value := getattr(each, figure)) is not None]
    return median(known) if known else None


def ratio(samples: Samples, one: str, other: str, figure: str = "rps") -> float | None:
    """The median of the rounds' ratios: what disturbs a round disturbs both."""
    pairs = zip(samples.get(one, ()), samples.get(other, ()), strict=False)
    known = [(getattr(a, figure), getattr(b, figure)) for a, b in pairs]
    ratios = [a / b for a, b in known if a is not None and b]
    return median(ratios) if ratios else None
