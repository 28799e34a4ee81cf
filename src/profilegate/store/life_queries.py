"""Every statement of a provider's events on the profile table and what hangs on it, each built once per dialect."""

from functools import lru_cache

from piccolo.querystring import QueryString

from profilegate.store.dialect import DIALECTS
from profilegate.store.queries import KEY, RECORD, Audited
from profilegate.store.statements import Param, Statement, compiled, joined, raw

END = ("deleted_at", "deleted_by", "revoked_before", "seen_version", "deleted_version")
FOUND = (*RECORD, *END)
"""The columns of a Life."""

WRITTEN = (*FOUND, "username_key", "changed_fields")

JSON = frozenset({"custom_data", "identities", "sso_identities", "oidc_profile", "sources", "versions"})


@lru_cache
def find(dialect: str) -> Statement:
    """One row, locked."""
    words = DIALECTS[dialect]
    return compiled(
        raw(f"SELECT {', '.join(FOUND)} FROM profilegate_profile WHERE {{}} {words.for_update}", KEY), dialect
    )


@lru_cache
def add(dialect: str) -> Audited:
    """A new row of any kind, or nothing when the key is in use."""
    values = joined(", ", (_value(dialect, each) for each in WRITTEN))
    insert = raw(
        f"INSERT INTO profilegate_profile ({', '.join(WRITTEN)}) VALUES ({{}}) "
        f"ON CONFLICT (tenant_id, user_id) DO NOTHING RETURNING {', '.join((*FOUND, 'changed_fields'))}",
        values,
    )
    return DIALECTS[dialect].audited(insert)


@lru_cache
def save(dialect: str) -> Audited:
    """Every column of a row that is locked, with its audit row."""
    return DIALECTS[dialect].audited(_saved(dialect))


@lru_cache
def save_unnoted(dialect: str) -> Statement:
    """The same where no content differs, so that there is nothing to remember."""
    return compiled(_saved(dialect), dialect)


@lru_cache
def holder(dialect: str) -> Statement:
    return compiled(
        raw(
            "SELECT user_id FROM profilegate_profile WHERE tenant_id = {} AND username_key = {}",
            Param("tenant_id"),
            Param("username_key"),
        ),
        dialect,
    )


@lru_cache
def wish(dialect: str) -> Statement:
    """Note a username that could not be given; of several versions of one wish the newest."""
    return compiled(
        raw(
            "INSERT INTO profilegate_conflict (tenant_id, user_id, source, username, username_key, version, noted_at) "
            "VALUES ({}, {}, {}, {}, {}, {}, {}) ON CONFLICT (tenant_id, user_id, username_key) DO UPDATE SET "
            "version = excluded.version, username = excluded.username, source = excluded.source "
            f"WHERE excluded.version > profilegate_conflict.version {DIALECTS[dialect].bytewise}",
            *map(Param, ("tenant_id", "user_id", "source", "username", "username_key", "version", "now")),
        ),
        dialect,
    )


@lru_cache
def forget_wishes(dialect: str) -> Statement:
    newest = f"version <= {{}} {DIALECTS[dialect].bytewise}"
    return compiled(raw(f"DELETE FROM profilegate_conflict WHERE {{}} AND {newest}", KEY, Param("version")), dialect)


@lru_cache
def is_waiting(dialect: str) -> Statement:
    """A row when the user, whose username is the provider's, has a newer wish."""
    return compiled(
        raw(
            "SELECT 1 FROM profilegate_profile AS holder WHERE holder.tenant_id = {} AND holder.user_id = {} AND {}",
            Param("tenant_id"),
            Param("user_id"),
            _waits(dialect),
        ),
        dialect,
    )


@lru_cache
def wishes(dialect: str) -> Statement:
    """The wishes that may come true."""
    return compiled(
        raw(
            "SELECT wish.tenant_id, wish.user_id, wish.source, wish.username, wish.version "
            "FROM profilegate_conflict AS wish LEFT JOIN profilegate_profile AS holder "
            "ON holder.tenant_id = wish.tenant_id AND holder.username_key = wish.username_key "
            f"WHERE holder.id IS NULL OR {{}} ORDER BY wish.version {DIALECTS[dialect].bytewise} DESC LIMIT {{}}",
            _waits(dialect),
            Param("limit"),
        ),
        dialect,
    )


@lru_cache
def mark_stale(dialect: str) -> Statement:
    """Ask the provider about this user, soon; marks that come meanwhile are one question."""
    return compiled(
        raw(
            "INSERT INTO profilegate_stale (tenant_id, user_id, source, subject, marked_at, next_at, attempts) "
            "VALUES ({}, {}, {}, {}, {}, {}, 0) ON CONFLICT (tenant_id, user_id) DO UPDATE SET "
            "source = excluded.source, subject = excluded.subject, marked_at = excluded.marked_at",
            *map(Param, ("tenant_id", "user_id", "source", "subject", "now", "next_at")),
        ),
        dialect,
    )


@lru_cache
def buried(dialect: str) -> tuple[Statement, ...]:
    """Whatever of a user is kept beside the record."""
    tables = ("profilegate_conflict", "profilegate_stale", "profilegate_session")
    return tuple(compiled(raw(f"DELETE FROM {table} WHERE {{}}", KEY), dialect) for table in tables)


@lru_cache
def bury_documents(dialect: str) -> Statement:
    """The user's documents, all of them or those up to a moment."""
    return compiled(
        raw(
            "DELETE FROM profilegate_document WHERE profile = (SELECT id FROM profilegate_profile WHERE {}) "
            "AND (CAST({} AS BIGINT) IS NULL OR updated_at <= {})",
            KEY,
            Param("until"),
            Param("until"),
        ),
        dialect,
    )


@lru_cache
def forget_said(dialect: str) -> Statement:
    """What deliveries that are done with said of a user. The rows stay, to know the deliveries again."""
    return compiled(
        raw("UPDATE profilegate_delivery SET body = {} WHERE {} AND state = 'done'", Param("nothing"), KEY), dialect
    )


@lru_cache
def give_up_dead_letters(dialect: str) -> Statement:
    """A user's dead letters are done with: what they tell is older than an erasure that the user asked for."""
    return compiled(
        raw("UPDATE profilegate_delivery SET state = 'done', error = '' WHERE {} AND state = 'dead'", KEY), dialect
    )


@lru_cache
def hear_again(dialect: str) -> Statement:
    """Have a user's deliveries that are done with applied once more."""
    return compiled(
        raw(
            "UPDATE profilegate_delivery SET state = 'waiting', attempts = 0, next_at = received_at "
            "WHERE {} AND state = 'done' AND body <> {}",
            KEY,
            Param("nothing"),
        ),
        dialect,
    )


@lru_cache
def end_sessions(dialect: str) -> Statement:
    """The sessions of a provider's session, or of all of its user's, that began up to a moment."""
    return compiled(
        raw(
            "DELETE FROM profilegate_session WHERE issuer = {} AND (CAST({} AS TEXT) IS NULL OR sid = {}) "
            "AND (CAST({} AS TEXT) IS NULL OR subject = {}) AND created_at <= {} RETURNING id",
            Param("issuer"),
            *map(Param, ("sid", "sid", "subject", "subject", "until")),
        ),
        dialect,
    )


def _saved(dialect: str) -> QueryString:
    columns = [each for each in WRITTEN if each not in {"tenant_id", "user_id"}]
    values = joined(", ", (raw(f"{each} = {{}}", _value(dialect, each)) for each in columns))
    shown = ", ".join((*FOUND, "changed_fields"))
    return raw(f"UPDATE profilegate_profile SET {{}} WHERE {{}} RETURNING {shown}", values, KEY)


def _value(dialect: str, column: str) -> QueryString:
    return DIALECTS[dialect].stored_json(Param(column)) if column in JSON else raw("{}", Param(column))


def _waits(dialect: str) -> QueryString:
    words = DIALECTS[dialect]
    return raw(
        "(holder.sources ->> 'username' IN ('claims', 'idp') AND EXISTS (SELECT 1 FROM profilegate_conflict AS other "
        "WHERE other.tenant_id = holder.tenant_id AND other.user_id = holder.user_id "
        f"AND other.version > COALESCE(holder.versions ->> 'username', '') {words.bytewise}))"
    )
