"""PostgreSQL tells who listens which records a statement has changed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import BigSerial
from piccolo.engine import engine_finder
from piccolo.table import Table

ID = "2026-11-21T22:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "changed records are told"

# One notification for a statement, of at most 8,000 bytes; when there is more to tell, an empty one. The ids are
# printable ASCII, so tabs and newlines are free. New records have been remembered by nobody. Where a change made a
# new version, that is told too: who remembers that one has nothing to forget.
TELL = """
CREATE OR REPLACE FUNCTION profilegate_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE told text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify('profilegate', '');
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        SELECT string_agg(tenant_id || E'\\t' || user_id, E'\\n') INTO told FROM touched;
    ELSE
        SELECT string_agg(
            touched.tenant_id || E'\\t' || touched.user_id
                || CASE WHEN become.version > touched.version THEN E'\\t' || become.version ELSE '' END,
            E'\\n'
        ) INTO told FROM touched LEFT JOIN become USING (id);
    END IF;
    IF told IS NOT NULL THEN
        PERFORM pg_notify('profilegate', CASE WHEN octet_length(told) < 7900 THEN told ELSE '' END);
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER profilegate_told_{event} AFTER {event} ON profilegate_profile
{which} FOR EACH STATEMENT EXECUTE FUNCTION profilegate_tell()
"""
BEFORE_IT = "REFERENCING OLD TABLE AS touched"  # what is remembered stands under the key that a row had
EVENTS = {"update": f"{BEFORE_IT} NEW TABLE AS become", "delete": BEFORE_IT, "truncate": ""}


class ProfileRow(Table, tablename="profilegate_profile"):
    id = BigSerial(primary_key=True)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="profilegate", description=DESCRIPTION)

    async def create():
        ProfileRow._meta._db = engine = engine_finder()
        if engine.engine_type != "postgres":
            return
        await ProfileRow.raw(TELL)
        for event, which in EVENTS.items():
            await ProfileRow.raw(f"DROP TRIGGER IF EXISTS profilegate_told_{event} ON profilegate_profile")
            await ProfileRow.raw(TRIGGER.format(event=event, which=which))

    async def drop():
        ProfileRow._meta._db = engine = engine_finder()
        if engine.engine_type == "postgres":
            await ProfileRow.raw("DROP FUNCTION IF EXISTS profilegate_tell() CASCADE")

    manager.add_raw(create)
    manager.add_raw_backwards(drop)
    return manager
