"""Applications, and the documents that they keep beside the one record."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import BigInt, BigSerial, ForeignKey, OnDelete, Text
from piccolo.engine import engine_finder
from piccolo.table import Table

ID = "2026-11-21T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "applications and their documents"


class ProfileRow(Table, tablename="profilegate_profile"):
    id = BigSerial(primary_key=True)


class ApplicationRow(Table, tablename="profilegate_application"):
    id = BigSerial(primary_key=True)
    tenant_id = Text()
    app_id = BigInt()
    name = Text()
    description = Text(default="")
    domains = Text(default="[]")
    schema = Text(null=True, default=None)
    created_at = BigInt()
    updated_at = BigInt()


class DocumentRow(Table, tablename="profilegate_document"):
    id = BigSerial(primary_key=True)
    profile = ForeignKey(references=ProfileRow, on_delete=OnDelete.cascade, null=False)
    application = ForeignKey(references=ApplicationRow, on_delete=OnDelete.restrict, null=False)
    data = Text()
    version = BigInt()
    created_at = BigInt()
    updated_at = BigInt()


TABLES = (ApplicationRow, DocumentRow)

INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_application_key ON profilegate_application (tenant_id, app_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_document_key ON profilegate_document (profile, application)",
    "CREATE INDEX IF NOT EXISTS profilegate_document_application ON profilegate_document (application)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="profilegate", description=DESCRIPTION)

    async def create():
        engine = engine_finder()
        for table in TABLES:
            table._meta._db = engine
            await table.create_table(if_not_exists=True)
        for index in INDEXES:
            await ApplicationRow.raw(index)

    async def drop():
        engine = engine_finder()
        for table in reversed(TABLES):
            table._meta._db = engine
            await table.alter().drop_table(if_exists=True)

    manager.add_raw(create)
    manager.add_raw_backwards(drop)
    return manager
