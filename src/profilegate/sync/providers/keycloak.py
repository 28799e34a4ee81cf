"""Keycloak's events as the p2-inc extension "keycloak-events" sends them.

Traps: removing a linked account is admin.USER-DELETE too, so what is deleted stands in `resourcePath` alone. In admin
events `authDetails` is the administrator, in access events the user. `representation` is JSON in a text, is there
only when the realm says so, and is what the administrator sent: often a part of the user. Access events say no
values. An admin event with an `error` did not happen. access.LOGOUT ends one session; users/.../logout ends all.
"""

import re
from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import contact, full_name, object_in, suspended
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, required, text_at

ACCESS: dict[Any, Kind] = {
    "access.REGISTER": "set",
    "access.UPDATE_PROFILE": "set",
    "access.UPDATE_EMAIL": "set",
    "access.VERIFY_EMAIL": "set",
    "access.USER_DISABLED_BY_PERMANENT_LOCKOUT": "set",
    "access.DELETE_ACCOUNT": "delete",
}

USER, ALL_SESSIONS = re.compile("users/([^/]+)"), re.compile("users/([^/]+)/logout")
ADMIN: dict[Any, tuple[Kind, re.Pattern[str]]] = {
    "admin.USER-CREATE": ("set", USER),
    "admin.USER-UPDATE": ("set", USER),
    "admin.USER-DELETE": ("delete", USER),
    "admin.USER-ACTION": ("revoke", ALL_SESSIONS),
}

FIELDS = {"username": "username", "firstName": f"{MEMBER}givenName", "lastName": f"{MEMBER}familyName"}
CLAIMS = ("middleName", "nickname", "profile", "website", "gender", "birthdate", "zoneinfo", "locale")
ATTRIBUTES = {"picture": "avatar"} | {name: f"{MEMBER}{name}" for name in CLAIMS}
"""The attributes that Keycloak's own client scope "profile" makes claims of."""

TOGETHER = (("firstName", "lastName"), ("email", "emailVerified"))
"""What says something only together."""


def read(payload: Payload) -> Sequence[Said]:
    event = text_at(payload, "/type")
    if event in ACCESS:
        kind = ACCESS[event]
        return _said(payload, kind, required(payload, "/authDetails/userId"), {}, is_thin=kind == "set")
    if event not in ADMIN or payload.get("error"):
        return ()
    kind, path = ADMIN[event]
    named = path.fullmatch(required(payload, "/resourcePath"))
    if named is None:
        return ()
    part = _representation(payload) if kind == "set" else {}
    is_thin = part is None or any((one in part) != (other in part) for one, other in TOGETHER)
    return _said(payload, kind, named[1], _fields(part or {}), is_thin)


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/uid")


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user as the Admin API has them, which is the whole user."""
    required(payload, "/id")  # another answer must not look like a user who has nothing
    return _fields({**dict.fromkeys([*FIELDS, "email", "attributes"]), **payload})


def _said(payload: Payload, kind: Kind, subject: str, fields: dict[str, Any], is_thin: bool) -> Sequence[Said]:
    occurred_at = moment(payload.get("time"))
    return (Said(subject=subject, kind=kind, occurred_at=occurred_at, fields=fields, is_thin=is_thin),)


def _representation(payload: Payload) -> dict[str, Any] | None:
    found = payload.get("representation")
    return object_in(found) if isinstance(found, str) else found if isinstance(found, dict) else None


def _fields(part: dict[str, Any]) -> dict[str, Any]:
    """What a part of a user says."""
    said = {field: part[name] for name, field in FIELDS.items() if name in part}
    if "firstName" in part and "lastName" in part:
        said["name"] = full_name(part["firstName"], part["lastName"])
    if "email" in part:
        said |= contact("primary_email", part["email"], part.get("emailVerified") is True)
    if "attributes" in part:  # which are replaced as a whole
        said |= {field: pointed(part, f"/attributes/{name}/0") for name, field in ATTRIBUTES.items()}
    enabled = part.get("enabled")
    return said | (suspended(not enabled) if isinstance(enabled, bool) else {})


KEYCLOAK = Provider(signature="digest", header="x-keycloak-signature", read=read, delivery_id=delivery_id, user=user)
