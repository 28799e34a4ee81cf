"""Which records the process that has an SQLite database to itself has changed, told by the database itself."""

import sqlite3
from collections import deque
from collections.abc import Iterator

from profilegate.profiles.record import ProfileKey

MOST = 10_000
"""Changes that are named one by one until somebody asks; beyond it all may have changed."""

Change = tuple[ProfileKey | None, int | None]
"""A record and the version that it has become, where that tells the change apart. No record: any may have changed."""

ANY: Change = (None, None)

TABLE = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'profilegate_profile'"

# As on PostgreSQL: under the key that a row had, with its new version if that is higher. A new row changes no old one.
TRIGGERS = (
    "CREATE TEMP TRIGGER profilegate_told_update AFTER UPDATE ON main.profilegate_profile BEGIN SELECT "
    "profilegate_tell(OLD.tenant_id, OLD.user_id, CASE WHEN NEW.version > OLD.version THEN NEW.version END); END",
    "CREATE TEMP TRIGGER profilegate_told_delete AFTER DELETE ON main.profilegate_profile BEGIN SELECT "
    "profilegate_tell(OLD.tenant_id, OLD.user_id, NULL); END",
)


class Told:
    """The changes of transactions that have ended, until somebody takes them. One that was undone may be among them.

    Transactions end on the thread that writes, and the changes are taken on the event loop's.
    """

    def __init__(self) -> None:
        self._pending: list[Change] = []
        self._ended: deque[Change] = deque()
        self._is_deaf = True
        self._others = 0

    def listen(self, writer: sqlite3.Connection) -> None:
        """Have this connection name what it changes; before there is a table, each of its transactions is ANY.

        So is the time before: the database may have been somebody else's.
        """
        self.anything()
        self._others = _others(writer)
        self._is_deaf = writer.execute(TABLE).fetchone() is None
        if not self._is_deaf:
            writer.create_function("profilegate_tell", 3, self._tell)
            for trigger in TRIGGERS:
                writer.execute(trigger)

    def begun(self, writer: sqlite3.Connection) -> None:
        """A transaction of the writer has begun. Whoever has written beside it (a person with a shell) is noticed."""
        self._pending = []
        others = _others(writer)
        if others != self._others:
            self._others = others
            self.anything()

    def ended(self) -> None:
        """The writer's transaction may have been committed."""
        pending, self._pending = self._pending, []
        self._add([ANY] if self._is_deaf else pending)

    def anything(self) -> None:
        """A connection that names nothing may have committed."""
        self._add([ANY])

    def taken(self) -> Iterator[Change]:
        """Everything since the last time."""
        while self._ended:
            yield self._ended.popleft()

    def _tell(self, tenant_id: str, user_id: str, version: int | None) -> None:
        self._pending.append((ProfileKey(tenant_id, user_id), version))

    def _add(self, changes: list[Change]) -> None:
        if len(self._ended) + len(changes) <= MOST:
            self._ended.extend(changes)
        elif not self._ended or self._ended[-1] is not ANY:
            self._ended.append(ANY)


def _others(writer: sqlite3.Connection) -> int:
    """A number that moves when another connection has committed."""
    (number,) = writer.execute("PRAGMA data_version").fetchone()
    return int(number)
