"""Security Event Tokens (RFC 8417) with the events of RISC and CAEP; the payload is the token's claims.

Traps: the subject is `sub_id`, in older drafts the event's own `subject`, and never `sub`; it can be the `user` of a
complex subject, or one of several aliases. Only the format iss_sub is what tokens carry: who an e-mail address, a
phone number or an opaque id belongs to is not for us to guess, so events about those are ignored; RISC demands these
formats of identifier-changed. Session-revoked may name one session, but a token does not say which session it is of,
so all of the user's tokens go. The specification says seconds for `event_timestamp` while its examples have
milliseconds. A change of a credential is no change of the record, and the stream's verification event is about nobody.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from profilegate.auth.claimed import claimed_profile
from profilegate.profiles.events import Kind
from profilegate.sync.provider import Provider
from profilegate.sync.said import Payload, Said, Unreadable, moment, pointed, required, text_at

RISC = "https://schemas.openid.net/secevent/risc/event-type/"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
CLAIMS_CHANGED = f"{CAEP}token-claims-change"
IDENTIFIER_CHANGED = f"{RISC}identifier-changed"

KINDS: dict[str, Kind] = {
    f"{RISC}account-disabled": "suspend",
    f"{RISC}account-enabled": "restore",
    f"{RISC}account-purged": "delete",
    f"{RISC}sessions-revoked": "revoke",  # deprecated in favour of CAEP's
    f"{CAEP}session-revoked": "revoke",
    CLAIMS_CHANGED: "set",
    IDENTIFIER_CHANGED: "set",
}
ISS_SUB = frozenset({"iss_sub", "iss-sub"})


def read(payload: Payload) -> Sequence[Said]:
    events = payload.get("events")
    if not isinstance(events, dict):
        raise Unreadable("/events is not an object")
    return tuple(said for uri, event in events.items() if uri in KINDS for said in _said(payload, uri, event))


def delivery_id(payload: Payload) -> str | None:
    return text_at(payload, "/jti")


def _said(payload: Payload, uri: str, event: Any) -> Iterator[Said]:
    user = _user(payload.get("sub_id") or pointed(event, "/subject"))
    claims = pointed(event, "/claims") if uri == CLAIMS_CHANGED else None
    token_id = delivery_id(payload)
    fields = claimed_profile(claims).given() if isinstance(claims, dict) else {}
    if user is None or (uri == CLAIMS_CHANGED and not fields):
        return
    yield Said(
        subject=required(user, "/sub"),
        issuer=required(user, "/iss"),
        kind=KINDS[uri],
        occurred_at=moment(pointed(event, "/event_timestamp")) or moment(payload.get("iat")),
        delivery_id=f"{token_id} {uri}" if token_id else "",
        fields=fields,
        is_thin=uri == IDENTIFIER_CHANGED,
    )


def _user(subject: Any) -> Any:
    """The identifier of the user that is an `iss` and a `sub`, or None when the subject has none."""
    if not isinstance(subject, dict):
        raise Unreadable("/sub_id is not an object")
    user = subject.get("user") or subject
    aliases = pointed(user, "/identifiers")
    for each in (user, *(aliases if isinstance(aliases, list) else ())):
        if (text_at(each, "/format") or text_at(each, "/subject_type")) in ISS_SUB:
            return each
    return None


SECURITY_EVENTS = Provider(signature="security_event", read=read, delivery_id=delivery_id)
