"""The repository: what the domain asks of a store, said in statements; and rows made records again."""

import sys
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct

from profilegate.errors import PreconditionFailed, StoreUnavailable, UsernameTaken
from profilegate.profiles.record import (
    MEMBER,
    Actor,
    Profile,
    ProfileChange,
    ProfileKey,
    Standing,
    Tombstone,
    field_version,
)
from profilegate.store import change_queries, creations, life_queries, queries
from profilegate.store.changes import Changes
from profilegate.store.dialect import DIALECTS
from profilegate.store.document_queries import delete_all_of, lock_owner
from profilegate.store.engine import Engine, Row, UniqueViolation
from profilegate.store.replication import replicated, written

JSON_COLUMNS = ("custom_data", "identities", "sso_identities", "oidc_profile", "sources", "versions")
BOOLEAN_COLUMNS = ("suspended_by_idp", "suspended_by_operator", "has_password")

# An UPDATE that changes no row may have had nothing to change, or may have come a moment too early, while
# somebody else made the record. Only the same version before and after it tells which.
ROUNDS = 5

VERSION, DELETED_AT = map(queries.WHOLE.index, ("version", "deleted_at"))
STANDING_OF = itemgetter(*map(queries.WHOLE.index, queries.STANDING))

Values = dict[str, Any]

OVERHEAD = 4_608
"""Bytes that a record takes in memory besides its texts, the frames of the answers made of it included."""

MOST_OWN = 2
"""Copies of the whole record, as its owner is shown it, that are kept with it."""


class Whole(Struct, eq=False, gc=False):
    """All that the database says under a key: a row of `queries.WHOLE`. Of most rows only the standing is asked.

    `answers` is for whoever keeps what was made of it: it lives as long as this.
    """

    row: Row
    answers: dict[Any, Any] = {}
    _found: Profile | Tombstone | None = None
    _standing: Standing | None = None

    @property
    def found(self) -> Profile | Tombstone:
        """The record, or what is left of it."""
        if self._found is None:
            self._found = to_record(self.row)
        return self._found

    @property
    def standing(self) -> Standing:
        """Whether the user may act."""
        if self._standing is None:
            self._standing = to_standing(STANDING_OF(self.row))
        return self._standing

    @property
    def version(self) -> int:
        """Of the record, or of its tombstone."""
        return int(self.row[VERSION])

    @property
    def size(self) -> int:
        """Bytes of memory for the row, for what it is decoded to, and for the answers, of which MOST_OWN are whole.

        Beyond its text, what JSON takes once it is decoded is told by the signs that announce it. A text that is not
        ASCII keeps its UTF-8 too.
        """
        text = "".join([value for value in self.row if type(value) is str])
        length, encoded = len(text), 0
        if not text.isascii():
            length = encoded = len(text.encode())
        size = OVERHEAD + 2 * sys.getsizeof(text) + encoded + MOST_OWN * length
        size += 64 * (text.count("[") + text.count("{")) + 80 * text.count(":")
        return size + 40 * text.count(",") + 28 * text.count('"')


class ProfileRepository:
    """`ProfileStore` and `StandingPort` on a database. Holds no state besides the changes that are under way.

    `comparison_key` says which usernames are the same.
    """

    def __init__(self, engine: Engine, comparison_key: Callable[[str], str]) -> None:
        self._engine = engine
        self._dialect = engine.engine_type
        self._comparison_key = comparison_key
        self.changes = Changes(engine)

    async def get(self, key: ProfileKey) -> Profile | Tombstone | None:
        rows = await self._engine.fetch(queries.select(self._dialect), _key(key))
        return to_record(rows[0]) if rows else None

    async def recall(self, key: ProfileKey) -> Profile | Tombstone | None:
        return await self.get(key)  # nothing is remembered here

    async def look(self, key: ProfileKey) -> Whole | None:
        """The record and its standing."""
        rows = await self._engine.fetch(queries.select_whole(self._dialect), _key(key))
        return Whole(rows[0]) if rows else None

    async def look_at_many(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Whole]:
        """The records, of any tenants, by one query, with their standings."""
        values = DIALECTS[self._dialect].rows("asked", queries.ASKED, [(key.tenant_id, key.user_id) for key in keys])
        rows = await self._engine.fetch(queries.select_wholes(self._dialect), values)
        return {ProfileKey(row[0], row[1]): Whole(row) for row in rows}

    async def get_many(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Profile | Tombstone]:
        if not keys:
            return {}
        ids = DIALECTS[self._dialect].many(sorted({key.user_id for key in keys}))
        values = {"tenant_id": keys[0].tenant_id, "user_ids": ids}
        records = map(to_record, await self._engine.fetch(queries.select_many(self._dialect), values))
        return {ProfileKey(each.tenant_id, each.user_id): each for each in records}

    async def create(self, profile: Profile, actor: Actor) -> bool:
        values = _audit(actor, profile.created_at, "create") | self._row(profile) | _seen(profile, actor)
        return bool(await self._written(queries.insert(self._dialect), values))

    async def revive(self, profile: Profile, actor: Actor) -> bool:
        issued_at = (actor.issued_at or 0) * 1000
        values = _audit(actor, profile.created_at, "create") | self._row(profile)
        values |= {"issued_at": issued_at, "buried_version": profile.version - 1} | _seen(profile, actor)
        return bool(await self._written(queries.revive(self._dialect), values))

    async def change(
        self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int, expected: int | None = None
    ) -> Profile | None:
        done = await self.changed(key, change, actor, now, expected)
        found = done.found if isinstance(done, Whole) else done
        return found if isinstance(found, Profile) else None

    async def changed(
        self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int, expected: int | None = None
    ) -> Whole | Profile | None:
        """The same, with all that there is to know of the record where it really changed."""
        given = change.given()
        values = _audit(actor, now, "change") | self._given(key, given, now, actor.source) | {"expected": expected}
        # Together with others' changes, where no constraint may refuse it; SQLite does that with whatever waits.
        if given and self._dialect == "postgres" and "username" not in given:
            made = await self.changes.put(key, tuple(given), values)
            if made.row is not None and made.changed:
                return Whole(made.row)
            found = None if made.row is None else to_record(made.row)
            if expected is None and isinstance(found, Profile) and _is_so(found, given):
                return found
        return await self._changed_alone(key, tuple(given), values)

    async def _changed_alone(self, key: ProfileKey, fields: tuple[str, ...], values: Values) -> Whole | Profile | None:
        before: int | None = None
        for _ in range(ROUNDS):
            rows = await self._written(change_queries.change(self._dialect, fields), values) if fields else ()
            if rows:
                return Whole(rows[0])
            found = await self.get(key)
            if not isinstance(found, Profile):
                return None
            if values["expected"] not in (None, found.version):
                raise PreconditionFailed
            if before == found.version or not fields:
                return found
            before = found.version
        raise StoreUnavailable

    async def fill(self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int) -> Profile | None:
        given = change.given()
        if not given:
            return None
        values = _audit(actor, now, "fill") | self._given(key, given, now, "claims")
        values |= {"field_version": actor.claims_version}
        rows = await self._written(change_queries.fill(self._dialect, tuple(given)), values)
        found = to_record(rows[0]) if rows else None
        return found if isinstance(found, Profile) else None

    async def erase(self, key: ProfileKey, actor: Actor, now: int, expected: int | None = None) -> Tombstone | None:
        values = _audit(actor, now, "erase") | _key(key) | {"deleted_by": actor.source, "grave": field_version(now)}
        values["expected"] = expected
        first, *audit = queries.erase(self._dialect)
        async with self._engine.session() as session:
            await session.run(lock_owner(self._dialect), values)  # from here on nobody can add a document
            rows = await session.run(first, values)
            after = [*audit] if rows else []
            if rows or expected is None:  # deliveries about the user may have come since the record ended
                said = (life_queries.give_up_dead_letters(self._dialect), life_queries.forget_said(self._dialect))
                after += (delete_all_of(self._dialect), *life_queries.buried(self._dialect), *said)
            for each in after:
                await session.run(each, values | {"nothing": b""})
            if not rows:
                await replicated(session, self._dialect)  # it may be erased at the primary alone so far
                return None
        left = to_record(rows[0])
        return left if isinstance(left, Tombstone) else None

    async def suspend(self, key: ProfileKey, actor: Actor, now: int, suspended: bool = True) -> bool:
        flag = "suspended_by_idp" if actor.kind == "idp" else "suspended_by_operator"
        values = _audit(actor, now, "suspend" if suspended else "restore") | _key(key) | {"suspended": suspended}
        return bool(await self._written(queries.suspend(self._dialect, flag), values))

    async def revoke_before(self, key: ProfileKey, moment: int, actor: Actor, now: int) -> bool:
        values = _audit(actor, now, "revoke") | _key(key) | {"moment": moment}
        return bool(await self._written(queries.revoke_before(self._dialect), values))

    async def holder(self, tenant_id: str, username: str) -> str | None:
        values = {"tenant_id": tenant_id, "username_key": self._comparison_key(username)}
        rows = await self._engine.fetch(queries.select_holder(self._dialect), values)
        return rows[0][0] if rows else None

    async def count_creation(self, creator: ProfileKey, limit: int, window: int, now: int) -> int | None:
        values = _key(creator) | {"now": now, "expired": now - window}
        ((start, made),) = await self._engine.write([creations.count(self._dialect)], values)
        return None if made <= limit else max(start + window - now, 1)

    async def standing(self, key: ProfileKey) -> Standing:
        rows = await self._engine.fetch(queries.select_standing(self._dialect), _key(key))
        return to_standing(rows[0]) if rows else Standing()

    async def _written(self, statements: queries.Audited, values: Values) -> Sequence[Row]:
        try:
            return await written(self._engine, statements, values)
        except UniqueViolation as error:
            if "username" in error.index:
                raise UsernameTaken from error
            raise

    def _row(self, profile: Profile) -> Values:
        values = {column: getattr(profile, column) for column in queries.RECORD}
        values |= {column: _json(values[column]) for column in JSON_COLUMNS}
        return values | {"username_key": self._username_key(profile.username)}

    def _given(self, key: ProfileKey, given: Values, now: int, source: str) -> Values:
        values = {field: _json(value) if _is_json(field, value) else value for field, value in given.items()}
        noted = {"source": source, "field_version": field_version(now)}
        return _key(key) | values | noted | {"username_key": self._username_key(given.get("username"))}

    def _username_key(self, username: str | None) -> str | None:
        return None if username is None else self._comparison_key(username)


def to_record(row: Row) -> Profile | Tombstone:
    """The record, or the tombstone, that a row of `queries.RETURNED` or `queries.WHOLE` holds."""
    if row[DELETED_AT] is not None:
        return _tombstone(dict(zip(queries.RETURNED, row, strict=False)))
    record = dict(zip(queries.RECORD, row, strict=False))
    for column in JSON_COLUMNS:
        record[column] = msgspec.json.decode(record[column])
    for column in BOOLEAN_COLUMNS:
        record[column] = bool(record[column])
    return Profile(**record)


def to_standing(row: Row) -> Standing:
    """What a row of `queries.STANDING` says about its user."""
    values = dict(zip(queries.STANDING, row, strict=True))
    suspended = bool(values["suspended_by_idp"] or values["suspended_by_operator"])
    grave = None if values["deleted_at"] is None else _tombstone(values)
    return Standing(suspended, grave, values["revoked_before"])


def _tombstone(values: Mapping[str, Any]) -> Tombstone:
    return Tombstone(**{name: values[name] for name in Tombstone.__struct_fields__})


def _seen(profile: Profile, actor: Actor) -> Values:
    """A user's own token is a sign of life, as of when it was made; nobody else's is."""
    own = actor.kind == "user" and actor.id == profile.user_id
    return {"seen_version": actor.claims_version if own else ""}


def _key(key: ProfileKey) -> Values:
    return {"tenant_id": key.tenant_id, "user_id": key.user_id}


def _audit(actor: Actor, now: int, action: str) -> Values:
    return {"now": now, "actor_kind": actor.kind, "actor_id": actor.id, "face": actor.face, "action": action}


def _is_so(profile: Profile, given: Values) -> bool:
    """Whether the record has these values already. In JSON, where 1 and true are two values."""
    return all(_json(profile.value(field)) == _json(value) for field, value in given.items())


def _is_json(field: str, value: Any) -> bool:
    return field in JSON_COLUMNS or (field.startswith(MEMBER) and value is not None)


def _json(value: object) -> str:
    # Sorted, so that SQLite, which compares JSON as text, sees equal values as equal.
    return msgspec.json.encode(value, order="sorted").decode()
