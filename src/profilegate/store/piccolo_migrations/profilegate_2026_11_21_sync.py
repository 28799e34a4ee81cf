"""The identity providers' deliveries, what is left to do about them, and sessions that they can end."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import BigInt, BigSerial, Bytea, Text
from piccolo.engine import engine_finder
from piccolo.table import Table

ID = "2026-11-21T20:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "deliveries of the identity providers"


class ProfileRow(Table, tablename="profilegate_profile"):
    id = BigSerial(primary_key=True)


class DeliveryRow(Table, tablename="profilegate_delivery"):
    id = BigSerial(primary_key=True)
    source = Text()
    delivery_id = Text()
    received_at = BigInt()
    body = Bytea()
    tenant_id = Text(default="")
    user_id = Text(default="")
    state = Text(default="waiting")
    attempts = BigInt(default=0)
    next_at = BigInt()
    error = Text(default="")


class ConflictRow(Table, tablename="profilegate_conflict"):
    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    source = Text()
    username = Text()
    username_key = Text()
    version = Text()
    noted_at = BigInt()


class StaleRow(Table, tablename="profilegate_stale"):
    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    source = Text()
    subject = Text()
    marked_at = BigInt()
    next_at = BigInt()
    attempts = BigInt(default=0)


class ReconciliationRow(Table, tablename="profilegate_reconciliation"):
    id = BigSerial(primary_key=True)
    source = Text()
    position = Text(default="")
    next_at = BigInt()


class SessionRow(Table, tablename="profilegate_session"):
    id = BigSerial(primary_key=True)
    digest = Text()
    tenant_id = Text()
    user_id = Text()
    issuer = Text()
    subject = Text()
    sid = Text(default="")
    data = Text(default="{}")
    created_at = BigInt()
    expires_at = BigInt()


TABLES = (DeliveryRow, ConflictRow, StaleRow, ReconciliationRow, SessionRow)

COLUMNS = ("seen_version", "deleted_version")

# A record that is there was last heard of when it was made, an erased one when it was erased: as text of 15
# digits, which is what versions begin with.
FILLS = (
    "UPDATE profilegate_profile SET seen_version = SUBSTR(CAST(1000000000000000 + created_at AS TEXT), 2) "
    "WHERE deleted_at IS NULL",
    "UPDATE profilegate_profile SET deleted_version = SUBSTR(CAST(1000000000000000 + deleted_at AS TEXT), 2) "
    "WHERE deleted_at IS NOT NULL",
)

INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_delivery_key ON profilegate_delivery (source, delivery_id)",
    "CREATE INDEX IF NOT EXISTS profilegate_delivery_due ON profilegate_delivery (state, next_at)",
    "CREATE INDEX IF NOT EXISTS profilegate_delivery_age ON profilegate_delivery (source, received_at)",
    "CREATE INDEX IF NOT EXISTS profilegate_delivery_user ON profilegate_delivery (tenant_id, user_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_conflict_key "
    "ON profilegate_conflict (tenant_id, user_id, username_key)",
    "CREATE INDEX IF NOT EXISTS profilegate_conflict_username ON profilegate_conflict (tenant_id, username_key)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_stale_key ON profilegate_stale (tenant_id, user_id)",
    "CREATE INDEX IF NOT EXISTS profilegate_stale_due ON profilegate_stale (next_at)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_reconciliation_source ON profilegate_reconciliation (source)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_session_digest ON profilegate_session (digest)",
    "CREATE INDEX IF NOT EXISTS profilegate_session_user ON profilegate_session (issuer, subject)",
    "CREATE INDEX IF NOT EXISTS profilegate_session_sid ON profilegate_session (issuer, sid)",
    "CREATE INDEX IF NOT EXISTS profilegate_session_expiry ON profilegate_session (expires_at)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="profilegate", description=DESCRIPTION)

    async def create():
        engine = engine_finder()
        for table in (ProfileRow, *TABLES):
            table._meta._db = engine
        for table in TABLES:
            await table.create_table(if_not_exists=True)
        for column in COLUMNS:
            await ProfileRow.raw(f"ALTER TABLE profilegate_profile ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        for statement in (*FILLS, *INDEXES):
            await ProfileRow.raw(statement)

    async def drop():
        engine = engine_finder()
        for table in (ProfileRow, *TABLES):
            table._meta._db = engine
        for column in COLUMNS:
            await ProfileRow.raw(f"ALTER TABLE profilegate_profile DROP COLUMN {column}")
        for table in reversed(TABLES):
            await table.alter().drop_table(if_exists=True)

    manager.add_raw(create)
    manager.add_raw_backwards(drop)
    return manager
