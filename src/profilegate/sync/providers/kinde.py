"""Kinde's webhooks; the payload is the claims of the JWS that is the body.

Traps: the kinds of events, and the API, have different members of the user, and null is written out, so what is not
there is not spoken of. The API calls the e-mail `preferred_email`. Users who are imported fire no "user.created".
Suspending somebody is a "user.updated". "user.authenticated" and the like tell nothing of the record.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import SUSPENSION, Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import full_name
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, required, text_at

KINDS: dict[str, Kind] = {"user.created": "set", "user.updated": "set", "user.deleted": "delete"}

FIELDS = {
    "username": "username",
    "picture": "avatar",
    "email": "primary_email",
    "preferred_email": "primary_email",
    "phone": "primary_phone",
    "first_name": f"{MEMBER}givenName",
    "last_name": f"{MEMBER}familyName",
}
NAMES = ("first_name", "last_name")


def read(payload: Payload) -> Sequence[Said]:
    kind = KINDS.get(text_at(payload, "/type") or "")
    if kind is None:
        return ()
    return (
        Said(
            subject=required(payload, "/data/user/id"),
            kind=kind,
            occurred_at=moment(payload.get("timestamp")),
            fields=user(payload["data"]["user"]) if kind == "set" else {},
        ),
    )


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/event_id")


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user in an event or in the API's answer."""
    required(payload, "/id")
    fields = {field: payload[name] for name, field in FIELDS.items() if name in payload}
    if payload.keys() & set(NAMES):
        fields["name"] = full_name(*map(payload.get, NAMES))
    suspended, seen = payload.get("is_suspended"), moment(payload.get("last_signed_in"))
    fields |= {SUSPENSION: suspended} if isinstance(suspended, bool) else {}
    return fields | ({} if seen is None else {"last_sign_in_at": seen})


KINDE = Provider(signature="jwt_body", read=read, delivery_id=delivery_id, user=user)
