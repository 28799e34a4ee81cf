"""One transaction that writes many documents, a few thousand at a time, with the records that they need."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from profilegate.profiles.bulk import BulkItem, NewOwner, OnConflict, Outcome, Refused
from profilegate.profiles.record import Actor, field_version
from profilegate.store import document_queries as queries
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Session

GENERATED = '{"name": "generated", "avatar": "generated"}'

Note = tuple[str, str, str, int]
Owners = dict[str, int]


class BulkTransaction:
    """Writes chunks within one transaction; what was written is there for others when the transaction ends.

    `version` gives new documents their first; `generate` makes what a user without a record gets.
    """

    def __init__(
        self, session: Session, dialect: str, tenant_id: str, actor: Actor, now: int, version: Callable[[], int]
    ) -> None:
        self._session = session
        self._version = version
        self._dialect = dialect
        self._words = DIALECTS[dialect]
        self._tenant_id = tenant_id
        self._about = audited(tenant_id, actor, now)
        self._now = now
        self._applications: dict[int, int] | None = None

    async def put(
        self, chunk: Sequence[BulkItem], on_conflict: OnConflict, generate: Callable[[str], NewOwner]
    ) -> Outcome:
        """Write the chunk's documents, each for another user and application."""
        applications = await self._known_applications()
        owners, erased = await self._owners(sorted({item.user_id for item in chunk}), generate)
        refused = [Refused(item.index, "the user was deleted") for item in chunk if item.user_id in erased]
        refused += [
            Refused(item.index, "app_id is not a registered application")
            for item in chunk
            if item.app_id not in applications and item.user_id not in erased
        ]
        good = [item for item in chunk if item.user_id in owners and item.app_id in applications]
        written = await self._written(good, owners, applications, on_conflict == "replace")
        left = [item for item in good if (owners[item.user_id], applications[item.app_id]) not in written]
        if on_conflict == "error":
            refused += [Refused(item.index, "there is a document already", 409) for item in left]
            left = []
        done = [item for item in good if (owners[item.user_id], applications[item.app_id]) in written]
        return Outcome(written=done, skipped=left, refused=sorted(refused, key=lambda each: each.index))

    async def _known_applications(self) -> dict[int, int]:
        if self._applications is None:
            rows = await self._session.run(queries.application_ids(self._dialect), {"tenant_id": self._tenant_id})
            self._applications = {int(app_id): int(row_id) for app_id, row_id in rows}
        return self._applications

    async def _owners(self, user_ids: list[str], generate: Callable[[str], NewOwner]) -> tuple[Owners, set[str]]:
        """The rows of these users' records, made where there are none, and those users that were erased."""
        rows = [*await self._locked(user_ids)]
        missing = sorted(set(user_ids) - {user_id for user_id, _, _ in rows})
        if missing:
            made = await self._made([generate(user_id) for user_id in missing])
            rows += made
            lost = sorted(set(missing) - {user_id for user_id, _, _ in made})
            rows += await self._locked(lost) if lost else []  # somebody else was quicker
        return {user: row for user, row, gone in rows if gone is None}, {user for user, _, gone in rows if gone}

    async def _locked(self, user_ids: list[str]) -> Sequence[Any]:
        values = {"tenant_id": self._tenant_id, "user_ids": self._words.many(user_ids)}
        return await self._session.run(queries.lock_owners(self._dialect), values)

    async def _made(self, owners: list[NewOwner]) -> Sequence[Any]:
        version = field_version(self._now)
        values = {
            "tenant_id": self._tenant_id,
            "now": self._now,
            "sources": GENERATED,
            "versions": msgspec.json.encode({"name": version, "avatar": version}).decode(),
        }
        users = [(each.user_id, each.name, each.avatar) for each in owners]
        values |= self._words.rows("users", queries.NEW_USERS, users)
        made = await self._session.run(queries.insert_owners(self._dialect), values)
        await self._note((user_id, "create", "", 1) for user_id, _, _ in made)
        return made

    async def _written(
        self, items: Sequence[BulkItem], owners: Owners, applications: dict[int, int], replace: bool
    ) -> set[tuple[int, int]]:
        if not items:
            return set()
        rows = [(owners[item.user_id], applications[item.app_id], item.data, self._version()) for item in items]
        values = {"now": self._now} | self._words.rows("items", queries.ITEMS, rows)
        written = await self._session.run(queries.insert_many(self._dialect, replace), values)
        versions = {(profile, application): version for profile, application, version in written}
        places = {(owners[item.user_id], applications[item.app_id]): item for item in items}
        notes = ((places[place], version) for place, version in versions.items())
        await self._note(noted(item.user_id, "document-bulk", [item.app_id], version) for item, version in notes)
        return set(versions)

    async def _note(self, notes: Iterable[Note]) -> None:
        if rows := [*notes]:
            values = self._about | self._words.rows("noted", queries.NOTED, rows)
            await self._session.run(queries.note(self._dialect), values)


def audited(tenant_id: str, actor: Actor, now: int) -> dict[str, Any]:
    """What all audit rows of one change have in common."""
    return {
        "tenant_id": tenant_id, "now": now, "actor_kind": actor.kind, "actor_id": actor.id, "face": actor.face,
    }  # fmt: skip


def noted(user_id: str, action: str, app_ids: Iterable[int], version: int) -> Note:
    """One audit row: the documents are named by their applications, as `app:7`."""
    return user_id, action, " ".join(f"app:{app_id}" for app_id in app_ids), version
