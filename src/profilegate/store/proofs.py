"""The proofs of possession that were used, in one table for all workers of all machines."""

import random
from contextlib import suppress
from functools import lru_cache

from joserfc.util import urlsafe_b64encode

from profilegate.errors import StoreUnavailable
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine
from profilegate.store.statements import Param, Statement, compiled, raw

# One use in 16 takes old rows away, up to so many: more than come in, and never a long transaction.
CLEANUPS = 16
MOST_CLEANED = 100


class ProofRepository:
    """A ProofMemory that every worker shares: a unique index decides who is first, and the database's size bounds it.

    Rows are there until nobody would accept the proof any more, about two minutes. Each proof costs one insert.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def is_first(self, use: bytes, expires_at: int, now: int) -> bool:
        dialect = self._engine.engine_type
        digest = urlsafe_b64encode(use).decode()
        first = await self._engine.write([remember(dialect)], {"digest": digest, "expires_at": expires_at})
        if random.random() < 1 / CLEANUPS:  # noqa: S311 - a client must not be able to choose, that is all
            with suppress(StoreUnavailable):  # another use will do it
                await self._engine.write([forget(dialect)], {"now": now})
        return bool(first)


@lru_cache
def remember(dialect: str) -> Statement:
    """Insert a use; returns a row only when it was not there."""
    built = raw(
        "INSERT INTO profilegate_proof (digest, expires_at) VALUES ({}, {}) "
        "ON CONFLICT (digest) DO NOTHING RETURNING expires_at",
        Param("digest"),
        Param("expires_at"),
    )
    return compiled(built, dialect)


@lru_cache
def forget(dialect: str) -> Statement:
    """Delete some rows that are of no use any more, leaving those to others that others are deleting."""
    built = raw(
        "DELETE FROM profilegate_proof WHERE digest IN (SELECT digest FROM profilegate_proof "
        f"WHERE expires_at < {{}} ORDER BY expires_at LIMIT {MOST_CLEANED} {DIALECTS[dialect].skip_locked})",
        Param("now"),
    )
    return compiled(built, dialect)
