"""The statements on the profile table, each built once per dialect; those that set fields are in change_queries."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from piccolo.query.base import Query
from piccolo.querystring import QueryString

from profilegate.store.dialect import DIALECTS
from profilegate.store.statements import Param, Statement, compiled, joined, query, raw, row_of
from profilegate.store.tables import ProfileRow

RECORD = (
    "tenant_id", "user_id", "username", "name", "avatar", "primary_email", "primary_phone", "custom_data",
    "identities", "sso_identities", "oidc_profile", "application_id", "suspended_by_idp", "suspended_by_operator",
    "has_password", "last_sign_in_at", "created_at", "updated_at", "version", "sources", "versions",
)  # fmt: skip
"""The columns of a Profile, in its order."""

RETURNED = (*RECORD, "deleted_at", "deleted_by", "changed_fields")
WHOLE = (*RETURNED, "revoked_before")
"""All that there is to know of a user."""

ASKED = {"wanted_tenant": "TEXT", "wanted_user": "TEXT"}

STANDING = ("tenant_id", "user_id", "suspended_by_idp", "suspended_by_operator", "version", "deleted_at", "deleted_by",
            "revoked_before")  # fmt: skip

KEY = raw("tenant_id = {} AND user_id = {}", Param("tenant_id"), Param("user_id"))
ALIVE = raw("{} AND deleted_at IS NULL", KEY)
RETURNING = f"RETURNING {', '.join(WHOLE)}"

Audited = tuple[Statement, ...]


@lru_cache
def select(dialect: str) -> Statement:
    """One row by its key."""
    return _selected(dialect, RETURNED, ProfileRow.user_id == Param("user_id"))


@lru_cache
def select_many(dialect: str) -> Statement:
    """The rows of one tenant under the given user ids."""
    return _selected(dialect, RETURNED, DIALECTS[dialect].among("user_id", Param("user_ids")))


@lru_cache
def select_whole(dialect: str) -> Statement:
    """One row by its key, with what only the gate asks about."""
    return _selected(dialect, WHOLE, ProfileRow.user_id == Param("user_id"))


@lru_cache
def select_wholes(dialect: str) -> Statement:
    """The rows under many keys of any tenants."""
    asked = DIALECTS[dialect].table("asked", ASKED)
    matching = "tenant_id = wanted_tenant AND user_id = wanted_user"
    return compiled(raw(f"SELECT {', '.join(WHOLE)} FROM {{}} JOIN profilegate_profile ON {matching}", asked), dialect)


@lru_cache
def select_standing(dialect: str) -> Statement:
    """What the gate asks about one user."""
    return _selected(dialect, STANDING, ProfileRow.user_id == Param("user_id"))


@lru_cache
def select_holder(dialect: str) -> Statement:
    """The id of the user who has a username."""
    return _selected(dialect, ("user_id",), ProfileRow.username_key == Param("username_key"))


@lru_cache
def insert(dialect: str) -> Audited:
    """A new row, or nothing when the key is in use. A username in use violates its unique index."""
    return DIALECTS[dialect].audited(query(ProfileRow, dialect, _insert))


@lru_cache
def revive(dialect: str) -> Audited:
    """A record in the place of its owner's own tombstone, if the token is newer than that."""
    columns = [each for each in (*RECORD, "username_key", "seen_version") if each not in {"tenant_id", "user_id"}]
    values = joined(", ", (raw(f"{column} = {{}}", Param(column)) for column in columns))
    place = raw(
        "{} AND deleted_by = 'user' AND deleted_at < {} AND version = {}",
        KEY,
        Param("issued_at"),
        Param("buried_version"),
    )
    return updated(dialect, raw("{}, deleted_at = NULL, deleted_by = NULL, changed_fields = ''", values), place)


@lru_cache
def erase(dialect: str) -> Audited:
    """Everything about the person gone; the key, the version, suspensions and the tokens' revocation stay: who comes
    back comes back as whom they were sent away."""
    emptied = (
        "username = NULL, username_key = NULL, name = NULL, avatar = NULL, primary_email = NULL, primary_phone = NULL, "
        "application_id = NULL, last_sign_in_at = NULL, "
        "has_password = FALSE, changed_fields = '', version = version + 1, created_at = 0, updated_at = 0"
    )
    objects = ("custom_data", "identities", "oidc_profile", "sources", "versions")
    values = [raw(emptied), *(raw(f"{column} = {{}}", "{}") for column in objects)]
    values += [
        raw("sso_identities = {}, deleted_at = {}, deleted_by = {}", "[]", Param("now"), Param("deleted_by")),
        # Where the provider's clock is ahead, what it has said already is older than the erasure all the same.
        raw(
            f"deleted_version = CASE WHEN seen_version > {{}} {DIALECTS[dialect].bytewise} "
            "THEN seen_version ELSE {} END",
            Param("grave"),
            Param("grave"),
        ),
        # Should the user return, the tokens from before stay refused.
        raw(
            "revoked_before = CASE WHEN COALESCE(revoked_before, -1) < {} THEN {} ELSE revoked_before END",
            Param("now"),
            Param("now"),
        ),
    ]
    expected = raw("(CAST({} AS BIGINT) IS NULL OR version = {})", Param("expected"), Param("expected"))
    return updated(dialect, joined(", ", values), raw("{} AND {}", ALIVE, expected))


@lru_cache
def suspend(dialect: str, flag: str) -> Audited:
    """Set or lift one of the two suspensions, where it is not so already."""
    values = raw(
        f"{flag} = {{}}, changed_fields = '{flag}', version = version + 1, updated_at = {{}}",
        Param("suspended"),
        Param("now"),
    )
    return updated(dialect, values, raw(f"{{}} AND {flag} IS DISTINCT FROM {{}}", ALIVE, Param("suspended")))


@lru_cache
def revoke_before(dialect: str) -> Audited:
    """Move the moment up to which tokens are refused, forwards only."""
    values = raw("revoked_before = {}, changed_fields = 'revoked_before'", Param("moment"))
    return updated(dialect, values, raw("{} AND COALESCE(revoked_before, -1) < {}", KEY, Param("moment")))


def _insert() -> Query[Any, Any]:
    row = row_of(ProfileRow, (*RECORD, "username_key", "seen_version"))
    unless_there = ProfileRow.insert(row).on_conflict((ProfileRow.tenant_id, ProfileRow.user_id), "DO NOTHING")
    return unless_there.returning(*map(ProfileRow._meta.get_column_by_name, RETURNED))


def _selected(dialect: str, columns: Sequence[str], condition: Any) -> Statement:
    def select() -> Query[Any, Any]:
        return ProfileRow.select(*columns).where(ProfileRow.tenant_id == Param("tenant_id"), condition)

    return compiled(query(ProfileRow, dialect, select), dialect)


def updated(dialect: str, values: QueryString, place: QueryString) -> Audited:
    """The UPDATE of one row, with its audit row."""
    update = raw(f"UPDATE profilegate_profile SET {{}} WHERE {{}} {RETURNING}", values, place)
    return DIALECTS[dialect].audited(update)
