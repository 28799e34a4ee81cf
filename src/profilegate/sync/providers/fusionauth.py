"""FusionAuth's webhooks.

Traps: user.create, user.update and user.delete fire before the change is committed, and another receiver can still
veto it: only their ".complete" twins tell what happened. user.deactivate and user.reactivate have no such twin, so
they are believed; do not let a transaction hang on them. `original` is the user as it was. A member without a value
is left out instead of being null. A user name that waits for moderation, or was refused, is not to be shown.
An import (user.bulk.create) is told before it is committed, too, and nobody is named again afterwards.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import SUSPENSION, Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import full_name
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, required, text_at, whole

KINDS: dict[str, Kind] = {
    "user.create.complete": "set",
    "user.update.complete": "set",
    "user.delete.complete": "delete",
    "user.deactivate": "suspend",
    "user.reactivate": "restore",
}

FIELDS = {
    "username": "username",
    "imageUrl": "avatar",
    "email": "primary_email",
    "mobilePhone": "primary_phone",
    "firstName": f"{MEMBER}givenName",
    "middleName": f"{MEMBER}middleName",
    "lastName": f"{MEMBER}familyName",
    "birthDate": f"{MEMBER}birthdate",
    "timezone": f"{MEMBER}zoneinfo",
}
MODERATED = frozenset({"PENDING", "REJECTED"})


def read(payload: Payload) -> Sequence[Said]:
    kind = KINDS.get(text_at(payload, "/event/type") or "")
    if kind is None:
        return ()
    return (
        Said(
            subject=required(payload, "/event/user/id"),
            kind=kind,
            occurred_at=moment(pointed(payload, "/event/createInstant")),
            sequence=whole(pointed(payload, "/event/user/lastUpdateInstant")),
            tenant=text_at(payload, "/event/tenantId"),
            fields=user(payload["event"]) if kind == "set" else {},
        ),
    )


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/event/id")


def user(payload: Payload) -> dict[str, Any]:
    """The fields of `user`, in an event as in the API's answer. It is the whole user."""
    required(payload, "/user/id")
    told = payload["user"]
    fields = {field: told.get(name) for name, field in FIELDS.items()}
    fields["name"] = text_at(told, "/fullName") or full_name(told.get("firstName"), told.get("lastName"))
    fields[f"{MEMBER}locale"] = pointed(told, "/preferredLanguages/0")
    if told.get("verified") is False:
        del fields["primary_email"]
    if text_at(told, "/usernameStatus") in MODERATED:
        del fields["username"]
    active, seen = told.get("active"), moment(told.get("lastLoginInstant"))
    fields |= {SUSPENSION: not active} if isinstance(active, bool) else {}
    return fields | ({} if seen is None else {"last_sign_in_at": seen})


FUSIONAUTH = Provider(
    signature="jwt_header", header="x-fusionauth-signature-jwt", read=read, delivery_id=delivery_id, user=user
)
