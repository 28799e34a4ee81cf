"""Many changes of different records become one statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from profilegate.errors import StoreUnavailable
from profilegate.profiles.record import ProfileKey
from profilegate.store.batches import Batches
from profilegate.store.change_queries import change_many, given_rows
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine, Row
from profilegate.store.queries import ASKED, select_wholes

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


class Made(Struct, eq=False):
    """What became of a change: the row of `queries.WHOLE`, None where there is none, and whether it was changed."""

    row: Row | None
    changed: bool


class Changes:
    """One statement at a time, in which no record is changed twice; changes of one record keep their order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._batches: Batches[Asked, Made] = Batches(self._make, together, MOST_WAITING)

    @property
    def refused(self) -> int:
        """How many found the queue too long."""
        return self._batches.refused

    async def put(self, key: ProfileKey, fields: tuple[str, ...], values: Mapping[str, Any]) -> Made:
        """Change the row. One that is not changed may be as it is wanted, or locked by somebody else: then ask alone.

        `fields` must not hold any that a constraint may refuse. Raises StoreUnavailable.
        """
        return await self._batches.ask(Asked(key, fields, values))

    async def _make(self, batch: Sequence[Asked]) -> Sequence[Made]:
        dialect, fields = self._engine.engine_type, batch[0].fields
        try:
            values = given_rows(dialect, fields, [each.values for each in batch])
            changed = _by_key(await self._engine.write([change_many(dialect, fields)], values))
        except StoreUnavailable:
            raise
        except Exception:
            changed = {}  # one of them is odd: alone, each finds out for itself
        kept = await self._look([each.key for each in batch if each.key not in changed])
        return [Made(changed.get(each.key) or kept.get(each.key), each.key in changed) for each in batch]

    async def _look(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Row]:
        if not keys:
            return {}
        values = DIALECTS[self._engine.engine_type].rows("asked", ASKED, [(key.tenant_id, key.user_id) for key in keys])
        return _by_key(await self._engine.fetch(select_wholes(self._engine.engine_type), values))


def _by_key(rows: Sequence[Row]) -> dict[ProfileKey, Row]:
    return {ProfileKey(row[0], row[1]): row for row in rows}


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
