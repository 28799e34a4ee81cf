"""Records of which the provider knows more than it told, and how far the comparison of all records has come."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from profilegate.profiles.record import ProfileKey
from profilegate.profiles.stale import Stale
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine
from profilegate.store.statements import Param, Statement, compiled, raw

LEASE = 60_000
"""Milliseconds for which nobody else asks about a user."""

LONGEST_PAUSE = 3_600_000
"""Milliseconds between two questions that are not answered."""

PAGE = 200
"""Records that are marked at once when all are compared."""


class StaleRepository:
    """`profiles.stale.StaleRecords` on a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.engine_type

    async def take(self, now: int) -> Stale | None:
        rows = await self._engine.write([take(self._dialect)], {"now": now, "until": now + LEASE})
        if not rows:
            return None
        tenant_id, user_id, *rest = rows[0]
        return Stale(ProfileKey(tenant_id, user_id), *rest)

    async def answered(self, stale: Stale, now: int) -> None:
        values = _key(stale.key) | {"marked_at": stale.marked_at, "now": now}
        if not await self._engine.write([settle(self._dialect)], values):
            await self._engine.write([again(self._dialect)], values | {"next_at": now})

    async def unanswered(self, stale: Stale, now: int) -> None:
        pause = min(2 ** min(stale.attempts, 16) * 1000, LONGEST_PAUSE)
        await self._engine.write([again(self._dialect)], _key(stale.key) | {"next_at": now + pause})

    async def mark_next(self, source: str, tenant_id: str, prefix: str, period: int, now: int) -> int:
        name = f"{source} {tenant_id}"
        values: dict[str, Any] = {"name": name, "now": now, "tenant_id": tenant_id, "source": source, "limit": PAGE}
        async with self._engine.session() as session:
            await session.run(begin(self._dialect), values)
            due = await session.run(position(self._dialect), values)
            if not due:
                return 0
            values["position"] = due[0][0]
            rows = await session.run(following(self._dialect), values)
            for user_id in _with_prefix(rows, prefix):
                one = {"user_id": user_id, "subject": user_id.removeprefix(prefix)}
                await session.run(mark(self._dialect), values | one)
            done = len(rows) < PAGE
            moved = {"position": "" if done else rows[-1][0], "next_at": now + period if done else now}
            await session.run(move(self._dialect), values | moved)
            return len(rows)


def _with_prefix(rows: Sequence[Sequence[Any]], prefix: str) -> list[str]:
    return [user_id for (user_id,) in rows if user_id.startswith(prefix) and user_id != prefix]


def _key(key: ProfileKey) -> dict[str, Any]:
    return {"tenant_id": key.tenant_id, "user_id": key.user_id}


KEY = raw("tenant_id = {} AND user_id = {}", Param("tenant_id"), Param("user_id"))


@lru_cache
def take(dialect: str) -> Statement:
    """One that is due, which is nobody else's for a while: a crash leaves it for the next."""
    return compiled(
        raw(
            "UPDATE profilegate_stale SET next_at = {}, attempts = attempts + 1 WHERE id = (SELECT id FROM "
            f"profilegate_stale WHERE next_at <= {{}} ORDER BY next_at LIMIT 1 {DIALECTS[dialect].skip_locked}) "
            "RETURNING tenant_id, user_id, source, subject, marked_at, attempts",
            Param("until"),
            Param("now"),
        ),
        dialect,
    )


@lru_cache
def settle(dialect: str) -> Statement:
    """Forget a mark, unless it was made anew since."""
    return compiled(
        raw("DELETE FROM profilegate_stale WHERE {} AND marked_at = {} RETURNING id", KEY, Param("marked_at")), dialect
    )


@lru_cache
def again(dialect: str) -> Statement:
    return compiled(raw("UPDATE profilegate_stale SET next_at = {} WHERE {}", Param("next_at"), KEY), dialect)


@lru_cache
def begin(dialect: str) -> Statement:
    return compiled(
        raw(
            "INSERT INTO profilegate_reconciliation (source, position, next_at) VALUES ({}, '', {}) "
            "ON CONFLICT (source) DO NOTHING",
            Param("name"),
            Param("now"),
        ),
        dialect,
    )


@lru_cache
def position(dialect: str) -> Statement:
    """How far the comparison has come, when it is due and no other process is at it."""
    return compiled(
        raw(
            "SELECT position FROM profilegate_reconciliation WHERE source = {} AND next_at <= {} "
            f"{DIALECTS[dialect].skip_locked}",
            Param("name"),
            Param("now"),
        ),
        dialect,
    )


@lru_cache
def following(dialect: str) -> Statement:
    """The next users whose records are not erased."""
    bytewise = DIALECTS[dialect].bytewise
    return compiled(
        raw(
            "SELECT user_id FROM profilegate_profile WHERE tenant_id = {} AND deleted_at IS NULL "
            f"AND user_id {bytewise} > {{}} ORDER BY user_id {bytewise} LIMIT {{}}",
            Param("tenant_id"),
            Param("position"),
            Param("limit"),
        ),
        dialect,
    )


@lru_cache
def mark(dialect: str) -> Statement:
    """One user to be asked about, unless that is waiting already."""
    return compiled(
        raw(
            "INSERT INTO profilegate_stale (tenant_id, user_id, source, subject, marked_at, next_at, attempts) "
            "VALUES ({}, {}, {}, {}, {}, {}, 0) ON CONFLICT (tenant_id, user_id) DO NOTHING",
            *map(Param, ("tenant_id", "user_id", "source", "subject", "now", "now")),
        ),
        dialect,
    )


@lru_cache
def move(dialect: str) -> Statement:
    return compiled(
        raw(
            "UPDATE profilegate_reconciliation SET position = {}, next_at = {} WHERE source = {}",
            Param("position"),
            Param("next_at"),
            Param("name"),
        ),
        dialect,
    )
