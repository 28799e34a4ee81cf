"""What the clients saw, and what became of what they were told. Nothing is asked here: it only counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import inf

from msgspec import Struct

HANG = 10.0
"""Seconds after which an answer is too late to be one."""

OLD = 1.0
"""Seconds after which everybody must read what was acknowledged."""


class Answer(Struct):
    """One request; `status` 0 is none at all. `number` is of the newest change that a read showed."""

    what: str
    began: float
    ended: float
    status: int
    comes_with_retry_after: bool = False
    trouble: str = ""
    number: int | None = None

    @property
    def is_good(self) -> bool:
        return self.status == 200

    @property
    def fault(self) -> str:
        """What is wrong with it; "" for a 200, and for a 503 that says when to come again."""
        if self.ended - self.began > HANG:
            return f"over {HANG:.0f} s"
        if self.is_good or (self.status == 503 and self.comes_with_retry_after):
            return ""
        return self.trouble or (str(self.status) if self.status != 503 else "503 without Retry-After")


class Change(Struct):
    """A change that was asked for; `version` is the record's after it, where that was acknowledged."""

    number: int
    ended: float
    version: int | None


class Stored(Struct):
    """What the database has of a person in the end; `audited` are the versions of its audit rows, in order."""

    number: int
    version: int
    audited: list[int]


class Seen(Struct):
    """What the clients saw of one loss. Seconds."""

    fault: str
    write_outage: float
    read_outage: float
    last_failure: float
    whole: float
    slowest: float
    unavailable: int
    others: dict[str, int]


def seen(fault: str, answers: Sequence[Answer], lost_at: float, until: float, whole: float) -> Seen:
    """Of what was answered after the primary was lost, up to another moment."""
    after = [each for each in answers if lost_at < each.ended <= until]
    failed = [each for each in after if not each.is_good]
    return Seen(
        fault=fault,
        write_outage=outage(each for each in after if each.what == "write"),
        read_outage=outage(each for each in after if each.what == "read"),
        last_failure=max((each.ended - lost_at for each in failed), default=0.0),
        whole=whole,
        slowest=max((each.ended - each.began for each in after), default=0.0),
        unavailable=sum(each.status == 503 for each in failed),
        others=dict(faults(after)),
    )


def outage(answers: Iterable[Answer]) -> float:
    """The longest time from the beginning of a request that failed to the next good answer; endless where none came."""
    longest, since = 0.0, inf
    for each in sorted(answers, key=lambda answer: answer.ended):
        if not each.is_good:
            since = min(since, each.began)
        longest = max(longest, each.ended - since)
        since = inf if each.is_good else since
    return longest if since == inf else inf


def faults(answers: Iterable[Answer]) -> Counter[str]:
    """How often each thing happened that must not."""
    return Counter(each.fault for each in answers if each.fault)


def outdated(answers: Iterable[Answer], changes: Sequence[Change]) -> int:
    """How many reads did not show a change that had been acknowledged long enough before they were asked for."""
    acknowledged = [each for each in changes if each.version is not None]
    return sum(
        any(each.ended < read.began - OLD and each.number > read.number for each in acknowledged)
        for read in answers
        if read.number is not None
    )


def losses(changes: Sequence[Change], stored: Stored) -> Iterator[str]:
    """Each acknowledged change that is not in the database as it was said to be."""
    acknowledged = [each for each in changes if each.version is not None]
    newest = max((each.number for each in acknowledged), default=0)
    if stored.number < newest:
        yield f"change {newest} was acknowledged, the record shows {stored.number}"
    versions = [each.version or 0 for each in acknowledged]
    if any(later <= earlier for earlier, later in pairwise(versions)):
        yield "a version was given twice"
    for each in acknowledged:
        if each.version not in stored.audited:
            yield f"change {each.number} was acknowledged, version {each.version} has no audit row"


def miscounts(changes: Sequence[Change], stored: Stored) -> Iterator[str]:
    """Where version, audit rows and changes differ in number; changes without an answer may have been made or not."""
    if stored.audited != list(range(1, stored.version + 1)):
        yield f"version {stored.version} has {len(stored.audited)} audit rows"
    acknowledged = sum(each.version is not None for each in changes)
    if not acknowledged < stored.version <= len(changes) + 1:
        yield f"{acknowledged} changes of {len(changes)} were acknowledged, the version is {stored.version}"
