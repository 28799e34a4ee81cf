"""ZITADEL's events as its actions (version 2) send them.

Traps: the user is `aggregateID`; `userID` is who made the change, often an administrator. `event_payload` is JSON in
new releases and base64 of it in old ones, and holds only what changed. An e-mail address that is new is unproven
until a further event, which does not repeat it, and a picture is a storage key, so both have to be asked for.
There is no delivery id, and nothing is sent twice: the sequence within the aggregate names the event.
"""

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import contact, object_in, suspended
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, moment, pointed, required, text_at, whole

KINDS: dict[Any, Kind] = {
    "user.removed": "delete",
    "user.deactivated": "suspend",
    "user.locked": "suspend",
    "user.reactivated": "restore",
    "user.unlocked": "restore",
}

USERNAME = {"userName": "username"}
PROFILE = {
    "displayName": "name",
    "firstName": f"{MEMBER}givenName",
    "lastName": f"{MEMBER}familyName",
    "nickName": f"{MEMBER}nickname",
    "preferredLanguage": f"{MEMBER}locale",
}
DELTAS: dict[Any, dict[str, str]] = {
    "user.human.added": USERNAME | PROFILE,
    "user.human.selfregistered": USERNAME | PROFILE,
    "user.human.profile.changed": PROFILE,
    "user.username.changed": USERNAME,
    "user.domain.claimed": USERNAME,
}
REMOVALS = {"user.human.avatar.removed": "avatar", "user.human.phone.removed": "primary_phone"}
THIN = frozenset({"user.human.avatar.added", "user.human.email.verified", "user.human.phone.verified"})

# The user service has other names than the events.
HUMAN = {
    "displayName": "name",
    "avatarUrl": "avatar",
    "givenName": f"{MEMBER}givenName",
    "familyName": f"{MEMBER}familyName",
    "nickName": f"{MEMBER}nickname",
    "preferredLanguage": f"{MEMBER}locale",
}
STATES = {
    "USER_STATE_ACTIVE": False,
    "USER_STATE_INITIAL": False,
    "USER_STATE_INACTIVE": True,
    "USER_STATE_LOCKED": True,
}


def read(payload: Payload) -> Sequence[Said]:
    event = text_at(payload, "/event_type")
    if event in KINDS:
        return _said(payload, KINDS[event], {})
    if event in REMOVALS:
        return _said(payload, "set", {REMOVALS[event]: None})
    if event in DELTAS:
        changed = _payload(payload.get("event_payload"))
        return _said(payload, "set", _fields(changed or {}, DELTAS[event]), is_thin=changed is None)
    return _said(payload, "set", {}, is_thin=True) if event in THIN else ()


def delivery_id(payload: Payload) -> str | None:
    kind, aggregate = text_at(payload, "/aggregateType"), text_at(payload, "/aggregateID")
    sequence = whole(payload.get("sequence"))
    return f"{kind}/{aggregate}/{sequence}" if aggregate and sequence else None


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user as the user service has them, which is the whole user; of a machine, only two."""
    required(payload, "/user/userId")  # another answer must not look like a user who has nothing
    told, human = payload["user"], pointed(payload, "/user/human")
    said = {"username": told.get("username"), **suspended(STATES.get(text_at(told, "/state") or ""))}
    return said | _human(human) if isinstance(human, dict) else said


def _said(payload: Payload, kind: Kind, fields: dict[str, Any], is_thin: bool = False) -> Sequence[Said]:
    return (
        Said(
            subject=required(payload, "/aggregateID"),
            kind=kind,
            occurred_at=moment(payload.get("created_at")),
            sequence=whole(payload.get("sequence")),
            tenant=text_at(payload, "/resourceOwner"),
            fields=fields,
            is_thin=is_thin,
        ),
    )


def _payload(found: Any) -> dict[str, Any] | None:
    if not isinstance(found, str):
        return found if isinstance(found, dict) else None
    try:
        return object_in(b64decode(found, validate=True))
    except ValueError:
        return None


def _fields(part: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    said = {field: part[name] for name, field in names.items() if name in part}
    if said.get(f"{MEMBER}locale") == "und":  # how no language is written as a language tag
        said[f"{MEMBER}locale"] = None
    return said


def _human(human: dict[str, Any]) -> dict[str, Any]:
    profile = pointed(human, "/profile")
    return {
        **_fields({**dict.fromkeys(HUMAN), **(profile if isinstance(profile, dict) else {})}, HUMAN),
        **contact("primary_email", pointed(human, "/email/email"), pointed(human, "/email/isVerified") is True),
        **contact("primary_phone", pointed(human, "/phone/phone"), pointed(human, "/phone/isVerified") is True),
    }


ZITADEL = Provider(signature="timestamped", header="zitadel-signature", read=read, delivery_id=delivery_id, user=user)
