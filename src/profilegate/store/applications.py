"""Every statement on the application table, and the repository that runs them."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from piccolo.querystring import QueryString

from profilegate.profiles.applications import LARGEST_ID, Application
from profilegate.store.engine import Engine, Row
from profilegate.store.statements import Param, Statement, compiled, raw

COLUMNS = ("tenant_id", "app_id", "name", "description", "domains", "schema")

DOMAINS = msgspec.json.Decoder(tuple[str, ...])

# Two who register without an id at the same moment get the same next one; the second tries again.
ROUNDS = 5


class ApplicationRepository:
    """The applications of all tenants. Holds no state of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.engine_type

    async def register(self, application: Application, now: int) -> Application:
        """Store an application, or what is new about one that is there. `now` in Unix milliseconds."""
        values = {name: getattr(application, name) for name in COLUMNS}
        values |= {"domains": msgspec.json.encode(application.domains).decode(), "now": now}
        (row,) = await self._engine.write([upsert(self._dialect)], values)
        return to_application(row)

    async def add(self, application: Application, now: int) -> Application | None:
        """Store a new application under the tenant's next free id; None when there is none to be had."""
        for _ in range(ROUNDS):
            values = {name: getattr(application, name) for name in COLUMNS if name != "app_id"}
            values |= {"domains": msgspec.json.encode(application.domains).decode(), "now": now}
            if rows := await self._engine.write([insert_next(self._dialect)], values):
                return to_application(rows[0])
        return None

    async def get(self, tenant_id: str, app_id: int) -> Application | None:
        if app_id > LARGEST_ID:
            return None  # nor could the column hold it
        rows = await self._engine.fetch(select_one(self._dialect), {"tenant_id": tenant_id, "app_id": app_id})
        return to_application(rows[0]) if rows else None

    async def all(self, tenant_id: str) -> list[Application]:
        """By their ids."""
        return [*map(to_application, await self._engine.fetch(select_all(self._dialect), {"tenant_id": tenant_id}))]


def to_application(row: Row) -> Application:
    values = dict(zip(COLUMNS, row, strict=True))
    return Application(**values | {"domains": DOMAINS.decode(values["domains"])})


@lru_cache
def upsert(dialect: str) -> Statement:
    built = raw(
        "INSERT INTO profilegate_application (tenant_id, app_id, name, description, domains, schema, created_at, "
        "updated_at) VALUES ({}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT (tenant_id, app_id) DO UPDATE SET "
        "name = excluded.name, description = excluded.description, domains = excluded.domains, "
        f"schema = excluded.schema, updated_at = excluded.updated_at RETURNING {', '.join(COLUMNS)}",
        *map(Param, (*COLUMNS, "now", "now")),
    )
    return compiled(built, dialect)


@lru_cache
def insert_next(dialect: str) -> Statement:
    kinds = ("TEXT", "TEXT", "TEXT", "TEXT")
    given = [raw(f"CAST({{}} AS {kind})", Param(name)) for kind, name in zip(kinds, COLUMNS[2:], strict=True)]
    built = raw(
        "INSERT INTO profilegate_application (tenant_id, app_id, name, description, domains, schema, created_at, "
        "updated_at) SELECT CAST({} AS TEXT), COALESCE(MAX(app_id) + 1, 1), {}, {}, {}, {}, CAST({} AS BIGINT), "
        "CAST({} AS BIGINT) FROM profilegate_application WHERE tenant_id = {} "
        f"HAVING COALESCE(MAX(app_id) + 1, 1) <= {LARGEST_ID} "
        f"ON CONFLICT (tenant_id, app_id) DO NOTHING RETURNING {', '.join(COLUMNS)}",
        Param("tenant_id"),
        *given,
        Param("now"),
        Param("now"),
        Param("tenant_id"),
    )
    return compiled(built, dialect)


@lru_cache
def select_one(dialect: str) -> Statement:
    return compiled(_select("tenant_id = {} AND app_id = {}", ("tenant_id", "app_id")), dialect)


@lru_cache
def select_all(dialect: str) -> Statement:
    return compiled(_select("tenant_id = {} ORDER BY app_id", ("tenant_id",)), dialect)


def _select(condition: str, names: Sequence[str]) -> QueryString:
    return raw(f"SELECT {', '.join(COLUMNS)} FROM profilegate_application WHERE {condition}", *map(Param, names))
