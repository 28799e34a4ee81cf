"""What people may ask for about their own data: all of it, and that it be gone (GDPR, articles 15, 17 and 20)."""

import hashlib
from collections.abc import Callable

from msgspec import Struct

from profilegate.errors import NotPermitted, PreconditionFailed, ProfileNotFound
from profilegate.profiles.applications import AppDocument, Application
from profilegate.profiles.history import Entry, HistoryStore
from profilegate.profiles.ports import DocumentStore, ProfileStore
from profilegate.profiles.record import Actor, Profile, ProfileKey, Tombstone

MOST_DOCUMENTS = 1_000
"""Of one user that are exported: each has at most 64 KiB."""

MOST_ENTRIES = 10_000
"""Of one record's history that are exported, the newest."""


class Export(Struct, frozen=True, kw_only=True):
    """Everything that is kept about one user. `exported_at` is in Unix milliseconds."""

    exported_at: int
    profile: Profile
    documents: list[tuple[Application, AppDocument]]
    history: list[Entry]

    @property
    def is_complete(self) -> bool:
        """False where there was more than an export holds."""
        return len(self.documents) < MOST_DOCUMENTS and len(self.history) < MOST_ENTRIES


class Rights(Struct, frozen=True):
    """Exports and erasures. `clock` gives Unix seconds."""

    records: ProfileStore
    documents: DocumentStore
    history: HistoryStore
    clock: Callable[[], float]
    own_erasure: bool = True
    """Whether people may erase their own records, or operators only."""

    async def export(self, key: ProfileKey) -> Export:
        """Everything about the user, as last committed. Raises ProfileNotFound where there is no record."""
        profile = await self.records.get(key)
        if not isinstance(profile, Profile):
            raise ProfileNotFound
        return Export(
            exported_at=self._now(),
            profile=profile,
            documents=await self.documents.of_user(key, MOST_DOCUMENTS),
            history=await self.history.recent(key, MOST_ENTRIES),
        )

    async def erase_own(self, key: ProfileKey, actor: Actor, seen: frozenset[int] | None = None) -> Tombstone:
        """The same as `erase`, for the user. Raises NotPermitted too, where only operators may."""
        if not self.own_erasure:
            raise NotPermitted
        return await self.erase(key, actor, seen)

    async def erase(self, key: ProfileKey, actor: Actor, seen: frozenset[int] | None = None) -> Tombstone:
        """Erase the record and what hangs on it, for good, and return what is left.

        `seen` are the versions one of which the record must have, where the caller insists. Where it is erased
        already, what is left is answered again, so that whoever missed the answer gets it. Raises PreconditionFailed,
        and ProfileNotFound where there has never been a record.
        """
        found = await self.records.get(key)
        if seen is not None and (found is None or found.version not in seen):
            raise PreconditionFailed
        expected = None if seen is None or found is None else found.version
        erased = await self.records.erase(key, actor, self._now(), expected)
        return erased or await self._left(key, seen)

    async def _left(self, key: ProfileKey, seen: frozenset[int] | None) -> Tombstone:
        found = await self.records.get(key)
        if isinstance(found, Tombstone) and seen is None:
            return found
        raise ProfileNotFound if found is None else PreconditionFailed

    def _now(self) -> int:
        return int(self.clock() * 1000)


def receipt(tombstone: Tombstone) -> str:
    """What names this erasure: anybody who has its facts can compute it again, so it needs no keeping.

    SHA-256 of tenant, user, version, time in milliseconds and by whom, each ended by NUL, in hexadecimal.
    """
    facts = (tombstone.tenant_id, tombstone.user_id, tombstone.version, tombstone.deleted_at, tombstone.deleted_by)
    return hashlib.sha256("".join(f"{each}\0" for each in facts).encode()).hexdigest()
