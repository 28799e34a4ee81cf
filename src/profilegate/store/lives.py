"""The records within one transaction, as the providers' events see them."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from profilegate.profiles.events import Life, changed_fields
from profilegate.profiles.lives import Wish
from profilegate.profiles.record import Actor, Profile, ProfileKey
from profilegate.store import life_queries as queries
from profilegate.store.engine import Row, Session
from profilegate.store.profiles import BOOLEAN_COLUMNS, JSON_COLUMNS
from profilegate.store.queries import RECORD

# Marks of one user within it become one question to the provider.
COALESCED = 1_000
"""Milliseconds."""

Values = dict[str, Any]


class LifeSession:
    """`profiles.lives.Lives` on a transaction. `buried` are the users whose records ended, or had ended, in it."""

    def __init__(self, session: Session, dialect: str, comparison_key: Callable[[str], str]) -> None:
        self._session = session
        self._dialect = dialect
        self._comparison_key = comparison_key
        self.buried: set[ProfileKey] = set()
        self.reopened: set[ProfileKey] = set()

    async def find(self, key: ProfileKey) -> Life | None:
        rows = await self._session.run(queries.find(self._dialect), _key(key))
        return to_life(rows[0]) if rows else None

    async def add(self, life: Life, actor: Actor, now: int) -> bool:
        fields = " ".join(changed_fields(None, life)) if not life.is_over else ""
        values = self._row(life, fields) | _audit(actor, now, "erase" if life.is_over else "create")
        first, *audit = queries.add(self._dialect)
        rows = await self._session.run(first, values)
        for each in audit if rows else ():
            await self._session.run(each, values)
        return bool(rows)

    async def save(self, before: Life, after: Life, actor: Actor, now: int) -> None:
        fields = changed_fields(before, after)
        turned = before.is_over != after.is_over
        revoked = ("revoked_before",) if before.revoked_before != after.revoked_before else ()
        if fields or turned:
            moved = replace(
                after.profile,
                version=before.profile.version + 1,
                updated_at=0 if after.is_over else now,
            )
            after = replace(after, profile=moved)
        noted = "" if after.is_over else " ".join((*fields, *revoked))
        values = self._row(after, noted) | _audit(actor, now, _action(before, after, revoked))
        if not (fields or turned or revoked):
            await self._session.run(queries.save_unnoted(self._dialect), values)
            return
        for each in queries.save(self._dialect):
            await self._session.run(each, values)

    async def bury(self, key: ProfileKey, until: int | None = None) -> None:
        values = _key(key) | {"until": until}
        await self._session.run(queries.bury_documents(self._dialect), values)
        if until is not None:
            self.reopened.add(key)
        else:
            self.buried.add(key)
            for each in queries.buried(self._dialect):
                await self._session.run(each, values)

    async def holder(self, tenant_id: str, username: str) -> ProfileKey | None:
        values = {"tenant_id": tenant_id, "username_key": self._comparison_key(username)}
        rows = await self._session.run(queries.holder(self._dialect), values)
        return ProfileKey(tenant_id, rows[0][0]) if rows else None

    async def wish(self, wish: Wish, now: int) -> None:
        values = _key(wish.key) | {"username_key": self._comparison_key(wish.username), "now": now}
        values |= {name: getattr(wish, name) for name in ("source", "username", "version")}
        await self._session.run(queries.wish(self._dialect), values)

    async def forget_wishes(self, key: ProfileKey, version: str) -> None:
        await self._session.run(queries.forget_wishes(self._dialect), _key(key) | {"version": version})

    async def is_waiting(self, key: ProfileKey) -> bool:
        return bool(await self._session.run(queries.is_waiting(self._dialect), _key(key)))

    async def wishes(self, limit: int) -> list[Wish]:
        rows = await self._session.run(queries.wishes(self._dialect), {"limit": limit})
        return [
            Wish(key=ProfileKey(tenant_id, user_id), source=source, username=username, version=version)
            for tenant_id, user_id, source, username, version in rows
        ]

    async def mark_stale(self, key: ProfileKey, source: str, subject: str, now: int) -> None:
        values = _key(key) | {"source": source, "subject": subject, "now": now, "next_at": now + COALESCED}
        await self._session.run(queries.mark_stale(self._dialect), values)

    async def end_sessions(self, issuer: str, subject: str | None, session_id: str | None, until: int) -> int:
        if subject is None and session_id is None:
            return 0
        values = {"issuer": issuer, "subject": subject, "sid": session_id, "until": until}
        return len(await self._session.run(queries.end_sessions(self._dialect), values))

    async def forget_said(self) -> None:
        """What deliveries that are done with said of the users whose records ended; of who came back, hear it again."""
        for key in self.buried:
            await self._session.run(queries.forget_said(self._dialect), _key(key) | {"nothing": b""})
        for key in self.reopened - self.buried:
            await self._session.run(queries.hear_again(self._dialect), _key(key) | {"nothing": b""})

    def _row(self, life: Life, fields: str) -> Values:
        profile = life.profile
        values: Values = {column: getattr(profile, column) for column in RECORD}
        values |= {column: _json(values[column]) for column in JSON_COLUMNS}
        key = None if profile.username is None else self._comparison_key(profile.username)
        return values | {
            "username_key": key,
            "changed_fields": fields,
            "deleted_at": life.deleted_at,
            "deleted_by": life.deleted_by,
            "revoked_before": life.revoked_before,
            "seen_version": life.seen,
            "deleted_version": life.grave,
        }


def to_life(row: Row) -> Life:
    """What a row of `life_queries.FOUND` holds."""
    values = dict(zip(queries.FOUND, row, strict=True))
    record = {column: values[column] for column in RECORD}
    record |= {column: msgspec.json.decode(record[column]) for column in JSON_COLUMNS}
    record |= {column: bool(record[column]) for column in BOOLEAN_COLUMNS}
    return Life(
        profile=Profile(**record),
        seen=values["seen_version"],
        grave=values["deleted_version"],
        deleted_at=values["deleted_at"],
        deleted_by=values["deleted_by"],
        revoked_before=values["revoked_before"],
    )


def _action(before: Life, after: Life, revoked: tuple[str, ...]) -> str:
    if before.is_over != after.is_over:
        return "erase" if after.is_over else "create"
    return "revoke" if revoked else "change"


def _audit(actor: Actor, now: int, action: str) -> Values:
    return {"now": now, "actor_kind": actor.kind, "actor_id": actor.id, "face": actor.face, "action": action}


def _key(key: ProfileKey) -> Values:
    return {"tenant_id": key.tenant_id, "user_id": key.user_id}


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
