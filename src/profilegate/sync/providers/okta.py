"""Okta's event hooks.

Traps: one body is a batch about several users. No event has values, so the user has to be asked for. Events tell of
attempts that failed, too. `target` lists applications and their users (AppUser) beside the user. A user who is locked
out is not suspended: anybody who knows the login can bring that about.
The subject is Okta's id (00u...). Access tokens have the login as `sub` by default, and the id as `uid`: deliveries
find their users only where the authorization server puts the id into `sub`.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.profiles.events import SUSPENSION, Kind
from profilegate.profiles.record import MEMBER
from profilegate.sync.parts import full_name
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, Unreadable, moment, pointed, required, text_at

KINDS: dict[str, Kind] = {
    "user.lifecycle.create": "set",
    "user.account.update_profile": "set",
    "user.account.update_primary_email": "set",
    "user.lifecycle.activate": "restore",  # after a deactivation as well as for the first time
    "user.lifecycle.reactivate": "restore",
    "user.lifecycle.unsuspend": "restore",
    "user.lifecycle.suspend": "suspend",
    "user.lifecycle.deactivate": "suspend",
    "user.lifecycle.delete.initiated": "delete",
    "user.lifecycle.delete.completed": "delete",
    "user.session.clear": "revoke",  # "user.session.end" is about one session
}
NOT_DONE = frozenset({"FAILURE", "SKIPPED", "DENY"})
SUSPENDED = frozenset({"SUSPENDED", "DEPROVISIONED"})

FIELDS = {
    "login": "username",
    "email": "primary_email",
    "mobilePhone": "primary_phone",
    "firstName": f"{MEMBER}givenName",
    "middleName": f"{MEMBER}middleName",
    "lastName": f"{MEMBER}familyName",
    "nickName": f"{MEMBER}nickname",
    "profileUrl": f"{MEMBER}profile",
    "locale": f"{MEMBER}locale",
    "timezone": f"{MEMBER}zoneinfo",
}


def read(payload: Payload) -> Sequence[Said]:
    events = pointed(payload, "/data/events")
    if not isinstance(events, list):
        raise Unreadable("/data/events is not a list")
    known = ((event, KINDS.get(text_at(event, "/eventType") or ""), _user_id(event)) for event in events)
    return tuple(_said(event, kind, user) for event, kind, user in known if kind and user and _is_done(event))


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/eventId")


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user as the Users API has them. What the profile lacks, the user does not have."""
    required(payload, "/id")
    profile = payload.get("profile")
    if not isinstance(profile, dict):
        raise Unreadable("/profile is not an object")
    fields = {field: profile.get(name) for name, field in FIELDS.items()}
    fields["name"] = text_at(profile, "/displayName") or full_name(profile.get("firstName"), profile.get("lastName"))
    if _is_unverified(payload, profile.get("email")):
        del fields["primary_email"]
    status, seen = text_at(payload, "/status"), moment(payload.get("lastLogin"))
    fields |= {} if status is None else {SUSPENSION: status in SUSPENDED}
    return fields | ({} if seen is None else {"last_sign_in_at": seen})


def _said(event: Any, kind: Kind, subject: str) -> Said:
    return Said(
        subject=subject,
        kind=kind,
        occurred_at=moment(pointed(event, "/published")),
        delivery_id=text_at(event, "/uuid") or "",
        is_thin=kind == "set",
    )


def _is_done(event: Any) -> bool:
    return text_at(event, "/outcome/result") not in NOT_DONE


def _user_id(event: Any) -> str | None:
    """Whom an event is about. One that is about nobody must not keep back the others of its batch."""
    targets = pointed(event, "/target")
    users = (each for each in (targets if isinstance(targets, list) else ()) if text_at(each, "/type") == "User")
    return text_at(next(users, None), "/id")


def _is_unverified(payload: Payload, email: Any) -> bool:
    known = pointed(payload, "/credentials/emails")
    return any(
        text_at(each, "/status") == "UNVERIFIED" and text_at(each, "/value") == email
        for each in (known if isinstance(known, list) else ())
    )


OKTA = Provider(signature="static", header="authorization", read=read, delivery_id=delivery_id, user=user)
