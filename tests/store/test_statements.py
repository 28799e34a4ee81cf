"""Statements are built once; values travel beside the text, never in it."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from tests.store.databases import repository
from tests.store.people import EVERY_FIELD, OPERATOR, WHOLE, herself

from profilegate.profiles.record import ProfileKey
from profilegate.profiles.rules import without
from profilegate.store import change_queries, creations, queries
from profilegate.store.queries import RETURNED
from profilegate.store.statements import Param, Statement, compiled, joined, query, raw, row_of
from profilegate.store.tables import CreationCountRow, ProfileRow

Dialect = Literal["postgres", "sqlite"]
DIALECTS: list[Dialect] = ["postgres", "sqlite"]
MOMENT = 7_777_777_777


class Recorder:
    """An engine without a database: it notes what would be run, and finds nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self.engine_type = dialect
        self.ran: list[tuple[Statement, Mapping[str, Any]]] = []

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        self.ran.append((statement, values))
        return []

    async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Any]:
        self.ran += [(statement, values) for statement in change]
        return [(0, 1)] if "creation_count" in change[0].sql else []

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Recorder"]:
        yield self

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """What has found nothing finds nothing again."""
        is_again = any(statement is each for each, _ in self.ran)
        self.ran.append((statement, values))
        if is_again:
            return []
        return [tuple(1 for _ in RETURNED)] if "deleted_by" in statement.sql else [(0, 1)]


async def everything_asked(dialect: Dialect) -> list[tuple[Statement, Mapping[str, Any]]]:
    """All the statements there are, with a telling value in the place of each value."""
    recorder = Recorder(dialect)
    store, key, actor = repository(recorder), WHOLE.key, herself(WHOLE.key)
    await store.get(key)
    await store.get_many([key, ProfileKey("acme", "marker")])
    await store.standing(key)
    await store.create(WHOLE, actor)
    await store.revive(WHOLE, actor)
    await store.change(key, EVERY_FIELD, actor, MOMENT, expected=MOMENT)
    await store.change(key, without(EVERY_FIELD, "username"), actor, MOMENT, expected=MOMENT)
    await store.fill(key, EVERY_FIELD, actor, MOMENT)
    await store.erase(key, actor, MOMENT)
    await store.suspend(key, OPERATOR, MOMENT)
    await store.revoke_before(key, MOMENT, actor, MOMENT)
    await store.count_creation(key, MOMENT, MOMENT, MOMENT)
    return recorder.ran


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_no_value_is_in_any_statements_text(dialect: Dialect) -> None:
    telling = re.compile("marker|ann|acme|two|root|7777|1800000|@|://", re.IGNORECASE)
    for statement, _ in await everything_asked(dialect):
        assert telling.findall(statement.sql) == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_place_in_the_text_has_its_argument(dialect: Dialect) -> None:
    for statement, values in await everything_asked(dialect):
        arguments = statement.bind(values)
        if dialect == "sqlite":
            assert statement.sql.count("?") == len(arguments)
        else:
            numbers = [int(number) for number in re.findall(r"\$(\d+)", statement.sql)]
            assert numbers == list(range(1, len(arguments) + 1))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_no_piece_was_left_unfilled(dialect: Dialect) -> None:
    for statement, _ in await everything_asked(dialect):
        assert [sign for sign in "{}" if sign in statement.sql] == []


async def test_a_change_and_its_audit_row_are_one_statement_on_postgresql_and_two_on_sqlite() -> None:
    assert len(queries.insert("postgres")) == 1
    assert len(queries.insert("sqlite")) == 2
    assert ["INTO profilegate_audit" in each.sql for each in queries.erase("sqlite")] == [False, True]
    assert "INTO profilegate_audit" in queries.erase("postgres")[0].sql


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_statement_is_built_once(dialect: Dialect) -> None:
    assert queries.select(dialect) is queries.select(dialect)
    assert change_queries.change(dialect, ("name",)) is change_queries.change(dialect, ("name",))
    assert creations.count(dialect) is creations.count(dialect)


@pytest.mark.parametrize(
    ("dialect", "sql"), [("postgres", "a = $1 AND (b = $2 OR c = $3) AND d = $4"),
                         ("sqlite", "a = ? AND (b = ? OR c = ?) AND d = ?")], ids=DIALECTS
)  # fmt: skip
def test_arguments_are_bound_in_the_order_of_the_text(dialect: Dialect, sql: str) -> None:
    inner = joined(" OR ", (raw(f"{column} = {{}}", Param(column)) for column in "bc"))
    statement = compiled(raw("a = {} AND ({}) AND d = {}", Param("a"), inner, Param("a")), dialect)
    assert statement.sql == sql
    assert statement.bind({"c": 3, "b": 2, "a": 1, "unused": 9}) == [1, 2, 3, 1]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_plain_value_is_bound_as_it_is(dialect: Dialect) -> None:
    statement = compiled(raw("a = {} AND b = {}", "{}", Param("b")), dialect)
    assert statement.bind({"b": "$1 ? {}"}) == ["{}", "$1 ? {}"]


def test_a_missing_value_is_an_error_that_names_it() -> None:
    with pytest.raises(KeyError, match="user_id"):
        queries.select("sqlite").bind({"tenant_id": "acme"})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_piccolo_query_keeps_its_params(dialect: Dialect) -> None:
    piece = query(ProfileRow, dialect, lambda: ProfileRow.select("name").where(ProfileRow.user_id == Param("user_id")))
    assert compiled(piece, dialect).bind({"user_id": "it's"}) == ["it's"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_row_binds_the_named_fields_and_keeps_the_tables_other_defaults(dialect: Dialect) -> None:
    def insert() -> Any:
        return CreationCountRow.insert(row_of(CreationCountRow, ("tenant_id", "made")))

    statement = compiled(query(CreationCountRow, dialect, insert), dialect)
    assert statement.bind({"tenant_id": "acme", "made": 5}) == ["acme", "", 0, 5]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_building_leaves_the_tables_own_engine_alone(dialect: Dialect) -> None:
    own = ProfileRow._meta._db
    query(ProfileRow, dialect, lambda: ProfileRow.select("name"))
    with pytest.raises(ZeroDivisionError):
        query(ProfileRow, dialect, lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert ProfileRow._meta._db is own
