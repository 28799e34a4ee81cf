"""What the repository needs of a database engine."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from msgspec import Struct

from profilegate.store.statements import Statement

Row = Sequence[Any]


class Load(Struct, frozen=True):
    """How many connections are used and idle, how many statements wait for one, and how many were not let in."""

    used: int
    idle: int
    waiting: int
    refused: int


class Engine(Protocol):
    """A Piccolo engine that also runs compiled statements on connections it keeps.

    Nothing connects before `open`. All methods raise StoreUnavailable when the database does not answer
    within the configured time; a constraint that refuses a row comes out as UniqueViolation.
    """

    @property
    def engine_type(self) -> str:
        """ "postgres" or "sqlite"."""

    @property
    def load(self) -> Load:
        """As of now."""

    async def open(self) -> None:
        """Make ready. A database that is down does not raise: the first statement will."""

    async def close(self) -> None:
        """Give every connection back. Statements under way finish first, for a bounded time."""

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        """Run one statement that reads."""

    async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
        """Run a change and what belongs to it in one transaction; the rows of the first statement.

        What belongs to it is left out when the first statement changed nothing.
        """

    def session(self) -> AbstractAsyncContextManager["Session"]:
        """Several statements in one transaction, undone when the block raises. Short: on SQLite others wait."""

    def exclusive(self) -> AbstractAsyncContextManager[Any]:
        """A Piccolo transaction that waits until no other process has one: for migrations."""


class Session(Protocol):
    """One transaction on one connection."""

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        """Run one statement; its rows. Raises as the engine does."""


class UniqueViolation(Exception):
    """A unique index refused the row. `index` is the text that names it."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index
