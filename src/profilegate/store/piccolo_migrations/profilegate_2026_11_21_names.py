"""Records are found by the beginning of their names."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import BigSerial
from piccolo.engine import engine_finder
from piccolo.table import Table

ID = "2026-11-21T21:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "records by name"


class ProfileRow(Table, tablename="profilegate_profile"):
    id = BigSerial(primary_key=True)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="profilegate", description=DESCRIPTION)

    async def create():
        engine = engine_finder()
        ProfileRow._meta._db = engine
        bytewise = 'COLLATE "C"' if engine.engine_type == "postgres" else "COLLATE BINARY"
        await ProfileRow.raw(
            "CREATE INDEX IF NOT EXISTS profilegate_profile_name "
            f"ON profilegate_profile (tenant_id, (LOWER(name) {bytewise}))"
        )

    async def drop():
        ProfileRow._meta._db = engine_finder()
        await ProfileRow.raw("DROP INDEX IF EXISTS profilegate_profile_name")

    manager.add_raw(create)
    manager.add_raw_backwards(drop)
    return manager
