"""A provider's delivery, verified, and what becomes of it; and what the inbox promises."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from msgspec import Struct

from profilegate.profiles.lives import Lives

State = Literal["waiting", "done", "dead"]


class Delivery(Struct, frozen=True, kw_only=True):
    """One delivery. `body` is what was signed; `received_at` is in Unix milliseconds.

    `tenant_id` and `user_id` are of the first user that it is about.
    """

    source: str
    delivery_id: str
    received_at: int
    body: bytes
    tenant_id: str = ""
    user_id: str = ""
    id: int = 0
    """In the inbox."""
    attempts: int = 0


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A delivery that could not be applied."""

    id: int
    source: str
    delivery_id: str
    user_id: str
    received_at: int
    attempts: int
    error: str


class Conflict(Struct, frozen=True, kw_only=True):
    """A username that a provider gave a user while somebody else had it. `noted_at` is in Unix milliseconds."""

    user_id: str
    username: str
    source: str
    noted_at: int
    holder: str | None
    """Who has it now."""


class Health(Struct, frozen=True, kw_only=True):
    """How a source is doing. Times are Unix milliseconds."""

    last_received_at: int | None = None
    oldest_waiting_at: int | None = None
    waiting: int = 0
    failing: int = 0
    """Of those that wait, how many have failed before."""
    dead_letters: int = 0
    conflicts: int = 0
    recent: tuple[int, ...] = ()
    """When the latest deliveries were received, newest first."""


class Work(Protocol):
    """Some waiting deliveries, in one transaction that nobody else works on them in."""

    @property
    def deliveries(self) -> Sequence[Delivery]: ...

    @property
    def lives(self) -> Lives:
        """The records, in the same transaction."""

    async def forget(self, delivery: Delivery) -> None:
        """Keep of this one only that it came."""

    async def done(self, now: int) -> None:
        """All of them are applied."""


class Inbox(Protocol):
    """Where deliveries wait. All raise StoreUnavailable when the database does not answer in time."""

    async def add(self, delivery: Delivery) -> bool:
        """Store it, for good when this returns; False when it is there already."""

    def work(self, most: int, now: int) -> AbstractAsyncContextManager[Work]:
        """Take up to `most` deliveries that are due; whatever was done is undone when the block raises.

        What one worker has taken no other gets. A crash gives them back.
        """

    def lives(self) -> AbstractAsyncContextManager[Lives]:
        """The records in a transaction without a delivery."""

    async def failed(self, delivery: Delivery, error: str, next_at: int | None) -> None:
        """Count an attempt, and try again at `next_at`; None makes it a dead letter."""

    async def replay(self, tenant_id: str, sources: Sequence[str], id: int, now: int) -> bool:
        """Have a tenant's dead letter of these sources tried again; False when there is none of this id."""

    async def replay_all(self, source: str, since: int | None, now: int) -> int:
        """Have a source's dead letters tried again, and what was received since (Unix milliseconds); how many."""

    async def dead_letters(self, tenant_id: str, sources: Sequence[str], limit: int) -> list[DeadLetter]:
        """The oldest first."""

    async def conflicts(self, tenant_id: str, limit: int) -> list[Conflict]:
        """The oldest first."""

    async def health(self, source: str) -> Health: ...

    async def forget(self, now: int) -> int:
        """Delete some deliveries that have been done for long enough; returns how many."""
