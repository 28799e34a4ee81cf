"""Auth0's Event Streams, as CloudEvents.

Traps: where a user has no name, `name` is the e-mail address or the phone number, which is not for everybody to see.
`previous_object` has the user's shape, too. The console's test events name made-up users. The event's type is
written with and without "com.auth0." in front. A user who was never blocked has no `blocked` at all.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import contact, suspended
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, required, text_at

EVENTS: dict[str, Kind] = {"user.created": "set", "user.updated": "set", "user.deleted": "delete"}

FIELDS = {
    "username": "username",
    "picture": "avatar",
    "given_name": f"{MEMBER}givenName",
    "family_name": f"{MEMBER}familyName",
    "nickname": f"{MEMBER}nickname",
}


def read(payload: Payload) -> Sequence[Said]:
    event = text_at(payload, "/type") or ""
    kind = EVENTS.get(event.removeprefix("com.auth0."))
    if kind is None or payload.get("a0purpose") == "test":
        return ()
    return (
        Said(
            subject=required(payload, "/data/object/user_id"),
            kind=kind,
            occurred_at=moment(payload.get("time")),
            sequence=moment(pointed(payload, "/data/object/updated_at")) or 0,
            fields=user(payload["data"]["object"]) if kind == "set" else {},
        ),
    )


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/id")


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user as the Management API has them, which is the whole user."""
    required(payload, "/user_id")  # another answer must not look like a user who has nothing
    name, mail, phone = payload.get("name"), payload.get("email"), payload.get("phone_number")
    return {
        **{field: payload.get(member) for member, field in FIELDS.items()},
        "name": None if name in (mail, phone) else name,
        **contact("primary_email", mail, payload.get("email_verified") is not False),
        **contact("primary_phone", phone, payload.get("phone_verified") is not False),
        "last_sign_in_at": moment(payload.get("last_login")),
        **suspended(payload.get("blocked")),
    }


AUTH0 = Provider(signature="static", header="authorization", read=read, delivery_id=delivery_id, user=user)
