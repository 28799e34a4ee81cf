"""The sessions of our own pages: one row each, found by a digest of the cookie."""

from functools import lru_cache

import msgspec

from profilegate.profiles.record import ProfileKey
from profilegate.profiles.sessions import Session
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine
from profilegate.store.statements import Param, Statement, compiled, raw

COLUMNS = ("tenant_id", "user_id", "issuer", "subject", "sid", "data", "created_at", "expires_at")


class Kept(msgspec.Struct):
    """What of a session nobody looks for."""

    is_operator: bool
    id_token: str


class SessionRepository:
    """`profiles.sessions.SessionStore` on a database. Holds no state of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.engine_type

    async def add(self, digest: str, session: Session) -> None:
        kept = Kept(session.is_operator, session.id_token)
        names = ("issuer", "subject", "sid", "created_at", "expires_at")
        values = {name: getattr(session, name) for name in names} | {"digest": digest}
        values |= {"tenant_id": session.key.tenant_id, "user_id": session.key.user_id}
        await self._engine.write([insert(self._dialect)], values | {"data": msgspec.json.encode(kept).decode()})

    async def get(self, digest: str, now: int) -> Session | None:
        rows = await self._engine.fetch(select(self._dialect), {"digest": digest, "now": now})
        if not rows:
            return None
        tenant_id, user_id, issuer, subject, sid, data, created_at, expires_at = rows[0]
        kept = msgspec.json.decode(data, type=Kept)
        return Session(
            key=ProfileKey(tenant_id, user_id),
            issuer=issuer,
            subject=subject,
            sid=sid,
            is_operator=kept.is_operator,
            id_token=kept.id_token,
            created_at=created_at,
            expires_at=expires_at,
        )

    async def end(self, digest: str) -> None:
        await self._engine.write([delete(self._dialect)], {"digest": digest})

    async def forget(self, now: int, limit: int) -> int:
        return len(await self._engine.write([forget(self._dialect)], {"now": now, "limit": limit}))


@lru_cache
def insert(dialect: str) -> Statement:
    columns = ("digest", *COLUMNS)
    places = ", ".join("{}" for _ in columns)
    text = f"INSERT INTO profilegate_session ({', '.join(columns)}) VALUES ({places})"
    return compiled(raw(text, *map(Param, columns)), dialect)


@lru_cache
def select(dialect: str) -> Statement:
    text = f"SELECT {', '.join(COLUMNS)} FROM profilegate_session WHERE digest = {{}} AND expires_at > {{}}"
    return compiled(raw(text, Param("digest"), Param("now")), dialect)


@lru_cache
def delete(dialect: str) -> Statement:
    return compiled(raw("DELETE FROM profilegate_session WHERE digest = {}", Param("digest")), dialect)


@lru_cache
def forget(dialect: str) -> Statement:
    """Delete some that have ended, leaving those to others that others are deleting."""
    return compiled(
        raw(
            "DELETE FROM profilegate_session WHERE id IN (SELECT id FROM profilegate_session WHERE expires_at < {} "
            f"ORDER BY expires_at LIMIT {{}} {DIALECTS[dialect].skip_locked}) RETURNING id",
            Param("now"),
            Param("limit"),
        ),
        dialect,
    )
