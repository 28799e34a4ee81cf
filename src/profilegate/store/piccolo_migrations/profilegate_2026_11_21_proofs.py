"""The proofs of possession that were used (RFC 9449)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import BigInt, BigSerial, Text
from piccolo.engine import engine_finder
from piccolo.table import Table

ID = "2026-11-21T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "proofs of possession"


class ProofRow(Table, tablename="profilegate_proof"):
    id = BigSerial(primary_key=True)
    digest = Text()
    expires_at = BigInt()


INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_proof_digest ON profilegate_proof (digest)",
    "CREATE INDEX IF NOT EXISTS profilegate_proof_expiry ON profilegate_proof (expires_at)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="profilegate", description=DESCRIPTION)

    async def create():
        ProofRow._meta._db = engine_finder()
        await ProofRow.create_table(if_not_exists=True)
        for index in INDEXES:
            await ProofRow.raw(index)

    async def drop():
        ProofRow._meta._db = engine_finder()
        await ProofRow.alter().drop_table(if_exists=True)

    manager.add_raw(create)
    manager.add_raw_backwards(drop)
    return manager
