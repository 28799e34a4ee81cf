"""Supabase's Auth hooks, and its database webhooks on the table auth.users.

Traps: a hook's `webhook-id` is new on every attempt, so its `metadata.uuid` names the delivery. before-user-created
fires before the user exists, and may be vetoed. A database webhook on any other table tells what its owners wrote.
A user deleted "softly" is an UPDATE with `deleted_at` and hashed contacts. A row has the password's hash and tokens,
so nothing is taken but what is listed here. The metadata are the user's to write: an e-mail in there proves nothing.
A ban has an end, which no event tells; the next event of the user does.
"""

from collections.abc import Sequence
from time import time
from typing import Any

from profilegate.sync.parts import contact, suspended
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, required, text_at

USERS = ("auth", "users")
ROWS = frozenset({"record", "old_record"})

# The user object calls them one way, the table's row the other.
METADATA = ("/user_metadata", "/raw_user_meta_data")
WORDS = {
    "username": ("user_name", "preferred_username"),
    "name": ("full_name", "name"),
    "avatar": ("avatar_url", "picture"),
}


def read(payload: Payload) -> Sequence[Said]:
    if "metadata" in payload:
        is_created = text_at(payload, "/metadata/name") == "after-user-created"
        return _said(payload, "user", pointed(payload, "/metadata/time")) if is_created else ()
    if (payload.get("schema"), payload.get("table")) != USERS:
        return ()
    if payload.get("type") == "DELETE":
        # The old row's times are older than its end, so this happened when it was received.
        return (Said(subject=required(payload, "/old_record/id"), kind="delete"),)
    if payload.get("type") in ("INSERT", "UPDATE"):
        return _said(payload, "record", pointed(payload, "/record/updated_at"))
    return ()


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/metadata/uuid")


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user as the Auth admin API has them, which is the whole user."""
    required(payload, "/id")  # another answer must not look like a user who has nothing
    return _fields(payload, int(time() * 1000))


def _said(payload: Payload, member: str, at: Any) -> Sequence[Said]:
    subject, told = required(payload, f"/{member}/id"), payload[member]
    if told.get("deleted_at"):
        return (Said(subject=subject, kind="delete", occurred_at=moment(told["deleted_at"])),)
    occurred_at, sequence = moment(at), moment(told.get("updated_at")) or 0
    fields = _fields(told, occurred_at or 0)
    return (Said(subject=subject, kind="set", occurred_at=occurred_at, sequence=sequence, fields=fields),)


def _fields(told: dict[str, Any], now: int) -> dict[str, Any]:
    """The whole user, at a time in Unix milliseconds."""
    return {
        **{field: _first(told, names) for field, names in WORDS.items()},
        **contact("primary_email", told.get("email"), bool(told.get("email_confirmed_at"))),
        **contact("primary_phone", told.get("phone"), bool(told.get("phone_confirmed_at"))),
        "last_sign_in_at": moment(told.get("last_sign_in_at")),
        **suspended((moment(told.get("banned_until")) or 0) > now),
    }


def _first(told: dict[str, Any], names: Sequence[str]) -> str | None:
    found = (text_at(told, f"{pointer}/{name}") for pointer in METADATA for name in names)
    return next((each for each in found if each is not None), None)


def kept(payload: Payload) -> Payload:
    """Without the password's hash and the tokens of mails under way, which a row of the table has."""
    return {name: _bare(value) if name in ROWS else value for name, value in payload.items()}


def _bare(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    return {name: value for name, value in row.items() if "password" not in name and "token" not in name}


SUPABASE = Provider(signature="standard", read=read, delivery_id=delivery_id, user=user, kept=kept)
