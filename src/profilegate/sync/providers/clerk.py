"""Clerk's webhooks, which Svix sends.

Traps: a user has several e-mail addresses, and the first is not the primary one; the primary one may be unverified.
Users without a picture have an `image_url` all the same, of a generated one. A lock after wrong passwords ends by
itself and without an event, and anybody can bring it about for somebody else, so only a ban suspends.
`user.deleted` has the id and no times. `session.revoked` is about one session of many.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import contact, full_name, suspended
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, required, text_at, whole

EVENTS: dict[Any, Kind] = {"user.created": "set", "user.updated": "set", "user.deleted": "delete"}

FIELDS = {
    "username": "username",
    "first_name": f"{MEMBER}givenName",
    "last_name": f"{MEMBER}familyName",
    "password_enabled": "has_password",
    "last_sign_in_at": "last_sign_in_at",
}


def read(payload: Payload) -> Sequence[Said]:
    kind = EVENTS.get(text_at(payload, "/type"))
    if kind is None:
        return ()
    subject, updated_at = required(payload, "/data/id"), pointed(payload, "/data/updated_at")
    occurred_at = moment(payload.get("timestamp")) or moment(updated_at)
    fields = user(payload["data"]) if kind == "set" else {}
    return (Said(subject=subject, kind=kind, occurred_at=occurred_at, sequence=whole(updated_at), fields=fields),)


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user as the Backend API has them, which is the whole user."""
    required(payload, "/id")  # another answer must not look like a user who has nothing
    mail = _primary(payload, "email_addresses", "primary_email_address_id")
    phone = _primary(payload, "phone_numbers", "primary_phone_number_id")
    return {
        **{field: payload.get(name) for name, field in FIELDS.items()},
        "name": full_name(payload.get("first_name"), payload.get("last_name")),
        "avatar": None if payload.get("has_image") is False else payload.get("image_url"),
        **contact("primary_email", mail.get("email_address"), _is_verified(mail)),
        **contact("primary_phone", phone.get("phone_number"), _is_verified(phone)),
        **suspended(payload.get("banned")),
    }


def _primary(payload: Payload, list_name: str, id_name: str) -> dict[str, Any]:
    entries, wanted = payload.get(list_name), text_at(payload, f"/{id_name}")
    if wanted is None or not isinstance(entries, list):
        return {}
    return next((each for each in entries if isinstance(each, dict) and each.get("id") == wanted), {})


def _is_verified(entry: dict[str, Any]) -> bool:
    return text_at(entry, "/verification/status") == "verified"


CLERK = Provider(signature="standard", read=read, user=user)
