"""The count of records that a caller makes for other people: a row touched only when one is made."""

from functools import lru_cache

from profilegate.store.statements import Param, Statement, compiled, raw


@lru_cache
def count(dialect: str) -> Statement:
    """Add one, starting anew when the window has passed; returns the window's start and the count."""
    built = raw(
        "INSERT INTO profilegate_creation_count (tenant_id, user_id, window_start, made) VALUES ({}, {}, {}, 1) "
        "ON CONFLICT (tenant_id, user_id) DO UPDATE SET "
        "made = CASE WHEN {} THEN 1 ELSE profilegate_creation_count.made + 1 END, "
        "window_start = CASE WHEN {} THEN excluded.window_start ELSE profilegate_creation_count.window_start END "
        "RETURNING window_start, made",
        Param("tenant_id"),
        Param("user_id"),
        Param("now"),
        _expired(),
        _expired(),
    )
    return compiled(built, dialect)


def _expired() -> object:
    return raw("profilegate_creation_count.window_start <= {}", Param("expired"))
