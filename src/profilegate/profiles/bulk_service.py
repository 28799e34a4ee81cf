"""Many documents at once: checked while they come, kept outside of memory, then written in one transaction."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable

from msgspec import Struct, field

from profilegate.errors import BodyTooLarge, InvalidField
from profilegate.profiles import avatars, names
from profilegate.profiles.app_service import AppService
from profilegate.profiles.bulk import BulkItem, Mode, NewOwner, OnConflict, Outcome, Refused
from profilegate.profiles.bulk_checks import BulkChecks
from profilegate.profiles.json_stream import Item
from profilegate.profiles.ports import Spool
from profilegate.profiles.record import Actor, ProfileKey

log = logging.getLogger("profilegate.bulk")

CHUNK = 2_000
"""Items of one statement."""

STEP = 10_000
"""Items between two lines of the log."""

MOST_TOLD = 1_000
"""Refused items that are told of; all are counted."""


class Place(Struct, frozen=True):
    """Which item it was, and whose document of which application."""

    index: int
    app_id: int
    user_id: str

    @classmethod
    def of(cls, item: BulkItem) -> "Place":
        return cls(item.index, item.app_id, item.user_id)


class BulkResult(Struct):
    """What became of a bulk. `refusals` counts the items that were refused, of which `refused` tells some."""

    written: list[Place] = field(default_factory=list)
    skipped: list[Place] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    refusals: int = 0
    repeated: int = 0
    """Items that were the same as an earlier one, and count once."""

    def refuse(self, refused: list[Refused]) -> None:
        """Count them, and keep as many as are told of."""
        self.refusals += len(refused)
        self.refused += refused[: MOST_TOLD - len(self.refused)]

    def take(self, outcome: Outcome) -> None:
        """Add what a chunk came to."""
        self.written += map(Place.of, outcome.written)
        self.skipped += map(Place.of, outcome.skipped)
        self.refuse(outcome.refused)


def logged(what: str, count: int) -> None:
    """The progress of a bulk in the log."""
    if count % STEP == 0:
        log.info("bulk: %d documents %s", count, what)


class BulkOrder(Struct, frozen=True):
    """Who writes where, and how. `progress` hears how many documents were checked, and written, so far."""

    tenant_id: str
    actor: Actor
    mode: Mode = "all"
    on_conflict: OnConflict = "error"
    progress: Callable[[str, int], None] = logged


class Undone(Exception):
    """Ends the transaction of a bulk that is all or nothing, and turned out to be not all."""


class BulkService(Struct, frozen=True):
    """Bulks of one service. `spool` makes a place where items wait; `most` bounds the items of one bulk."""

    apps: AppService
    spool: Callable[[], Spool]
    most: int = 250_000

    async def write(self, items: AsyncIterator[Item], order: BulkOrder) -> BulkResult:
        """Write the documents that the items are. With the mode "all", nothing is written when any is refused.

        Nothing is asked of the database before all have come, so a slow sender holds no lock. Raises
        MalformedBody, BodyTooLarge or StoreUnavailable; then nothing is written, or with "partial" some chunks.
        """
        result, spool = BulkResult(), self.spool()
        try:
            await self._collect(items, order, spool, result)
            if order.mode == "partial":
                for chunk in spool.chunks(CHUNK):
                    await self._write([chunk], order, result)
            elif not result.refusals:
                await self._write_all(spool, order, result)
        finally:
            spool.close()
        return result

    async def _collect(self, items: AsyncIterator[Item], order: BulkOrder, spool: Spool, result: BulkResult) -> None:
        """Check each item and let the good ones wait."""
        checks = BulkChecks(await self.apps.checks(order.tenant_id), self.apps.limits)
        index = 0
        async for each in items:
            if index >= self.most:
                raise BodyTooLarge(f"A bulk may have at most {self.most} items.")
            try:
                if (item := checks.checked(index, each)) is not None:
                    spool.add(item)
                else:
                    result.repeated += 1
            except InvalidField as error:
                result.refuse([Refused(index, f"{error.field} {error.rule}")])
            index += 1
            order.progress("checked", index)

    async def _write_all(self, spool: Spool, order: BulkOrder, result: BulkResult) -> None:
        try:
            await self._write(spool.chunks(CHUNK), order, result)
        except Undone:
            result.written, result.skipped = [], []

    async def _write(self, chunks: Iterable[list[BulkItem]], order: BulkOrder, result: BulkResult) -> None:
        """Write the chunks in one transaction. Raises Undone when it is to be all or nothing, and is not all."""

        def owner(user_id: str) -> NewOwner:
            return self._owner(ProfileKey(order.tenant_id, user_id))

        now = int(self.apps.clock() * 1000)
        async with self.apps.documents.bulk(order.tenant_id, order.actor, now) as transaction:
            for chunk in chunks:
                result.take(await transaction.put(chunk, order.on_conflict, owner))
                order.progress("written", len(result.written))
            if order.mode == "all" and result.refusals:
                raise Undone

    def _owner(self, key: ProfileKey) -> NewOwner:
        """What a user without a record gets."""
        base = self.apps.profiles.rules.avatar_base
        return NewOwner(key.user_id, names.generated(key), avatars.generated(base, key))
