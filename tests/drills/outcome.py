"""What is told of a drill, and what of it is wrong."""

from collections import Counter
from collections.abc import Collection

from msgspec import Struct, field
from tests.drills.load import GOOD, Load
from tests.drills.wire import Answer

LATER = "503"
LONGEST = 15.0
"""Seconds after which an answer is as good as none, whatever it says."""


class Outcome(Struct):
    """`lost` are acknowledged changes that the database does not have; `wrong` is all else that must not be."""

    name: str
    kinds: Counter[str] = field(default_factory=Counter)
    longest: float = 0
    outage_reads: float = 0
    outage_writes: float = 0
    healed: float | None = None
    """Seconds after the fault's end until every client was served again."""
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.wrong

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)

    def told(self, answer: Answer, what: str, status: int) -> None:
        """Count an answer that must have this status, and come before its client loses patience."""
        self.kinds[answer.lost or str(answer.status)] += 1
        self.longest = max(self.longest, answer.seconds)
        self.check(answer.status == status, f"{what} is {answer.kind}, not {status}")

    def note(self, said: str) -> None:
        self.notes.append(said)

    def of(self, load: Load, allowed: Collection[str]) -> None:
        """What the clients of the load saw. Beside good answers and 503 with Retry-After, `allowed` may have come."""
        reads, writes = load.seen["read"], load.seen["write"]
        kinds = reads.kinds + writes.kinds
        self.kinds += kinds
        self.longest = max(self.longest, reads.longest, writes.longest)
        self.outage_reads, self.outage_writes = reads.outage, writes.outage
        odd = {kind: n for kind, n in kinds.items() if kind not in (GOOD, LATER, *allowed)}
        self.wrong += [f"{n} x {kind}" for kind, n in sorted(odd.items())]
        self.check(self.longest <= LONGEST, f"somebody waited {self.longest:.1f} s")
