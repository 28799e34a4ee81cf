"""Every statement on the table of deliveries, each built once per dialect."""

from functools import lru_cache

from profilegate.store.dialect import DIALECTS
from profilegate.store.statements import Param, Statement, compiled, raw

TAKEN = ("source", "delivery_id", "received_at", "body", "tenant_id", "user_id", "id", "attempts")
"""The columns of a Delivery."""

LETTER = ("id", "source", "delivery_id", "user_id", "received_at", "attempts", "error")
"""The columns of a DeadLetter."""

CONFLICT = ("user_id", "username", "source", "noted_at", "holder")
"""The columns of a Conflict."""

# A delivery that names nobody belongs to every tenant of its source.
MINE = raw("tenant_id IN ({}, '')", Param("tenant_id"))

MOST_FORGOTTEN = 500


@lru_cache
def add(dialect: str) -> Statement:
    """A delivery, unless it is there already; due at once."""
    return compiled(
        raw(
            "INSERT INTO profilegate_delivery (source, delivery_id, received_at, body, tenant_id, user_id, next_at) "
            "VALUES ({}, {}, {}, {}, {}, {}, {}) ON CONFLICT (source, delivery_id) DO NOTHING RETURNING id",
            *map(Param, ("source", "delivery_id", "received_at", "body", "tenant_id", "user_id", "received_at")),
        ),
        dialect,
    )


@lru_cache
def take(dialect: str) -> Statement:
    """Deliveries that are due and that nobody else is working on; locked until the transaction ends."""
    return compiled(
        raw(
            f"SELECT {', '.join(TAKEN)} FROM profilegate_delivery WHERE state = 'waiting' AND next_at <= {{}} "
            f"ORDER BY next_at LIMIT {{}} {DIALECTS[dialect].skip_locked}",
            Param("now"),
            Param("limit"),
        ),
        dialect,
    )


@lru_cache
def done(dialect: str) -> Statement:
    among = DIALECTS[dialect].among("id", Param("ids"))
    return compiled(
        raw("UPDATE profilegate_delivery SET state = 'done', next_at = {}, error = '' WHERE {}", Param("until"), among),
        dialect,
    )


@lru_cache
def forget_body(dialect: str) -> Statement:
    """What one delivery says."""
    text = "UPDATE profilegate_delivery SET body = {} WHERE id = {}"
    return compiled(raw(text, Param("nothing"), Param("id")), dialect)


@lru_cache
def failed(dialect: str) -> Statement:
    """Count an attempt; without a next one it is dead."""
    return compiled(
        raw(
            "UPDATE profilegate_delivery SET attempts = attempts + 1, error = {}, next_at = COALESCE({}, next_at), "
            "state = CASE WHEN CAST({} AS BIGINT) IS NULL THEN 'dead' ELSE 'waiting' END "
            "WHERE id = {} AND state = 'waiting' RETURNING id",
            Param("error"),
            Param("next_at"),
            Param("next_at"),
            Param("id"),
        ),
        dialect,
    )


@lru_cache
def replay(dialect: str) -> Statement:
    return compiled(
        raw(
            "UPDATE profilegate_delivery SET state = 'waiting', attempts = 0, error = '', next_at = {} "
            "WHERE id = {} AND {} AND {} AND state = 'dead' RETURNING id",
            Param("now"),
            Param("id"),
            DIALECTS[dialect].among("source", Param("sources")),
            MINE,
        ),
        dialect,
    )


@lru_cache
def replay_all(dialect: str) -> Statement:
    """All of a source's that are dead, or also those that were received since and are done."""
    return compiled(
        raw(
            "UPDATE profilegate_delivery SET state = 'waiting', attempts = 0, error = '', next_at = {} "
            "WHERE source = {} AND (state = 'dead' OR (state = 'done' AND received_at >= {} AND body <> {})) "
            "RETURNING id",
            Param("now"),
            Param("source"),
            Param("since"),
            Param("nothing"),
        ),
        dialect,
    )


@lru_cache
def dead_letters(dialect: str) -> Statement:
    return compiled(
        raw(
            f"SELECT {', '.join(LETTER)} FROM profilegate_delivery WHERE state = 'dead' AND {{}} AND {{}} "
            "ORDER BY id LIMIT {}",
            DIALECTS[dialect].among("source", Param("sources")),
            MINE,
            Param("limit"),
        ),
        dialect,
    )


@lru_cache
def waiting(dialect: str) -> Statement:
    """How many wait, how many of them failed before, since when the oldest; how many are dead."""
    return compiled(
        raw(
            "SELECT COALESCE(SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END), 0), "
            "COALESCE(SUM(CASE WHEN state = 'waiting' AND attempts > 0 THEN 1 ELSE 0 END), 0), "
            "MIN(CASE WHEN state = 'waiting' THEN received_at END), "
            "COALESCE(SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), 0) "
            "FROM profilegate_delivery WHERE state IN ('waiting', 'dead') AND source = {}",
            Param("source"),
        ),
        dialect,
    )


@lru_cache
def recent(dialect: str) -> Statement:
    """When the latest were received."""
    return compiled(
        raw(
            "SELECT received_at FROM profilegate_delivery WHERE source = {} ORDER BY received_at DESC LIMIT {}",
            Param("source"),
            Param("limit"),
        ),
        dialect,
    )


@lru_cache
def conflicts(dialect: str) -> Statement:
    return compiled(raw("SELECT COUNT(*) FROM profilegate_conflict WHERE source = {}", Param("source")), dialect)


@lru_cache
def conflicts_of(dialect: str) -> Statement:
    """A tenant's open conflicts, the oldest first, with who has the username."""
    return compiled(
        raw(
            "SELECT wish.user_id, wish.username, wish.source, wish.noted_at, holder.user_id "
            "FROM profilegate_conflict AS wish LEFT JOIN profilegate_profile AS holder "
            "ON holder.tenant_id = wish.tenant_id AND holder.username_key = wish.username_key "
            "WHERE wish.tenant_id = {} ORDER BY wish.id LIMIT {}",
            Param("tenant_id"),
            Param("limit"),
        ),
        dialect,
    )


@lru_cache
def forget(dialect: str) -> Statement:
    return compiled(
        raw(
            "DELETE FROM profilegate_delivery WHERE id IN (SELECT id FROM profilegate_delivery WHERE state = 'done' "
            f"AND next_at < {{}} ORDER BY next_at LIMIT {MOST_FORGOTTEN} {DIALECTS[dialect].skip_locked}) RETURNING id",
            Param("now"),
        ),
        dialect,
    )
