"""Queries built once by Piccolo, then run on the driver with new values each time.

Building a query costs Piccolo about 300 microseconds, more than the database takes to answer it. So a
query is built with `Param` in the place of each value, its SQL is kept, and only values are bound per call.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct
from piccolo.query.base import Query
from piccolo.querystring import QueryString
from piccolo.table import Table

T = TypeVar("T", bound=Table)


class Param(str):
    """Stands in a query for the value of that name. A str, so that Piccolo passes it through untouched."""

    __slots__ = ()


class Statement(Struct, frozen=True):
    """SQL text with the places of its values. Values go to the driver as parameters, never into the text."""

    sql: str
    places: tuple[Any, ...]

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """The driver's arguments, in order. Raises KeyError for a value that is missing."""
        return [values[place] if isinstance(place, Param) else place for place in self.places]


def raw(template: str, *parts: Any) -> QueryString:
    """A piece of SQL, each `{}` standing for a Param, a column or another piece."""
    return QueryString(template, *parts)


def joined(separator: str, pieces: Iterable[QueryString]) -> QueryString:
    """The pieces with `separator` between them."""
    each = list(pieces)
    return QueryString(separator.join("{}" for _ in each), *each)


def query(table: type[Table], dialect: str, build: Callable[[], Query[Any, Any]]) -> QueryString:
    """The one QueryString of the Piccolo query on `table` that `build` makes, for "postgres" or "sqlite"."""
    engine, table._meta._db = table._meta._db, cast(Any, _Dialect(dialect))
    try:
        (only,) = build().querystrings
    finally:
        table._meta._db = engine
    return only


def compiled(piece: QueryString, dialect: str) -> Statement:
    """The piece as text for "postgres" or "sqlite"."""
    sql, places = piece.compile_string(dialect)
    return Statement(sql, tuple(places))


def row_of(table: type[T], fields: Iterable[str]) -> T:
    """A row to insert, every named field a Param of its own name and the rest the table's defaults."""
    values: dict[str, Any] = {field: Param(field) for field in fields}
    return table(**values)


class _Dialect(Struct, frozen=True):
    """All that Piccolo asks of a table's engine while it builds SQL: so building needs no database."""

    engine_type: str

    def get_version_sync(self) -> float:
        return 99.0
