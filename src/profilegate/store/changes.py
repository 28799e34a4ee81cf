"""Many changes of different records become one statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from profilegate.errors import StoreUnavailable
from profilegate.profiles.record import ProfileKey
from profilegate.store.batches import Batches
from profilegate.store.change_queries import change_many, given_rows
from profilegate.store.engine import Engine, Row

MOST_WAITING = 1_000
"""Changes that wait for the next statement."""

MOST_AT_ONCE = 128
"""Changes of one statement."""

MOST_TOLD = 7_800
"""Bytes that one statement makes the database tell of its records; a notification holds 8,000."""

SAID_BESIDE = 14
"""Bytes told with each key: its version, and what separates them."""


class Asked(Struct, eq=False):
    """A change that nobody has made yet."""

    key: ProfileKey
    fields: tuple[str, ...]
    values: Mapping[str, Any]


class Changes:
    """One statement at a time, in which no record is changed twice; changes of one record keep their order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._batches: Batches[Asked, Row | None] = Batches(self._make, together, MOST_WAITING)

    async def put(self, key: ProfileKey, fields: tuple[str, ...], values: Mapping[str, Any]) -> Row | None:
        """The changed row; None where nothing was changed, be it that another has the row locked: then ask alone.

        `fields` must not hold any that a constraint may refuse. Raises StoreUnavailable.
        """
        return await self._batches.ask(Asked(key, fields, values))

    async def _make(self, batch: Sequence[Asked]) -> Sequence[Row | None]:
        dialect, fields = self._engine.engine_type, batch[0].fields
        try:
            values = given_rows(dialect, fields, [each.values for each in batch])
            rows = await self._engine.write([change_many(dialect, fields)], values)
        except StoreUnavailable:
            raise
        except Exception:
            rows = ()  # one of them is odd: alone, each finds out for itself
        changed = {(row[0], row[1]): row for row in rows}
        return [changed.get((each.key.tenant_id, each.key.user_id)) for each in batch]


def together(waiting: Sequence[Asked]) -> list[int]:
    """The places of those that one statement can make, the oldest first."""
    fields, keys, told = waiting[0].fields, set[ProfileKey](), 0
    picked: list[int] = []
    for place, each in enumerate(waiting):
        if each.fields == fields and each.key not in keys:
            told += len(each.key.tenant_id) + len(each.key.user_id) + SAID_BESIDE
            if picked and (told > MOST_TOLD or len(picked) == MOST_AT_ONCE):
                break
            picked.append(place)
        keys.add(each.key)
    return picked
