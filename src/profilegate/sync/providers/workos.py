"""WorkOS's webhooks about the users of AuthKit.

Traps: a directory's users (dsync.user.*) have ids of their own ("directory_user_..."), and none of them is the `sub`
of a token, so these events are ignored, also those that say that somebody left: the `user.*` events tell that.
"session.revoked" is about one session, not about the user. Times in the signature are milliseconds.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import full_name
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, required, text_at

KINDS: dict[str, Kind] = {"user.created": "set", "user.updated": "set", "user.deleted": "delete"}

FIELDS = {
    "email": "primary_email",
    "profile_picture_url": "avatar",
    "first_name": f"{MEMBER}givenName",
    "last_name": f"{MEMBER}familyName",
}


def read(payload: Payload) -> Sequence[Said]:
    kind = KINDS.get(text_at(payload, "/event") or "")
    if kind is None:
        return ()
    return (
        Said(
            subject=required(payload, "/data/id"),
            kind=kind,
            occurred_at=moment(payload.get("created_at")),
            sequence=moment(pointed(payload, "/data/updated_at")) or 0,
            fields=user(payload["data"]) if kind == "set" else {},
        ),
    )


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/id")


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user, the same in events and in the API, and always the whole user."""
    required(payload, "/id")
    fields = {field: payload.get(name) for name, field in FIELDS.items()}
    fields["name"] = text_at(payload, "/name") or full_name(payload.get("first_name"), payload.get("last_name"))
    if payload.get("email_verified") is False:
        del fields["primary_email"]
    if "locale" in payload:  # newer than the other members: its absence says nothing
        fields[f"{MEMBER}locale"] = payload["locale"]
    seen = moment(payload.get("last_sign_in_at"))
    return fields | ({} if seen is None else {"last_sign_in_at": seen})


WORKOS = Provider(signature="timestamped", header="workos-signature", read=read, delivery_id=delivery_id, user=user)
