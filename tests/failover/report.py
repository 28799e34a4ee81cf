"""What is told of a drill: a table, a verdict, and everything as JSON."""

from collections.abc import Iterator
from math import inf
from statistics import median

from msgspec import Struct
from tests.failover.findings import Seen

HEAD = "| lost | writes out s | reads out s | last failure after s | whole after s | slowest answer s | 503 | other |"


class Drill(Struct, kw_only=True):
    """All that was found. `faults` are answers that must not be, in the whole run."""

    seen: list[Seen]
    writes: int
    acknowledged: int
    reads: int
    outdated: int
    lost: list[str]
    miscounted: list[str]
    faults: dict[str, int]
    logged: list[str]
    versions: dict[str, str]

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, nothing was answered that must not be, and all went on each time."""
        heals = all(each.write_outage < inf and each.read_outage < inf for each in self.seen)
        return heals and not (self.lost or self.miscounted or self.faults or self.outdated)


def markdown(drill: Drill) -> str:
    return "\n".join((*_table(drill.seen), "", *_sums(drill)))


def _table(seen: list[Seen]) -> Iterator[str]:
    yield HEAD
    yield "|---" * 8 + "|"
    for each in seen:
        times = (each.write_outage, each.read_outage, each.last_failure, each.whole, each.slowest)
        others = ", ".join(f"{count} {what}" for what, count in each.others.items()) or "none"
        yield f"| {each.fault} | {' | '.join(f'{time:.1f}' for time in times)} | {each.unavailable} | {others} |"


def _sums(drill: Drill) -> Iterator[str]:
    yield ", ".join(f"{name} {version}" for name, version in drill.versions.items())
    outages = [each.write_outage for each in drill.seen]
    if outages:
        yield f"writes were out {median(outages):.1f} s (median), {max(outages):.1f} s at most"
    yield f"{drill.writes} writes, {drill.acknowledged} acknowledged, **{len(drill.lost)} of these lost**"
    yield f"{drill.reads} reads, {drill.outdated} of them more than a second old"
    yield f"answers that must not be: {drill.faults or 'none'}"
    for each in (*drill.lost, *drill.miscounted, *drill.logged):
        yield f"- {each}"
