"""Expand, then contract: which releases may go on with a schema that newer ones have changed.

A migration that only adds (a table, an index, a column with a default) leaves older releases running, restarting and
scaling while the newer one is rolled out. One that takes something away comes a release later, when nobody needs it any
more, and notes that here: from then on, releases that do not know it refuse to serve.
"""

from profilegate.store.engine import Engine
from profilegate.store.statements import Statement
from profilegate.store.tables import SettingRow

NAME = "schema.contracted"


async def newest(engine: Engine) -> str | None:
    """The id of the newest migration that took something away; None while none did. Needs a migrated schema."""
    rows = await engine.fetch(Statement(f"SELECT value FROM profilegate_setting WHERE name = '{NAME}'", ()), {})
    return rows[0][0] if rows else None


async def note(migration: str) -> None:
    """Say that this migration takes something away; for migrations, inside of their transaction."""
    await SettingRow.delete().where(SettingRow.name == NAME)
    await SettingRow.insert(SettingRow(name=NAME, value=migration))
