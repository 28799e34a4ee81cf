"""Which usernames the stored comparison keys treat as the same, and how that is changed."""

from profilegate.errors import InvalidConfiguration
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine
from profilegate.store.statements import Statement
from profilegate.store.tables import ProfileRow, SettingRow

NAME = "usernames.case_sensitive"

# Enough to see what is wrong; a longer list helps nobody.
CLASHES_SHOWN = 20


async def case_sensitive(engine: Engine) -> bool:
    """What the stored keys were made for. Needs a migrated schema."""
    rows = await engine.fetch(Statement(f"SELECT value FROM profilegate_setting WHERE name = '{NAME}'", ()), {})
    return bool(rows) and rows[0][0] == "true"


async def follow(engine: Engine, wanted: bool) -> None:
    """Make the stored keys as configured, inside the transaction at hand.

    Raises InvalidConfiguration with the clashing usernames when case is to be ignored and people have
    usernames that differ in nothing else; then nothing is changed.
    """
    stored = await SettingRow.select(SettingRow.value).where(SettingRow.name == NAME)
    text = "true" if wanted else "false"
    if not stored:
        await SettingRow.insert(SettingRow(name=NAME, value=text))
    elif stored[0]["value"] != text:
        await _rekey("username" if wanted else DIALECTS[engine.engine_type].lowered)
        await SettingRow.update({SettingRow.value: text}).where(SettingRow.name == NAME)


async def _rekey(key: str) -> None:
    clashes = await ProfileRow.raw(
        f"SELECT tenant_id, {key} AS key, COUNT(*) AS people FROM profilegate_profile "
        f"WHERE username IS NOT NULL GROUP BY tenant_id, {key} HAVING COUNT(*) > 1 "
        f"ORDER BY tenant_id, {key} LIMIT {CLASHES_SHOWN}"
    )
    if clashes:
        raise InvalidConfiguration(
            [
                f"usernames.case_sensitive: {row['people']} users of {row['tenant_id']} are {row['key']}"
                for row in clashes
            ]
        )
    await ProfileRow.raw(f"UPDATE profilegate_profile SET username_key = {key} WHERE username IS NOT NULL")
