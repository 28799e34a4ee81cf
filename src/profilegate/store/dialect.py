"""The few words that PostgreSQL and SQLite spell differently, and how a change carries its audit row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from piccolo.querystring import QueryString

from profilegate.store.statements import Param, Statement, compiled, raw

AUDIT_COLUMNS = "tenant_id, user_id, at, actor_kind, actor_id, face, action, fields, version"

Value = Param | QueryString
"""A value among the statement's parameters, or what finds it in its rows."""


class Dialect:
    """PostgreSQL's way."""

    name = "postgres"
    json_object = "jsonb_build_object"
    skip_locked = "FOR UPDATE SKIP LOCKED"
    for_key_share = "FOR KEY SHARE"  # hinders nobody but who wants FOR UPDATE
    for_update = "FOR UPDATE"
    alone = "SELECT pg_advisory_xact_lock({}, hashtext({}))"
    bytewise = 'COLLATE "C"'  # a language's order skips dots
    lowered = 'LOWER(username COLLATE "C")'  # a Turkish database would lower I to a dotless i
    find_table = "SELECT 1 FROM pg_catalog.pg_class WHERE oid = to_regclass($1)"
    find_migrations = "SELECT name FROM migration WHERE app_name = $1"

    def merged(self, first: QueryString, second: QueryString) -> QueryString:
        """Two JSON objects as one; where both have a member, the second wins."""
        return raw("({} || {})", first, second)

    def json(self, param: Value) -> QueryString:
        """A JSON text as the type that members are compared in; None stays NULL."""
        return raw("CAST({} AS JSONB)", param)

    def stored_json(self, text: str) -> QueryString:
        """A JSON text, or the Param of one, as a JSON column takes it."""
        return raw("CAST({} AS JSONB)", text)

    def member(self, name: str) -> QueryString:
        """A member of `oidc_profile`; NULL when it is not there."""
        return raw(f"(oidc_profile -> '{name}')")

    def with_member(
        self, whole: QueryString, name: str, differs: QueryString, param: Param | QueryString
    ) -> QueryString:
        """The object with the member replaced where it differs; NULL becomes a null to be stripped in the end."""
        return self.merged(whole, self.if_differs(differs, name, self.json(param)))

    def without_nulls(self, whole: QueryString) -> QueryString:
        """The object without members that are null."""
        return raw("jsonb_strip_nulls({})", whole)

    def key(self, name: str) -> str:
        """How `->>` names a member. On SQLite a bare name with a dot would be read as a path."""
        return f"'{name}'"

    def if_differs(self, differs: QueryString, name: str, value: QueryString) -> QueryString:
        """An object of one member where `differs` holds, else an empty one."""
        return raw(
            f"CASE WHEN {{}} THEN {self.json_object}('{name}', {{}}) ELSE {self.json_object}() END", differs, value
        )

    def among(self, column: str, param: Param) -> QueryString:
        """Whether the column is one of those that the value holds."""
        return raw(f"{column} = ANY({{}})", param)

    def many(self, values: list[Any]) -> object:
        """The value for `among`, as the driver takes it: texts, or numbers."""
        return values

    def table(self, name: str, columns: Mapping[str, str]) -> QueryString:
        """Many rows in one statement's FROM; `columns` are names and types, the values those of `rows`."""
        arrays = ", ".join(f"CAST({{}} AS {kind}[])" for kind in columns.values())
        return raw(f"unnest({arrays}) AS {name}({', '.join(columns)})", *(Param(f"{name}_{each}") for each in columns))

    def rows(self, name: str, columns: Iterable[str], rows: Sequence[Sequence[Any]]) -> dict[str, object]:
        """The values for `table`."""
        return {f"{name}_{column}": [row[n] for row in rows] for n, column in enumerate(columns)}

    def audited(self, change: QueryString) -> tuple[Statement, ...]:
        """A change that returns the changed rows, together with their audit rows: one statement, one round trip."""
        whole = raw("WITH changed AS ({}), noted AS ({}) SELECT * FROM changed", change, self.note(raw("changed")))
        return (compiled(whole, self.name),)

    def note(self, source: QueryString, value: Callable[[str], Value] = Param) -> QueryString:
        """The audit rows of the changed rows in `source`; `value` finds who changed them, when and how."""
        # The casts tell PostgreSQL the parameters' types, which it does not infer below a SELECT.
        return raw(
            f"INSERT INTO profilegate_audit ({AUDIT_COLUMNS}) SELECT tenant_id, user_id, CAST({{}} AS BIGINT), "
            "CAST({} AS TEXT), CAST({} AS TEXT), CAST({} AS TEXT), CAST({} AS TEXT), TRIM(changed_fields), version "
            "FROM {}",
            *map(value, ("now", "actor_kind", "actor_id", "face", "action")),
            source,
        )


class SQLiteDialect(Dialect):
    """SQLite's way. It has no changing statements inside WITH, so the audit row is a second statement."""

    name = "sqlite"
    json_object = "json_object"
    skip_locked = for_key_share = for_update = ""  # there is one writer at a time
    alone = "SELECT {}, {}"
    bytewise = ""
    lowered = "LOWER(username)"
    find_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    find_migrations = "SELECT name FROM migration WHERE app_name = ?"

    def merged(self, first: QueryString, second: QueryString) -> QueryString:
        return raw("json_patch({}, {})", first, second)

    def json(self, param: Value) -> QueryString:
        return raw("json({})", param)

    def stored_json(self, text: str) -> QueryString:
        return raw("{}", text)

    def with_member(
        self, whole: QueryString, name: str, differs: QueryString, param: Param | QueryString
    ) -> QueryString:
        # json_patch would merge an object into the old one, so the old one goes first. No claim is called "none".
        cleared = raw(f"json_remove({{}}, CASE WHEN {{}} THEN '$.{name}' ELSE '$.none' END)", whole, differs)
        return self.merged(cleared, self.if_differs(differs, name, self.json(param)))

    def key(self, name: str) -> str:
        return f"""'$."{name}"'"""

    def without_nulls(self, whole: QueryString) -> QueryString:
        return whole  # json_patch has removed them

    def among(self, column: str, param: Param) -> QueryString:
        return raw(f"{column} IN (SELECT value FROM json_each({{}}))", param)

    def many(self, values: list[Any]) -> object:
        return msgspec.json.encode(values).decode()

    def table(self, name: str, columns: Mapping[str, str]) -> QueryString:
        picked = ", ".join(f"value ->> {n} AS {column}" for n, column in enumerate(columns))
        return raw(f"(SELECT {picked} FROM json_each({{}})) AS {name}", Param(name))

    def rows(self, name: str, columns: Iterable[str], rows: Sequence[Sequence[Any]]) -> dict[str, object]:
        return {name: msgspec.json.encode(rows).decode()}

    def audited(self, change: QueryString) -> tuple[Statement, ...]:
        source = raw("profilegate_profile WHERE tenant_id = {} AND user_id = {}", Param("tenant_id"), Param("user_id"))
        return compiled(change, self.name), compiled(self.note(source), self.name)


DIALECTS = {"postgres": Dialect(), "sqlite": SQLiteDialect()}
