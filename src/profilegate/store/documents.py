"""The documents that applications keep about users: one at a time, and many in one transaction."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from profilegate.profiles.applications import LARGEST_ID, AppDocument, Application, first_version
from profilegate.profiles.record import Actor, ProfileKey
from profilegate.store import document_queries as queries
from profilegate.store.bulk import BulkTransaction, audited, noted
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine, Row
from profilegate.store.statements import Statement

PAGE = 1_000
"""Documents that are read at once when all are."""


class DocumentRepository:
    """`DocumentStore` on a database. Holds no state of its own. `version` gives new documents their first."""

    def __init__(self, engine: Engine, version: Callable[[], int] = first_version) -> None:
        self._engine = engine
        self._version = version
        self._dialect = engine.engine_type

    async def get(self, key: ProfileKey, app_id: int) -> AppDocument | None:
        if app_id > LARGEST_ID:
            return None  # nor could the column hold it
        rows = await self._engine.fetch(queries.select(self._dialect), _place(key, app_id))
        return to_document(key, app_id, rows[0]) if rows else None

    async def of_user(self, key: ProfileKey, limit: int) -> list[tuple[Application, AppDocument]]:
        values = {"tenant_id": key.tenant_id, "user_id": key.user_id, "limit": limit}
        found = []
        for app_id, name, description, *row in await self._engine.fetch(queries.of_user(self._dialect), values):
            app = Application(tenant_id=key.tenant_id, app_id=app_id, name=name, description=description)
            found.append((app, to_document(key, app_id, row)))
        return found

    async def create(self, key: ProfileKey, app_id: int, data: str, actor: Actor, now: int) -> AppDocument | None:
        values = _place(key, app_id) | {"data": data, "now": now, "version": self._version()}
        return await self._written(queries.insert(self._dialect), key, app_id, values, actor, "document-create")

    async def replace(
        self, key: ProfileKey, app_id: int, data: str, actor: Actor, now: int, expected: int | None = None
    ) -> AppDocument | None:
        values = _place(key, app_id) | {"data": data, "now": now, "expected": expected}
        return await self._written(queries.update(self._dialect), key, app_id, values, actor, "document-change")

    async def delete(
        self, key: ProfileKey, app_id: int, actor: Actor, now: int, expected: int | None = None
    ) -> AppDocument | None:
        values = _place(key, app_id) | {"now": now, "expected": expected}
        return await self._written(queries.delete(self._dialect), key, app_id, values, actor, "document-delete")

    @asynccontextmanager
    async def bulk(self, tenant_id: str, actor: Actor, now: int) -> AsyncIterator[BulkTransaction]:
        async with self._engine.session() as session:
            await session.run(queries.alone(self._dialect), {"tenant_id": tenant_id})
            yield BulkTransaction(session, self._dialect, tenant_id, actor, now, self._version)

    async def all_of(self, tenant_id: str, app_id: int) -> AsyncIterator[AppDocument]:
        """Every document of an application, by user id, a page at a time; no snapshot of one moment."""
        values = {"tenant_id": tenant_id, "app_id": app_id, "after": "", "limit": PAGE}
        while page := await self._engine.fetch(queries.page_of(self._dialect), values):
            for user_id, *row in page:
                yield to_document(ProfileKey(tenant_id, user_id), app_id, row)
            values["after"] = page[-1][0]

    async def _written(
        self,
        statement: Statement,
        key: ProfileKey,
        app_id: int,
        values: Mapping[str, Any],
        actor: Actor,
        action: str,
    ) -> AppDocument | None:
        if app_id > LARGEST_ID:
            return None
        async with self._engine.session() as session:
            rows = await session.run(statement, values)
            if not rows:
                return None
            document = to_document(key, app_id, rows[0])
            notes = [noted(key.user_id, action, [app_id], document.version)]
            about = audited(key.tenant_id, actor, values["now"])
            words = DIALECTS[self._dialect]
            await session.run(queries.note(self._dialect), about | words.rows("noted", queries.NOTED, notes))
            return document


def to_document(key: ProfileKey, app_id: int, row: Row) -> AppDocument:
    return AppDocument(key=key, app_id=app_id, **dict(zip(queries.SHOWN, row, strict=True)))


def _place(key: ProfileKey, app_id: int) -> dict[str, Any]:
    return {"tenant_id": key.tenant_id, "user_id": key.user_id, "app_id": app_id}
