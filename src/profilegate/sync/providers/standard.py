"""Any sender of Standard Webhooks whose payload is as the specification suggests: `type`, `timestamp` and `data`.

`data` is the user with the names of the standard claims (OpenID Connect Core, section 5.1) and, as many write them,
`id` for `sub` and `username`. It tells what it names, and nothing of the rest.
"""

from collections.abc import Sequence
from typing import Any

from profilegate.auth.claimed import claimed_profile
from profilegate.profiles.events import Kind
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, Unreadable, moment, text_at

EVENTS: dict[Any, Kind] = {
    "user.created": "set",
    "user.updated": "set",
    "user.deleted": "delete",
    "user.suspended": "suspend",
    "user.unsuspended": "restore",
    "user.sessions_revoked": "revoke",
}


def read(payload: Payload) -> Sequence[Said]:
    kind = EVENTS.get(text_at(payload, "/type"))
    if kind is None:
        return ()
    subject = text_at(payload, "/data/sub") or text_at(payload, "/data/id")
    if subject is None:
        raise Unreadable("/data has neither sub nor id")
    fields = user(payload["data"]) if kind == "set" else {}
    return (Said(subject=subject, kind=kind, occurred_at=moment(payload.get("timestamp")), fields=fields),)


def user(payload: Payload) -> dict[str, Any]:
    """The fields of a user with these claims."""
    said = claimed_profile(payload).given()
    username = text_at(payload, "/username")
    return said | ({} if username is None else {"username": username})


STANDARD = Provider(signature="standard", read=read, user=user)
