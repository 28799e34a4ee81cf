"""What the domain needs from a store, and what the store promises when many write at once."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from profilegate.profiles.applications import AppDocument, Application
from profilegate.profiles.bulk import BulkItem, NewOwner, OnConflict, Outcome
from profilegate.profiles.record import Actor, Profile, ProfileChange, ProfileKey, Standing, Tombstone


class ProfileStore(Protocol):
    """One record per key. Every method is atomic and leaves an audit row with each change it makes.

    All raise StoreUnavailable when the database does not answer in time. Times are Unix milliseconds.
    """

    async def get(self, key: ProfileKey) -> Profile | Tombstone | None:
        """The record as last committed."""

    async def recall(self, key: ProfileKey) -> Profile | Tombstone | None:
        """The record as it was at most a second ago, and not before this process's own last change of it."""

    async def get_many(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Profile | Tombstone]:
        """What there is under other people's keys, by one query, as it was a moment ago. Creates nothing.

        A moment is at most a second, or as long as a replica of the database is behind it.
        """

    async def create(self, profile: Profile, actor: Actor) -> bool:
        """Store a new record; False, and nothing written, when the key is in use, be it by a tombstone.

        However many race to create one key, exactly one gets True. Raises UsernameTaken.
        """

    async def revive(self, profile: Profile, actor: Actor) -> bool:
        """Store a record in the place of the user's own tombstone, continuing its version.

        False, and nothing written, unless the tombstone is older than `actor.issued_at`. Raises UsernameTaken.
        """

    async def change(
        self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int, expected: int | None = None
    ) -> Profile | None:
        """Set the given fields and return the record; None when there is no such record, erased ones included.

        `version` and `updated_at` move only when a value really changes. Changes of different fields
        never undo one another. Raises UsernameTaken, or PreconditionFailed when `expected` is not
        the stored version; then nothing is written.
        """

    async def fill(self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int) -> Profile | None:
        """Set those of the given fields that nobody has set, or only the provider, before the actor's token was made.

        None when nothing changed.

        A username that is taken is left alone. Raises UsernameTaken only when one is lost in a race.
        """

    async def erase(self, key: ProfileKey, actor: Actor, now: int, expected: int | None = None) -> Tombstone | None:
        """Leave a tombstone where the record was and return it; None when there was none, or not the `expected` one."""

    async def suspend(self, key: ProfileKey, actor: Actor, now: int, suspended: bool = True) -> bool:
        """Set or lift the actor's own suspension: an operator's, or the provider's. False when nothing changed."""

    async def revoke_before(self, key: ProfileKey, moment: int, actor: Actor, now: int) -> bool:
        """Refuse the user's tokens issued up to `moment`. It never moves backwards. False when nothing changed."""

    async def holder(self, tenant_id: str, username: str) -> str | None:
        """The user who has this username, or one that compares equal. Somebody may take it the next moment."""

    async def count_creation(self, creator: ProfileKey, limit: int, window: int, now: int) -> int | None:
        """Count one creation of somebody else's record; `window` in milliseconds.

        None while `creator` is within `limit`, else the milliseconds until the window ends.
        """


class StandingPort(Protocol):
    """What the gate asks about every caller."""

    async def standing(self, key: ProfileKey) -> Standing:
        """The user's standing as last committed; the plain one for users without a record."""


class ApplicationStore(Protocol):
    """The applications of all tenants."""

    async def register(self, application: Application, now: int) -> Application:
        """Store an application, or what is new about the one of this id."""

    async def add(self, application: Application, now: int) -> Application | None:
        """Store a new application under the tenant's next id; None when too many others do the same."""

    async def get(self, tenant_id: str, app_id: int) -> Application | None: ...

    async def all(self, tenant_id: str) -> list[Application]:
        """By their ids."""


class DocumentStore(Protocol):
    """One document per record and application. Every change leaves an audit row in the same transaction."""

    async def get(self, key: ProfileKey, app_id: int) -> AppDocument | None:
        """The document as last committed; none of erased records."""

    async def of_user(self, key: ProfileKey, limit: int) -> list[tuple[Application, AppDocument]]:
        """What the applications keep about one user, by the applications' ids."""

    async def create(self, key: ProfileKey, app_id: int, data: str, actor: Actor, now: int) -> AppDocument | None:
        """Store a new document; None, and nothing written, where there is one, or no record, or no application."""

    async def replace(
        self, key: ProfileKey, app_id: int, data: str, actor: Actor, now: int, expected: int | None = None
    ) -> AppDocument | None:
        """Other data for the document; None when there is none, or none of the `expected` version."""

    async def delete(
        self, key: ProfileKey, app_id: int, actor: Actor, now: int, expected: int | None = None
    ) -> AppDocument | None:
        """Delete the document and return it; None as for `replace`."""

    def bulk(self, tenant_id: str, actor: Actor, now: int) -> AbstractAsyncContextManager["Bulk"]:
        """A transaction for many; undone when the block raises. One at a time for a tenant."""

    def all_of(self, tenant_id: str, app_id: int) -> AsyncIterator[AppDocument]:
        """Every document of an application, by user id."""


class Bulk(Protocol):
    """Many documents in one transaction."""

    async def put(
        self, chunk: Sequence[BulkItem], on_conflict: OnConflict, generate: Callable[[str], NewOwner]
    ) -> Outcome:
        """Write the chunk, each item for another user and application, with the records that are missing."""


class Spool(Protocol):
    """Items that wait for their transaction, outside of memory."""

    def add(self, item: BulkItem) -> None: ...

    def chunks(self, size: int) -> Iterator[list[BulkItem]]:
        """All of them, in order, at most so many at a time."""

    def close(self) -> None: ...
