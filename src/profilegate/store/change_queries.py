"""The statements that set fields: of one record, or of many at once.

A change is one UPDATE that decides for itself, against the row as it is at that moment, which of the given
fields really change. Nothing is read first, so there is nothing to be stale.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from piccolo.querystring import QueryString

from profilegate.profiles import claims
from profilegate.profiles.record import MEMBER
from profilegate.store.dialect import DIALECTS, Dialect, Value
from profilegate.store.queries import ALIVE, WHOLE, Audited, updated
from profilegate.store.statements import Param, Statement, compiled, joined, raw

Find = Callable[[str], Value]
"""Where a statement finds the value of that name: among its parameters, or in the rows given to it."""

GIVEN = {
    "tenant_id": "TEXT", "user_id": "TEXT", "expected": "BIGINT", "now": "BIGINT", "source": "TEXT",
    "field_version": "TEXT", "actor_kind": "TEXT", "actor_id": "TEXT", "face": "TEXT", "action": "TEXT",
}  # fmt: skip
"""What is given with each change besides the fields."""

NOTED = ("now", "actor_kind", "actor_id", "face", "action")

TYPES = {"custom_data": "JSONB", "identities": "JSONB", "sso_identities": "JSONB", "has_password": "BOOLEAN",
         "last_sign_in_at": "BIGINT"}  # fmt: skip
"""The columns that are no text; a standard claim is given as JSON text."""


@lru_cache(maxsize=256)
def change(dialect: str, fields: Sequence[str]) -> Audited:
    """Set these fields where the stored value differs; nothing when none does, or the version is another."""
    differs = _differing(dialect, fields, Param)
    return updated(dialect, _set(dialect, differs, Param), _among(raw("{} AND {}", ALIVE, _seen(Param)), differs))


@lru_cache(maxsize=256)
def change_many(dialect: str, fields: Sequence[str]) -> Statement:
    """The same for many records of any tenants, those left out that somebody else is changing right now.

    PostgreSQL only. It waits for no row, so it is nobody's deadlock; no field may be one that an index refuses.
    """
    names = given_names(fields)
    differs = _differing(dialect, fields, _given)
    # However many rows the planner expects, and whatever it knows of the table: by the indexes.
    found = "profilegate_profile.id = row_id AND profilegate_profile.id = ANY(ARRAY(SELECT row_id FROM free))"
    place = raw(f"{found} AND deleted_at IS NULL AND {{}}", _seen(_given))
    returned = ", ".join((*WHOLE, *map(_column, NOTED)))
    free = raw(
        "SELECT row_id, given.* FROM {}, LATERAL (SELECT id AS row_id FROM profilegate_profile "
        f"WHERE tenant_id = {_column('tenant_id')} AND user_id = {_column('user_id')} "
        "FOR NO KEY UPDATE SKIP LOCKED) AS own",
        DIALECTS[dialect].table("given", {_column(each): kind for each, kind in names.items()}),
    )
    update = raw(
        f"UPDATE profilegate_profile SET {{}} FROM free WHERE {{}} RETURNING {returned}",
        _set(dialect, differs, _given),
        _among(place, differs),
    )
    whole = raw(
        f"WITH free AS ({{}}), changed AS ({{}}), noted AS ({{}}) SELECT {', '.join(WHOLE)} FROM changed",
        free,
        update,
        DIALECTS[dialect].note(raw("changed"), _given),
    )
    return compiled(whole, dialect)


def given_names(fields: Sequence[str]) -> Mapping[str, str]:
    """What `change_many` is given for each record, by name and type."""
    return GIVEN | {field: TYPES.get(field, "TEXT") for field in fields}


def given_rows(dialect: str, fields: Sequence[str], changes: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The values for `change_many`."""
    names = given_names(fields)
    rows = [[values[name] for name in names] for values in changes]
    return DIALECTS[dialect].rows("given", map(_column, names), rows)


@lru_cache(maxsize=256)
def fill(dialect: str, fields: Sequence[str]) -> Audited:
    """Set these fields where they are generated, or the provider's and older; a username only while it is free."""
    differs = {
        field: raw(
            "({} AND {}{})",
            _gives_way(DIALECTS[dialect], field),
            different,
            _username_free() if field == "username" else raw(""),
        )
        for field, different in _differing(dialect, fields, Param).items()
    }
    return updated(dialect, _set(dialect, differs, Param), _among(ALIVE, differs))


def _column(name: str) -> str:
    return f"given_{name.replace('.', '_')}"


def _given(name: str) -> QueryString:
    return raw(_column(name))


def _seen(value: Find) -> QueryString:
    return raw("(CAST({} AS BIGINT) IS NULL OR version = {})", value("expected"), value("expected"))


def _among(place: QueryString, differs: Mapping[str, QueryString]) -> QueryString:
    return raw("{} AND ({})", place, joined(" OR ", differs.values()))


def _differing(dialect: str, fields: Sequence[str], value: Find) -> dict[str, QueryString]:
    return {field: _differs(DIALECTS[dialect], field, value) for field in fields}


def _differs(words: Dialect, field: str, value: Find) -> QueryString:
    if not field.startswith(MEMBER):
        return raw(f"{field} IS DISTINCT FROM {{}}", value(field))
    name = field.removeprefix(MEMBER)
    if name not in claims.MEMBERS:
        raise ValueError(f"{field} is no standard claim")  # names become part of the SQL text
    return raw("{} IS DISTINCT FROM {}", words.member(name), words.json(value(field)))


def _set(dialect: str, differs: Mapping[str, QueryString], value: Find) -> QueryString:
    """The assignments by which each field, its source and its version move only if that field differs.

    In SET and WHERE alike a column means its old value, so all the parts decide by the same comparison.
    """
    words = DIALECTS[dialect]
    names = joined(" || ", (raw(f"CASE WHEN {{}} THEN '{field} ' ELSE '' END", differs[field]) for field in differs))
    values = [
        *_values(words, differs, value),
        raw("changed_fields = {}", names),
        raw("sources = {}", _noted(words, "sources", differs, value("source"))),
        raw("versions = {}", _noted(words, "versions", differs, value("field_version"))),
        raw("version = version + 1, updated_at = {}", value("now")),
    ]
    return joined(", ", values)


def _values(words: Dialect, differs: Mapping[str, QueryString], value: Find) -> Iterator[QueryString]:
    """The assignments of the values themselves."""
    members = raw("oidc_profile")
    for field, different in differs.items():
        if field.startswith(MEMBER):
            members = words.with_member(members, field.removeprefix(MEMBER), different, value(field))
        else:
            yield _cased(different, value(field), field)
    if "username" in differs:
        yield _cased(differs["username"], value("username_key"), "username_key")
    if any(field.startswith(MEMBER) for field in differs):
        yield raw("oidc_profile = {}", words.without_nulls(members))


def _cased(differs: QueryString, value: Value, column: str) -> QueryString:
    return raw(f"{column} = CASE WHEN {{}} THEN {{}} ELSE {column} END", differs, value)


def _noted(words: Dialect, column: str, differs: Mapping[str, QueryString], value: Value) -> QueryString:
    whole = raw(column)
    for field, different in differs.items():
        whole = words.merged(whole, words.if_differs(different, field, raw("CAST({} AS TEXT)", value)))
    return whole


def _gives_way(words: Dialect, field: str) -> QueryString:
    key = words.key(field)
    return raw(
        f"(COALESCE(sources ->> {key}, 'generated') = 'generated' OR (sources ->> {key} IN ('claims', 'idp') "
        f"AND COALESCE(versions ->> {key}, '') {words.bytewise} < {{}}))",
        Param("field_version"),
    )


def _username_free() -> QueryString:
    return raw(
        " AND NOT EXISTS (SELECT 1 FROM profilegate_profile AS other"
        " WHERE other.tenant_id = {} AND other.username_key = {})",
        Param("tenant_id"),
        Param("username_key"),
    )
