"""Logto's webhooks.

Traps: a PATCH of a user's custom data or profile sends only that part as `data`, and the custom data are the user's
to write, so an `id` in there proves nothing: the route says what `data` is. The console's test payload names nobody.
Interaction hooks (PostSignIn ...) have the user under `user`.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles import claims
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import suspended
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, text_at, whole

FIELDS = {
    "username": "username",
    "name": "name",
    "avatar": "avatar",
    "primaryEmail": "primary_email",
    "primaryPhone": "primary_phone",
    "customData": "custom_data",
    "identities": "identities",
    "ssoIdentities": "sso_identities",
    "lastSignInAt": "last_sign_in_at",
    "applicationId": "application_id",
    "hasPassword": "has_password",
}

ABOUT_USERS = frozenset({"User.Created", "User.Data.Updated", "User.SuspensionStatus.Updated"})
INTERACTIONS = frozenset({"PostRegister", "PostSignIn", "PostSignInAdaptiveMfaTriggered"})

CUSTOM_DATA = "/users/:userId/custom-data"
CLAIMS = "/users/:userId/profile"
WHOLE_USER = frozenset({None, "/users", "/users/:userId", "/users/:userId/is-suspended"})
"""The routes that answer with the whole user; the user's own account API names none."""


def read(payload: Payload) -> Sequence[Said]:
    event, route = text_at(payload, "/event"), text_at(payload, "/matchedRoute")
    if event == "User.Deleted":
        return _said(payload, "delete", _subject(payload), {})
    if event in INTERACTIONS:
        return _said(payload, "set", text_at(payload, "/userId"), _fields_at(payload, "/user"))
    if event not in ABOUT_USERS:
        return ()
    if route == CUSTOM_DATA:
        return _said(payload, "set", text_at(payload, "/params/userId"), _custom_data(payload.get("data")))
    if route == CLAIMS:
        return _said(payload, "set", text_at(payload, "/params/userId"), _claims(payload.get("data")))
    if route in WHOLE_USER:
        return _said(payload, "set", _subject(payload), _fields_at(payload, "/data"))
    return _said(payload, "set", text_at(payload, "/params/userId"), {}, is_thin=True)


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user as the Management API has them. What is not there is not spoken of."""
    said = {field: payload[name] for name, field in FIELDS.items() if name in payload}
    said |= suspended(payload.get("isSuspended"))
    return said | (_claims(payload["profile"]) if "profile" in payload else {})


def _said(
    payload: Payload, kind: Any, subject: str | None, fields: dict[str, Any], is_thin: bool = False
) -> Sequence[Said]:
    if subject is None:
        return ()  # the console's test payload
    occurred_at, sequence = moment(payload.get("createdAt")), whole(pointed(payload, "/data/updatedAt"))
    return (
        Said(subject=subject, kind=kind, occurred_at=occurred_at, sequence=sequence, fields=fields, is_thin=is_thin),
    )


def _subject(payload: Payload) -> str | None:
    """Whom the event is about. The route's own user, where it names one, is not for the payload to change."""
    return text_at(payload, "/params/userId") or text_at(payload, "/data/id")


def _fields_at(payload: Payload, pointer: str) -> dict[str, Any]:
    found = pointed(payload, pointer)
    return user(found) if isinstance(found, dict) else {}


def _custom_data(said: Any) -> dict[str, Any]:
    return {"custom_data": said} if isinstance(said, dict) else {}


def _claims(said: Any) -> dict[str, Any]:
    return {f"{MEMBER}{name}": said.get(name) for name in claims.MEMBERS} if isinstance(said, dict) else {}


LOGTO = Provider(signature="digest", header="logto-signature-sha-256", read=read, user=user)
