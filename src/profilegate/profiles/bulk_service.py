"""Many documents at once: checked while they come, kept outside of memory, then written in one transaction."""

import hashlib
import logging
from collections.abc import AsyncIterator, Callable

from msgspec import Struct, field

from profilegate.errors import BodyTooLarge, InvalidField
from profilegate.profiles import avatars, names
from profilegate.profiles.app_service import AppService
from profilegate.profiles.applications import Problem
from profilegate.profiles.bulk import BulkItem, Mode, NewOwner, OnConflict, Outcome, Refused, read
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

Place = tuple[int, str]
Progress = Callable[[str, int], None]


class BulkResult(Struct):
    """What became of a bulk. `written` are the application and user of each document, in the order of the request."""

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
        self.written += [(item.app_id, item.user_id) for item in outcome.written]
        self.skipped += [(item.app_id, item.user_id) for item in outcome.skipped]
        self.refuse(outcome.refused)


class Undone(Exception):
    """Ends the transaction of a bulk that is all or nothing, and turned out to be not all."""


def logged(what: str, count: int) -> None:
    """The progress of a bulk in the log."""
    log.info("bulk: %d documents %s", count, what)


class BulkService(Struct, frozen=True):
    """Bulks of one service. `spool` makes a place where items wait; `most` bounds the items of one bulk."""

    apps: AppService
    spool: Callable[[], Spool]
    most: int = 250_000

    async def write(
        self,
        tenant_id: str,
        items: AsyncIterator[Item],
        actor: Actor,
        mode: Mode = "all",
        on_conflict: OnConflict = "error",
        progress: Progress = logged,
    ) -> BulkResult:
        """Write the documents that the items are. With `all`, nothing is written when any of them is refused.

        Nothing is asked of the database before all have come, so a slow sender holds no lock. Raises
        MalformedBody, BodyTooLarge or StoreUnavailable; then nothing is written, but with `partial` the chunks before.
        """
        result, spool = BulkResult(), self.spool()
        try:
            await self._collect(tenant_id, items, spool, result, progress)
            if mode == "partial":
                await self._write_good(tenant_id, spool, actor, on_conflict, result, progress)
            elif not result.refusals:
                await self._write_all(tenant_id, spool, actor, on_conflict, result, progress)
        finally:
            spool.close()
        return result

    async def _collect(
        self, tenant_id: str, items: AsyncIterator[Item], spool: Spool, result: BulkResult, progress: Progress
    ) -> None:
        """Check each item and let the good ones wait."""
        checks = await self.apps.checks(tenant_id)
        known: dict[bytes, bytes] = {}
        index = 0
        async for each in items:
            if index >= self.most:
                raise BodyTooLarge(f"A bulk may have at most {self.most} items.")
            try:
                item = self._read(index, each, checks)
                if _is_new(item, known):
                    spool.add(item)
                else:
                    result.repeated += 1
            except InvalidField as error:
                result.refuse([Refused(index, f"{error.field} {error.rule}")])
            index += 1
            if index % STEP == 0:
                progress("checked", index)

    def _read(self, index: int, item: Item, checks: dict[int, Problem]) -> BulkItem:
        if item.problem is not None:
            raise InvalidField("item", item.problem, "json")
        found = read(index, item.value, item.text, self.apps.limits)
        if found.app_id not in checks:
            raise InvalidField("app_id", "is not a registered application", "unknown_app")
        if (problem := checks[found.app_id](found.data)) is not None:
            raise InvalidField("profile_data", problem, "schema")
        return found

    async def _write_all(
        self,
        tenant_id: str,
        spool: Spool,
        actor: Actor,
        on_conflict: OnConflict,
        result: BulkResult,
        progress: Progress,
    ) -> None:
        try:
            async with self.apps.documents.bulk(tenant_id, actor, self._now()) as transaction:
                for chunk in spool.chunks(CHUNK):
                    result.take(await transaction.put(chunk, on_conflict, lambda user: self._owner(tenant_id, user)))
                    progress("written", len(result.written))
                if result.refusals:
                    raise Undone
        except Undone:
            result.written, result.skipped = [], []

    async def _write_good(
        self,
        tenant_id: str,
        spool: Spool,
        actor: Actor,
        on_conflict: OnConflict,
        result: BulkResult,
        progress: Progress,
    ) -> None:
        for chunk in spool.chunks(CHUNK):
            async with self.apps.documents.bulk(tenant_id, actor, self._now()) as transaction:
                outcome = await transaction.put(chunk, on_conflict, lambda user: self._owner(tenant_id, user))
            result.take(outcome)
            progress("written", len(result.written))

    def _owner(self, tenant_id: str, user_id: str) -> NewOwner:
        key = ProfileKey(tenant_id, user_id)
        base = self.apps.profiles.rules.avatar_base
        return NewOwner(user_id, names.generated(key), avatars.generated(base, key))

    def _now(self) -> int:
        return int(self.apps.clock() * 1000)


def _is_new(item: BulkItem, known: dict[bytes, bytes]) -> bool:
    """Whether it is the first for its user and application. Raises InvalidField for a second, different one.

    Digests are kept, not the items: about 150 bytes each.
    """
    place = hashlib.blake2b(f"{item.app_id} {item.user_id}".encode(), digest_size=16).digest()
    data = hashlib.blake2b(item.data.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    before = known.setdefault(place, data)
    if before is data:
        return True
    if before == data:
        return False
    raise InvalidField("item", "is the second for its user and application, and differs from the first", "duplicate")
