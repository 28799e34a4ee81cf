"""Records of which the identity provider knows more than it told: marked, and settled by asking it."""

from typing import Protocol

from msgspec import Struct

from profilegate.profiles.record import ProfileKey


class Stale(Struct, frozen=True):
    """One such record. `subject` is the user's id at the provider; `marked_at` is in Unix milliseconds."""

    key: ProfileKey
    source: str
    subject: str
    marked_at: int
    attempts: int


class StaleRecords(Protocol):
    """The marks. All raise StoreUnavailable; times are Unix milliseconds."""

    async def take(self, now: int) -> Stale | None:
        """One that is due; nobody else gets it for a minute."""

    async def answered(self, stale: Stale, now: int) -> None:
        """Forget the mark; one that was made since stays, and is due."""

    async def unanswered(self, stale: Stale, now: int) -> None:
        """Ask again later, ever more rarely."""

    async def mark_next(self, source: str, tenant_id: str, prefix: str, period: int, now: int) -> int:
        """Mark the next page of a tenant's records, whose user ids begin with `prefix`, when that is due.

        A round through all of them begins every `period`. Returns how many records the page had.
        """
