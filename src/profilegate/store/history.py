"""The audit rows of one record, and records by what an operator knows of them."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from profilegate.profiles.history import Entry
from profilegate.profiles.record import Profile, ProfileKey
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine
from profilegate.store.profiles import to_record
from profilegate.store.queries import RETURNED
from profilegate.store.statements import Param, Statement, compiled, raw

LAST = "\U0010ffff"
"""Sorts after every text that goes on where a prefix ends."""


class HistoryRepository:
    """`profiles.history.HistoryStore` on a database. Holds no state of its own."""

    def __init__(self, engine: Engine, comparison_key: Callable[[str], str]) -> None:
        self._engine = engine
        self._dialect = engine.engine_type
        self._comparison_key = comparison_key

    async def recent(self, key: ProfileKey, limit: int) -> list[Entry]:
        values = {"tenant_id": key.tenant_id, "user_id": key.user_id, "limit": limit}
        rows = await self._engine.fetch(recent(self._dialect), values)
        return [
            Entry(at, kind, who, face, action, tuple(fields.split())) for at, kind, who, face, action, fields in rows
        ]

    async def forget(self, before: int, limit: int) -> int:
        values = {"before": before, "limit": limit}
        return len(await self._engine.write([forget(self._dialect)], values))

    async def found(self, tenant_id: str, text: str, limit: int) -> Sequence[Profile]:
        if not _may_be_stored(text):
            return []
        values = {"tenant_id": tenant_id, "user_id": text, "username_key": self._comparison_key(text), "limit": limit}
        rows = await self._engine.fetch(found(self._dialect), values | {"first": text, "last": text + LAST})
        records = [to_record(row) for row in rows]
        return [each for each in records if isinstance(each, Profile)]


def _may_be_stored(text: str) -> bool:
    """NUL and lone surrogates are in no record, and PostgreSQL takes neither."""
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)


@lru_cache
def recent(dialect: str) -> Statement:
    return compiled(
        raw(
            "SELECT at, actor_kind, actor_id, face, action, fields FROM profilegate_audit "
            "WHERE tenant_id = {} AND user_id = {} ORDER BY id DESC LIMIT {}",
            *map(Param, ("tenant_id", "user_id", "limit")),
        ),
        dialect,
    )


@lru_cache
def forget(dialect: str) -> Statement:
    """The oldest that are too old. Ids are in the order of time, nearly, so that nobody reads further than these."""
    return compiled(
        raw(
            "DELETE FROM profilegate_audit WHERE id IN (SELECT id FROM (SELECT id, at FROM profilegate_audit "
            f"ORDER BY id LIMIT {{}} {DIALECTS[dialect].skip_locked}) AS oldest WHERE at < {{}}) RETURNING id",
            Param("limit"),
            Param("before"),
        ),
        dialect,
    )


@lru_cache
def found(dialect: str) -> Statement:
    """By id and by username through their unique indexes, by the beginning of the name through an index of its own.

    The database lowers both sides: SQLite knows the cases of ASCII letters only, PostgreSQL those of its locale.
    """
    name = f"LOWER(name) {DIALECTS[dialect].bytewise}"
    return compiled(
        raw(
            f"SELECT {', '.join(RETURNED)} FROM profilegate_profile WHERE tenant_id = {{}} AND deleted_at IS NULL "
            f"AND (user_id = {{}} OR username_key = {{}} OR ({name} >= LOWER({{}}) AND {name} < LOWER({{}}))) "
            "ORDER BY user_id LIMIT {}",
            *map(Param, ("tenant_id", "user_id", "username_key", "first", "last", "limit")),
        ),
        dialect,
    )
