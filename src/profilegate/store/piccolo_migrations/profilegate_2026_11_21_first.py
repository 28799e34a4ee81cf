"""The first schema: the one record, its audit rows, the count of creations and the remembered settings.

Unique indexes are raw SQL because Piccolo writes its own as ALTER TABLE, which SQLite does not know.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import JSONB, BigInt, BigSerial, Boolean, Text
from piccolo.engine import engine_finder
from piccolo.table import Table

ID = "2026-11-21T00:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the first schema"


class ProfileRow(Table, tablename="profilegate_profile"):
    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    username = Text(null=True, default=None)
    username_key = Text(null=True, default=None)
    name = Text(null=True, default=None)
    avatar = Text(null=True, default=None)
    primary_email = Text(null=True, default=None)
    primary_phone = Text(null=True, default=None)
    custom_data = JSONB(default="{}")
    identities = JSONB(default="{}")
    sso_identities = JSONB(default="[]")
    oidc_profile = JSONB(default="{}")
    application_id = Text(null=True, default=None)
    suspended_by_idp = Boolean(default=False)
    suspended_by_operator = Boolean(default=False)
    has_password = Boolean(default=False)
    last_sign_in_at = BigInt(null=True, default=None)
    created_at = BigInt()
    updated_at = BigInt()
    version = BigInt(default=1)
    sources = JSONB(default="{}")
    versions = JSONB(default="{}")
    changed_fields = Text(default="")
    deleted_at = BigInt(null=True, default=None)
    deleted_by = Text(null=True, default=None)
    revoked_before = BigInt(null=True, default=None)


class AuditRow(Table, tablename="profilegate_audit"):
    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    at = BigInt()
    actor_kind = Text()
    actor_id = Text()
    face = Text()
    action = Text()
    fields = Text(default="")
    version = BigInt()


class CreationCountRow(Table, tablename="profilegate_creation_count"):
    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    window_start = BigInt()
    made = BigInt()


class SettingRow(Table, tablename="profilegate_setting"):
    id = BigSerial(primary_key=True)
    name = Text()
    value = Text()


TABLES = (ProfileRow, AuditRow, CreationCountRow, SettingRow)

INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_profile_key ON profilegate_profile (tenant_id, user_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_profile_username ON profilegate_profile (tenant_id, username_key)",
    "CREATE INDEX IF NOT EXISTS profilegate_audit_record ON profilegate_audit (tenant_id, user_id, id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_creation_count_key "
    "ON profilegate_creation_count (tenant_id, user_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS profilegate_setting_name ON profilegate_setting (name)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="profilegate", description=DESCRIPTION)

    async def create():
        engine = engine_finder()
        for table in TABLES:
            table._meta._db = engine  # one process may migrate several databases, and Piccolo would keep the first
            await table.create_table(if_not_exists=True)
        for index in INDEXES:
            await ProfileRow.raw(index)

    async def drop():
        engine = engine_finder()
        for table in reversed(TABLES):
            table._meta._db = engine
            await table.alter().drop_table(if_exists=True)

    manager.add_raw(create)
    manager.add_raw_backwards(drop)
    return manager
