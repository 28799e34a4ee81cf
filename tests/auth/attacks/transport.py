"""Attacks by the way a credential travels (RFC 6750, section 2; RFC 9700, section 4.3.2)."""

import base64
import json
from collections.abc import Callable

from .case import MALFORMED, MALFORMED_WITH_DPOP, NO_CREDENTIAL, attack, bearer, control, raw, section
from .crafting import token
from .world import Attempt, Sent

AND_ALICE = ["Bearer x", "bearer TOKEN", "Basic YWxpY2U6cGFzc3dvcmQ=", "", " ", "Digest x"]
ALICE_AND = [*AND_ALICE, "DPoP TOKEN"]

SCHEMES = [
    "Basic",
    "Digest",
    "Token",
    "JWT",
    "OAuth",
    "MAC",
    "Negotiate",
    "HOBA",
    "Bear",
    "Bearerer",
    "Bearer:",
    "Bearer=",
    "Bearer,",
]


def sending(at: Attempt, *values: str | bytes, name: bytes = b"authorization") -> Sent:
    """These headers; TOKEN in one is a genuine token."""
    genuine = token(at).encode()
    return Sent(tuple((name, raw(value).replace(b"TOKEN", genuine)) for value in values))


def query(at: Attempt, name: str) -> Sent:
    return Sent(query=f"?{name}={token(at)}")


def form(at: Attempt, name: str) -> Sent:
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    return Sent((kind,), body=f"{name}={token(at)}".encode())


def body(at: Attempt, name: str) -> Sent:
    kind = (b"content-type", b"application/json")
    return Sent((kind,), body=json.dumps({name: token(at), "name": "Mallory"}).encode())


def other(at: Attempt, name: bytes, before: bytes = b"") -> Sent:
    return Sent(((name, before + token(at).encode()),))


def basic(at: Attempt, user: str) -> Sent:
    pair = base64.b64encode(f"{user}:{token(at)}".encode())
    return Sent(((b"authorization", b"Basic " + pair),))


def everywhere_but_right(at: Attempt) -> Sent:
    genuine = token(at).encode()
    names = (b"proxy-authorization", b"x-authorization", b"x-forwarded-authorization", b"cookie", b"x-access-token")
    return Sent(tuple((name, b"Bearer " + genuine) for name in names), query=f"?access_token={genuine.decode()}")


def wrong_and(at: Attempt, make: Callable[..., Sent], *arguments: str | bytes) -> Sent:
    """A wrong token where it belongs, and a genuine one elsewhere."""
    sent = make(at, *arguments)
    return Sent((*bearer("a.b.c").headers, *sent.headers), query=sent.query, body=sent.body)


CASES = [
    *section(
        "no credential",
        control("a credential", sending, "Bearer TOKEN"),
        attack("no header", sending),
        attack("an empty header", sending, ""),
        attack("white space", sending, "   "),
        attack("the token alone", sending, "TOKEN"),
        attack("the scheme behind the token", sending, "TOKEN Bearer"),
        attack("a non-breaking space behind the scheme", sending, "Bearer\u00a0TOKEN".encode()),
        attack("a byte before the scheme", sending, b"\xffBearer TOKEN"),
        attack("a byte order mark before the scheme", sending, "\ufeffBearer TOKEN".encode()),
        attack("a look-alike scheme", sending, "Веarer TOKEN".encode()),
        attack("NUL before the scheme", sending, b"\0Bearer TOKEN"),
        *(attack(f"the scheme {scheme}", sending, f"{scheme} TOKEN") for scheme in SCHEMES),
        attack("as a password", basic, "alice"),
        attack("as a password of an OAuth client", basic, "x-oauth-basic"),
        refusal=NO_CREDENTIAL,
    ),
    *section(
        "a token elsewhere",
        control("where it belongs", sending, "Bearer TOKEN"),
        attack("in the query", query, "access_token"),
        attack("in the query as token", query, "token"),
        attack("in the query as authorization", query, "authorization"),
        attack("in a form", form, "access_token"),
        attack("in a JSON body", body, "access_token"),
        attack("in a cookie", other, b"cookie", b"access_token="),
        attack("in a cookie named Authorization", other, b"cookie", b"Authorization=Bearer "),
        attack("in Proxy-Authorization", sending, "Bearer TOKEN", name=b"proxy-authorization"),
        attack("in X-Forwarded-Authorization", sending, "Bearer TOKEN", name=b"x-forwarded-authorization"),
        attack("in X-Access-Token", other, b"x-access-token"),
        attack("in X-Original-Authorization", sending, "Bearer TOKEN", name=b"x-original-authorization"),
        attack("with an underscore", sending, "Bearer TOKEN", name=b"http_authorization"),
        attack("with a space behind the name", sending, "Bearer TOKEN", name=b"authorization "),
        attack("as the subprotocol of a socket", other, b"sec-websocket-protocol", b"bearer, "),
        attack("everywhere but where it belongs", everywhere_but_right),
        refusal=NO_CREDENTIAL,
    ),
    *section(
        "a user's name in a header",
        control("with a token", lambda at: Sent((*bearer(token(at)).headers, (b"x-user", b"bob")))),
        *(
            attack(name.decode(), lambda _, name=name: Sent(((name, b"alice"),)))
            for name in (b"x-user", b"x-remote-user", b"remote-user", b"x-forwarded-user", b"x-auth-request-user")
        ),
        refusal=NO_CREDENTIAL,
    ),
    *section(
        "more than one credential",
        control("one", sending, "Bearer TOKEN"),
        *(attack(f"a token, then {second!r}", sending, "Bearer TOKEN", second) for second in ALICE_AND),
        *(attack(f"{first!r}, then a token", sending, first, "Bearer TOKEN") for first in AND_ALICE),
        attack("with the scheme DPoP, then a token", sending, "DPoP TOKEN", "Bearer TOKEN").answered(
            MALFORMED_WITH_DPOP
        ),
        attack("two with the scheme DPoP", sending, "DPoP TOKEN", "DPoP TOKEN").answered(MALFORMED_WITH_DPOP),
        attack("two in one header with the scheme DPoP", sending, "DPoP TOKEN, TOKEN").answered(MALFORMED_WITH_DPOP),
        attack("three times the same", sending, *["Bearer TOKEN"] * 3),
        attack("two in one header", sending, "Bearer TOKEN, Bearer TOKEN"),
        attack("two in one header without space", sending, "Bearer TOKEN,TOKEN"),
        attack("another scheme behind a comma", sending, "Bearer TOKEN, Basic YTpi"),
        attack("parameters", sending, 'Bearer TOKEN, realm="x"'),
        attack("a comma behind", sending, "Bearer TOKEN,"),
        refusal=MALFORMED,
    ),
    *section(
        "a header that is not a token",
        control("white space around a token", sending, "  bEARER   TOKEN  "),
        attack("the scheme alone", sending, "Bearer"),
        attack("the scheme and white space", sending, "Bearer    "),
        attack("two tokens with a space", sending, "Bearer TOKEN TOKEN"),
        attack("the scheme twice", sending, "Bearer Bearer TOKEN"),
        attack("in quotes", sending, 'Bearer "TOKEN"'),
        attack("in angle brackets", sending, "Bearer <TOKEN>"),
        attack("as a parameter", sending, "Bearer token=TOKEN"),
        attack("with a semicolon behind", sending, "Bearer TOKEN;"),
        attack("with a header behind", sending, b"Bearer TOKEN\r\nx-user: bob"),
        attack("with NUL behind", sending, b"Bearer TOKEN\0"),
        attack("with a comment behind", sending, "Bearer TOKEN (comment)"),
        attack("JSON", sending, 'Bearer {"token":"TOKEN"}'),
        attack("binary", sending, b"Bearer " + bytes(range(128, 256))),
        attack("a letter", sending, "Bearer x"),
        attack("null", sending, "Bearer null"),
        attack("undefined", sending, "Bearer undefined"),
        attack("[object Object]", sending, "Bearer [object Object]"),
        attack("SQL", sending, "Bearer ' OR '1'='1"),
        attack("a wrong one, a genuine one in the query", wrong_and, query, "access_token"),
        attack("a wrong one, a genuine one in a cookie", wrong_and, other, b"cookie", b"access_token="),
        attack("a wrong one, a genuine one in another header", wrong_and, other, b"x-access-token"),
    ),
]
