"""Where the providers' deliveries wait until they are applied: one row each, and one transaction to work on some."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from profilegate.profiles.deliveries import Conflict, DeadLetter, Delivery, Health
from profilegate.store import inbox_queries as queries
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine, Row, Session
from profilegate.store.lives import LifeSession
from profilegate.store.replication import written

RECENT = 50
"""Deliveries from which a source's habit is told."""

DAY = 86_400_000
"""Milliseconds."""

NEVER = 2**62
"""A time after every other."""


class InboxRepository:
    """`profiles.deliveries.Inbox` on a database; deliveries that are done with are kept for `retention` days."""

    def __init__(self, engine: Engine, comparison_key: Callable[[str], str], retention: int) -> None:
        self._engine = engine
        self._dialect = engine.engine_type
        self._comparison_key = comparison_key
        self._retention = retention * DAY

    async def add(self, delivery: Delivery) -> bool:
        values = {name: getattr(delivery, name) for name in delivery.__struct_fields__}
        return bool(await written(self._engine, [queries.add(self._dialect)], values))

    @asynccontextmanager
    async def work(self, most: int, now: int) -> AsyncIterator["InboxWork"]:
        async with self._engine.session() as session:
            rows = await session.run(queries.take(self._dialect), {"now": now, "limit": most})
            lives = LifeSession(session, self._dialect, self._comparison_key)
            yield InboxWork(session, self._dialect, lives, [to_delivery(row) for row in rows], self._retention)

    @asynccontextmanager
    async def lives(self) -> AsyncIterator[LifeSession]:
        async with self._engine.session() as session:
            lives = LifeSession(session, self._dialect, self._comparison_key)
            yield lives
            await lives.forget_said()

    async def failed(self, delivery: Delivery, error: str, next_at: int | None) -> None:
        values = {"id": delivery.id, "error": error, "next_at": next_at}
        await self._engine.write([queries.failed(self._dialect)], values)

    async def replay(self, tenant_id: str, sources: Sequence[str], id: int, now: int) -> bool:
        values = {"tenant_id": tenant_id, "id": id, "now": now, "sources": DIALECTS[self._dialect].many(list(sources))}
        return bool(await self._engine.write([queries.replay(self._dialect)], values))

    async def replay_all(self, source: str, since: int | None, now: int) -> int:
        values = {"source": source, "now": now, "since": NEVER if since is None else since, "nothing": b""}
        return len(await self._engine.write([queries.replay_all(self._dialect)], values))

    async def dead_letters(self, tenant_id: str, sources: Sequence[str], limit: int) -> list[DeadLetter]:
        values = {"tenant_id": tenant_id, "limit": limit, "sources": DIALECTS[self._dialect].many(list(sources))}
        rows = await self._engine.fetch(queries.dead_letters(self._dialect), values)
        return [DeadLetter(**dict(zip(queries.LETTER, row, strict=True))) for row in rows]

    async def conflicts(self, tenant_id: str, limit: int) -> list[Conflict]:
        rows = await self._engine.fetch(queries.conflicts_of(self._dialect), {"tenant_id": tenant_id, "limit": limit})
        return [Conflict(**dict(zip(queries.CONFLICT, row, strict=True))) for row in rows]

    async def health(self, source: str) -> Health:
        values = {"source": source, "limit": RECENT}
        ((waiting, failing, oldest, dead),) = await self._engine.fetch(queries.waiting(self._dialect), values)
        recent = tuple(at for (at,) in await self._engine.fetch(queries.recent(self._dialect), values))
        ((conflicts,),) = await self._engine.fetch(queries.conflicts(self._dialect), values)
        return Health(
            last_received_at=recent[0] if recent else None,
            oldest_waiting_at=oldest,
            waiting=waiting,
            failing=failing,
            dead_letters=dead,
            conflicts=conflicts,
            recent=recent,
        )

    async def forget(self, now: int) -> int:
        return len(await self._engine.write([queries.forget(self._dialect)], {"now": now}))


class InboxWork:
    """`profiles.deliveries.Work` on a transaction."""

    def __init__(
        self, session: Session, dialect: str, lives: LifeSession, deliveries: Sequence[Delivery], retention: int
    ) -> None:
        self._session = session
        self._dialect = dialect
        self._retention = retention
        self.lives = lives
        self.deliveries = deliveries

    async def forget(self, delivery: Delivery) -> None:
        await self._session.run(queries.forget_body(self._dialect), {"id": delivery.id, "nothing": b""})

    async def done(self, now: int) -> None:
        ids = DIALECTS[self._dialect].many([each.id for each in self.deliveries])
        values = {"ids": ids, "until": now + self._retention}
        await self._session.run(queries.done(self._dialect), values)
        await self.lives.forget_said()


def to_delivery(row: Row) -> Delivery:
    return Delivery(**dict(zip(queries.TAKEN, row, strict=True)))
