"""What was done to a record, and the records that an operator looks for; and what the store promises about both."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from profilegate.profiles.record import Profile, ProfileKey


class Entry(Struct, frozen=True):
    """Who changed which fields of a record, when (Unix milliseconds) and through which face. Never the values."""

    at: int
    actor_kind: str
    actor_id: str
    face: str
    action: str
    fields: tuple[str, ...]


class HistoryStore(Protocol):
    """All raise StoreUnavailable."""

    async def recent(self, key: ProfileKey, limit: int) -> list[Entry]:
        """The newest first."""

    async def forget(self, before: int, limit: int) -> int:
        """Forget entries from before a moment (Unix milliseconds), the oldest first; how many that were."""

    async def found(self, tenant_id: str, text: str, limit: int) -> Sequence[Profile]:
        """Records with this user id or username, or whose name begins so in any case; erased ones never."""
