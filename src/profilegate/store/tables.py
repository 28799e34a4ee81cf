"""The tables, as Piccolo sees them. Columns only: indexes that must be unique are made by the migrations.

Times are Unix milliseconds in BigInt columns, alike on both engines, so that no driver turns them into
local time. JSON columns hold text on SQLite and jsonb on PostgreSQL.
"""

from piccolo.columns import JSONB, BigInt, BigSerial, Boolean, Bytea, ForeignKey, OnDelete, Text
from piccolo.table import Table


class ProfileRow(Table, tablename="profilegate_profile"):
    """One row per (tenant_id, user_id), unique. An erased record stays as a row with `deleted_at` set.

    Keeping the tombstone in the row itself lets one unique index decide between creating and erasing.
    `seen_version` and `deleted_version` are of the newest words that the user exists, or does not (`profiles.events`).
    `changed_fields` names the fields that the newest version changed; the audit row copies it.
    """

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
    seen_version = Text(default="")
    deleted_version = Text(default="")


class AuditRow(Table, tablename="profilegate_audit"):
    """Who changed which fields of which record, when and through which face. Never the values."""

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
    """How many records of other people a caller has made in the present window."""

    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    window_start = BigInt()
    made = BigInt()


class SettingRow(Table, tablename="profilegate_setting"):
    """Settings that the stored data depends on, so that a changed configuration is noticed."""

    id = BigSerial(primary_key=True)
    name = Text()
    value = Text()


class ApplicationRow(Table, tablename="profilegate_application"):
    """An application of a tenant; (tenant_id, app_id) is unique. `domains` is a JSON array of texts."""

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
    """What one application keeps about one user; (profile, application) is unique.

    `data` is JSON as text, not jsonb: numbers come back digit for digit and members in their order.
    """

    id = BigSerial(primary_key=True)
    profile = ForeignKey(references=ProfileRow, on_delete=OnDelete.cascade, null=False)
    application = ForeignKey(references=ApplicationRow, on_delete=OnDelete.restrict, null=False)
    data = Text()
    version = BigInt()
    created_at = BigInt()
    updated_at = BigInt()


class ProofRow(Table, tablename="profilegate_proof"):
    """A proof of possession that was used: a digest of its key and id, and when it ends, in Unix seconds."""

    id = BigSerial(primary_key=True)
    digest = Text()
    expires_at = BigInt()


class DeliveryRow(Table, tablename="profilegate_delivery"):
    """A provider's delivery, verified and stored before it was answered; (source, delivery_id) is unique.

    `state` is "waiting", "done" or "dead"; `next_at` is when to try it, or to forget it once it is done. `body` is
    what was signed, byte for byte. `user_id` is the first user that it speaks of, so that an erasure finds it.
    """

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
    """A username that a provider gave a user while somebody else had it; (tenant_id, user_id, username_key) is unique.

    `version` is the event's, so that the username can still be given when it becomes free.
    """

    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    source = Text()
    username = Text()
    username_key = Text()
    version = Text()
    noted_at = BigInt()


class StaleRow(Table, tablename="profilegate_stale"):
    """A record of which the provider knows more than it told; (tenant_id, user_id) is unique.

    `marked_at` is when that was last noticed, `next_at` when to ask, which whoever asks moves on.
    """

    id = BigSerial(primary_key=True)
    tenant_id = Text()
    user_id = Text()
    source = Text()
    subject = Text()
    marked_at = BigInt()
    next_at = BigInt()
    attempts = BigInt(default=0)


class ReconciliationRow(Table, tablename="profilegate_reconciliation"):
    """How far the comparison of all records with a source's has come: up to the user `position`."""

    id = BigSerial(primary_key=True)
    source = Text()
    position = Text(default="")
    next_at = BigInt()


class SessionRow(Table, tablename="profilegate_session"):
    """Somebody who is signed in at our own pages; `digest` of the cookie is unique, `expires_at` in Unix milliseconds.

    `issuer`, `subject` and `sid` are what a provider names when it signs them out.
    """

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


# What refers to another comes after it.
TABLES = (
    ProfileRow,
    AuditRow,
    CreationCountRow,
    SettingRow,
    ProofRow,
    ApplicationRow,
    DocumentRow,
    DeliveryRow,
    ConflictRow,
    StaleRow,
    ReconciliationRow,
    SessionRow,
)
