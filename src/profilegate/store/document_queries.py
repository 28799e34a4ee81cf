"""Every statement on the document table, each built once per dialect."""

from functools import lru_cache

from profilegate.store.dialect import AUDIT_COLUMNS, DIALECTS
from profilegate.store.statements import Param, Statement, compiled, raw

SHOWN = ("data", "version", "created_at", "updated_at")
"""The columns of an AppDocument besides its key."""

# Which lock it is, for all profilegates on one database; the second half is the tenant.
BULK_LOCK = 712_011

MINE = raw(
    "tenant_id = {} AND user_id = {} AND deleted_at IS NULL",
    Param("tenant_id"),
    Param("user_id"),
)
THIS = raw(
    "profile = (SELECT id FROM profilegate_profile WHERE {}) AND "
    "application = (SELECT id FROM profilegate_application WHERE tenant_id = {} AND app_id = {})",
    MINE,
    Param("tenant_id"),
    Param("app_id"),
)
EXPECTED = raw("(CAST({} AS BIGINT) IS NULL OR version = {})", Param("expected"), Param("expected"))

ITEMS = {"profile": "BIGINT", "application": "BIGINT", "data": "TEXT", "version": "BIGINT"}
NEW_USERS = {"user_id": "TEXT", "name": "TEXT", "avatar": "TEXT"}
NOTED = {"user_id": "TEXT", "action": "TEXT", "fields": "TEXT", "version": "BIGINT"}


@lru_cache
def select(dialect: str) -> Statement:
    """One document of a record that is not erased."""
    return compiled(raw(f"SELECT {', '.join(SHOWN)} FROM profilegate_document WHERE {{}}", THIS), dialect)


@lru_cache
def of_user(dialect: str) -> Statement:
    """The documents of one record that is not erased, with their applications."""
    shown = ", ".join(f"doc.{each}" for each in SHOWN)
    built = raw(
        f"SELECT app.app_id, app.name, app.description, {shown} FROM profilegate_document AS doc "
        "JOIN profilegate_application AS app ON app.id = doc.application "
        "WHERE doc.profile = (SELECT id FROM profilegate_profile WHERE {}) ORDER BY app.app_id LIMIT {}",
        MINE,
        Param("limit"),
    )
    return compiled(built, dialect)


@lru_cache
def insert(dialect: str) -> Statement:
    """A new document; nothing where there is one, no such application, or no record that is not erased.

    The record is locked against being erased at the same time, which would leave the document behind.
    """
    built = raw(
        "INSERT INTO profilegate_document (profile, application, data, version, created_at, updated_at) "
        "SELECT owner.id, app.id, CAST({} AS TEXT), CAST({} AS BIGINT), CAST({} AS BIGINT), CAST({} AS BIGINT) "
        f"FROM (SELECT id FROM profilegate_profile WHERE {{}} {DIALECTS[dialect].for_key_share}) AS owner, "
        "profilegate_application AS app WHERE app.tenant_id = {} AND app.app_id = {} "
        f"ON CONFLICT (profile, application) DO NOTHING RETURNING {', '.join(SHOWN)}",
        *map(Param, ("data", "version", "now", "now")),
        MINE,
        Param("tenant_id"),
        Param("app_id"),
    )
    return compiled(built, dialect)


@lru_cache
def update(dialect: str) -> Statement:
    """Other data for a document that is there, in the version that is expected."""
    built = raw(
        "UPDATE profilegate_document SET data = {}, version = version + 1, updated_at = {} "
        f"WHERE {{}} AND {{}} RETURNING {', '.join(SHOWN)}",
        Param("data"),
        Param("now"),
        THIS,
        EXPECTED,
    )
    return compiled(built, dialect)


@lru_cache
def delete(dialect: str) -> Statement:
    built = raw(f"DELETE FROM profilegate_document WHERE {{}} AND {{}} RETURNING {', '.join(SHOWN)}", THIS, EXPECTED)
    return compiled(built, dialect)


@lru_cache
def lock_owner(dialect: str) -> Statement:
    """Wait for documents of this user that are being written, and keep others from being begun."""
    words = DIALECTS[dialect]
    built = raw(
        f"SELECT id FROM profilegate_profile WHERE tenant_id = {{}} AND user_id = {{}} {words.for_update}",
        Param("tenant_id"),
        Param("user_id"),
    )
    return compiled(built, dialect)


@lru_cache
def delete_all_of(dialect: str) -> Statement:
    """Whatever there is of one user, erased or not."""
    built = raw(
        "DELETE FROM profilegate_document WHERE profile = "
        "(SELECT id FROM profilegate_profile WHERE tenant_id = {} AND user_id = {})",
        Param("tenant_id"),
        Param("user_id"),
    )
    return compiled(built, dialect)


@lru_cache
def page_of(dialect: str) -> Statement:
    """Documents of one application after one user, by user id."""
    built = raw(
        "SELECT owner.user_id, document.data, document.version, document.created_at, document.updated_at "
        "FROM profilegate_document AS document JOIN profilegate_profile AS owner ON owner.id = document.profile "
        "JOIN profilegate_application AS app ON app.id = document.application "
        "WHERE app.tenant_id = {} AND app.app_id = {} AND owner.deleted_at IS NULL AND owner.user_id > {} "
        "ORDER BY owner.user_id LIMIT {}",
        *map(Param, ("tenant_id", "app_id", "after", "limit")),
    )
    return compiled(built, dialect)


@lru_cache
def alone(dialect: str) -> Statement:
    """Wait until no other bulk of the tenant is under way: two would wait for each other's new records."""
    return compiled(raw(DIALECTS[dialect].alone, BULK_LOCK, Param("tenant_id")), dialect)


@lru_cache
def lock_owners(dialect: str) -> Statement:
    """The records of these users, locked against being erased; `deleted_at` tells which are."""
    words = DIALECTS[dialect]
    built = raw(
        "SELECT user_id, id, deleted_at FROM profilegate_profile "
        f"WHERE tenant_id = {{}} AND {{}} {words.for_key_share}",
        Param("tenant_id"),
        words.among("user_id", Param("user_ids")),
    )
    return compiled(built, dialect)


@lru_cache
def insert_owners(dialect: str) -> Statement:
    """Records for users who have none, with what is generated."""
    built = raw(
        "INSERT INTO profilegate_profile (tenant_id, user_id, name, avatar, custom_data, identities, sso_identities, "
        "oidc_profile, suspended_by_idp, suspended_by_operator, has_password, created_at, updated_at, version, "
        "sources, versions, changed_fields) "
        "SELECT CAST({} AS TEXT), users.user_id, users.name, users.avatar, {}, {}, {}, {}, FALSE, FALSE, FALSE, "
        "CAST({} AS BIGINT), CAST({} AS BIGINT), 1, {}, {}, '' FROM {} WHERE TRUE "
        "ON CONFLICT (tenant_id, user_id) DO NOTHING RETURNING user_id, id, deleted_at",
        Param("tenant_id"),
        *(DIALECTS[dialect].stored_json(each) for each in ("{}", "{}", "[]", "{}")),
        Param("now"),
        Param("now"),
        *(DIALECTS[dialect].stored_json(Param(each)) for each in ("sources", "versions")),
        DIALECTS[dialect].table("users", NEW_USERS),
    )
    return compiled(built, dialect)


@lru_cache
def insert_many(dialect: str, replace: bool) -> Statement:
    """Documents for records whose ids are known; returns which were written."""
    instead = (
        "DO UPDATE SET data = excluded.data, version = profilegate_document.version + 1, "
        "updated_at = excluded.updated_at"
    )
    built = raw(
        "INSERT INTO profilegate_document (profile, application, data, version, created_at, updated_at) "
        "SELECT items.profile, items.application, items.data, items.version, CAST({} AS BIGINT), "
        "CAST({} AS BIGINT) FROM {} WHERE TRUE "
        f"ON CONFLICT (profile, application) {instead if replace else 'DO NOTHING'} "
        "RETURNING profile, application, version",
        *map(Param, ("now", "now")),
        DIALECTS[dialect].table("items", ITEMS),
    )
    return compiled(built, dialect)


@lru_cache
def note(dialect: str) -> Statement:
    """Audit rows: who did what to whose record. Never the values."""
    built = raw(
        f"INSERT INTO profilegate_audit ({AUDIT_COLUMNS}) SELECT CAST({{}} AS TEXT), noted.user_id, "
        "CAST({} AS BIGINT), CAST({} AS TEXT), CAST({} AS TEXT), CAST({} AS TEXT), noted.action, noted.fields, "
        "noted.version FROM {}",
        *map(Param, ("tenant_id", "now", "actor_kind", "actor_id", "face")),
        DIALECTS[dialect].table("noted", NOTED),
    )
    return compiled(built, dialect)


@lru_cache
def application_ids(dialect: str) -> Statement:
    """Every application of the tenant: its public id and its row's."""
    return compiled(
        raw("SELECT app_id, id FROM profilegate_application WHERE tenant_id = {}", Param("tenant_id")), dialect
    )
