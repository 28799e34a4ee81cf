"""OpenID Connect Back-Channel Logout; the payload is the logout token's claims.

Traps: an ID token is signed with the same key and names the same user, so only the member of `events` and the absence
of `nonce` tell the two apart. A token names a user, a session, or both; a session alone has no subject, and says
nothing about the user's other sessions. Logging out is not revoking: access tokens stay good.
"""

from collections.abc import Sequence

from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, Unreadable, moment, text_at

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def read(payload: Payload) -> Sequence[Said]:
    events = payload.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict) or "nonce" in payload:
        raise Unreadable("not a logout token")
    subject, session_id = text_at(payload, "/sub"), text_at(payload, "/sid")
    if subject is None and session_id is None:
        raise Unreadable("neither /sub nor /sid is a text")
    return (
        Said(
            subject=subject,
            session_id=session_id,
            issuer=text_at(payload, "/iss"),
            kind="logout",
            occurred_at=moment(payload.get("iat")),
        ),
    )


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/jti")


LOGOUT = Provider(signature="logout_token", read=read, delivery_id=delivery_id)
