"""Attacks by tokens that only their provider can read, by what it answers, and by what must not be shown to it."""

import json
from itertools import count
from typing import Any

from tests.faces.running import OTHER_TENANT, TENANT, issuer
from tests.minting import AUDIENCE, ISSUER, NOW

from profilegate.settings import IntrospectionSettings

from .binding import JKT
from .case import BAD_BOUND_TOKEN, NOT_PERMITTED, attack, bearer, control, section
from .crafting import ALICE, GONE, signed, token, unsigned, with_changes
from .keys import ANOTHERS_EC, CLIENT, EC, STRANGER, Signer, url64
from .proofs import proof, thumbprint, with_proofs
from .world import EVIL, OTHER_ISSUER, Attempt, Sent, World

ASKING = IntrospectionSettings(client_id="profilegate", client_secret="a secret between us")

INTROSPECTING = World(issuers=(issuer(introspection=ASKING, clients=("spa",)),))
USERINFO = World(issuers=(issuer(userinfo=True, userinfo_permissions=("read", "write")),))
BY_HOST = World(
    issuers=(
        issuer(tenants=(TENANT,), introspection=ASKING, hosts=("one.example", "also-one.example")),
        issuer(issuer=OTHER_ISSUER, tenants=(OTHER_TENANT,), introspection=ASKING, hosts=("two.example",)),
    )
)
BESIDE = World(
    issuers=(
        issuer(tenants=(TENANT,), introspection=ASKING),
        issuer(issuer=OTHER_ISSUER, tenants=(OTHER_TENANT,)),
    )
)

ANSWER: dict[str, Any] = {
    "active": True,
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "alice",
    "client_id": "spa",
    "token_type": "Bearer",
    "scope": "openid profile",
    "iat": int(NOW),
    "exp": int(NOW) + 3600,
    "tenant": TENANT,
}

NUMBERS = count(1)


def fresh() -> str:
    """An opaque token that nobody has asked about."""
    return f"opaque-token-number-{next(NUMBERS)}"


def told(at: Attempt, **answer: Any) -> str:
    """A token about which the provider answers this, besides the usual."""
    at.target.network.opaque = json.dumps(with_changes(ANSWER, answer)).encode()
    return fresh()


def answered(at: Attempt, body: str) -> str:
    """A token about which the provider answers exactly this."""
    at.target.network.opaque = body.encode()
    return fresh()


def unasked(at: Attempt, sent: str | bytes) -> str | bytes:
    """What no provider is to see, though it would say that it is Alice's token."""
    told(at)
    return sent


def unasked_jwt(at: Attempt, head: dict[str, Any] | None = None, by: Signer = EC, **claims: Any) -> str:
    told(at)
    return token(at, head, by, **claims)


def unasked_spelling(at: Attempt, header: bytes) -> str:
    told(at)
    return signed(header, json.dumps(ALICE).encode(), STRANGER)


def at_host(at: Attempt, host: str) -> Sent:
    """A token that the first issuer would call Alice's, at this host."""
    sent = bearer(told(at))
    return Sent((*sent.headers, (b"host", host.encode())))


def refused(at: Attempt) -> str:
    at.target.network.refuses = True
    return told(at)


def proved(at: Attempt, by: Signer = CLIENT, **answer: Any) -> Sent:
    """An opaque token with a proof."""
    opaque = told(at, **answer)
    return with_proofs(opaque, proof(at, opaque, by))


INACTIVE: dict[str, Any] = {
    "false": False,
    "missing": GONE,
    "null": None,
    "a text": "true",
    "a number": 1,
    "a list": [True],
    "an object": {"active": True},
}

NOT_OURS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": EVIL},
    "the issuer with a slash": {"iss": ISSUER + "/"},
    "the issuer in a list": {"iss": [ISSUER]},
    "a number as the issuer": {"iss": 5},
    "another audience": {"aud": "https://other.example"},
    "another audience, our client": {"aud": "spa"},
    "other audiences": {"aud": ["https://other.example"]},
    "an empty audience": {"aud": ""},
    "an audience in an object": {"aud": {AUDIENCE: True}},
    "no audience, another client": {"aud": GONE, "client_id": "other"},
    "no audience, no client": {"aud": GONE, "client_id": GONE},
    "no audience, clients in a list": {"aud": GONE, "client_id": ["spa"]},
    "no audience, a client in capitals": {"aud": GONE, "client_id": "SPA"},
    "no audience, an empty client": {"aud": GONE, "client_id": ""},
    "no audience, azp alone": {"aud": GONE, "client_id": GONE, "azp": "spa"},
    "no audience, no type": {"aud": GONE, "token_type": GONE},
    "null audience, null type": {"aud": None, "token_type": None},
}

OTHER_KINDS: list[Any] = ["refresh_token", "N_A", "id_token", "", "mac", 5, ["Bearer"]]

OF_THE_SECOND = {"iss": OTHER_ISSUER, "tenant": OTHER_TENANT}

OTHER_USES: dict[str, dict[str, Any]] = {
    **{f"token_type {kind!r}": {"token_type": kind} for kind in OTHER_KINDS},
    **{f"token_type {kind!r}, no aud": {"token_type": kind, "aud": GONE} for kind in OTHER_KINDS},
    **{f"typ {kind!r}": {"typ": kind} for kind in ("Refresh", "Offline", "ID", "Logout")},
    **{f"token_use {kind!r}": {"token_use": kind} for kind in ("refresh_token", "refresh", "id")},
    "a nonce": {"nonce": "n"},
    "at_hash": {"at_hash": "h"},
    "events": {"events": {}},
}

ODD_PEOPLE: dict[str, dict[str, Any]] = {
    "nobody": {"sub": GONE, "client_id": GONE},
    "empty": {"sub": ""},
    "a number": {"sub": 5},
    "a list": {"sub": ["alice"]},
    "NUL": {"sub": "ali\0ce"},
    "a look-alike": {"sub": "аlice"},
    "256 characters": {"sub": "a" * 256},
    "no tenant": {"tenant": GONE},
    "another tenant": {"tenant": "evil"},
}

ODD_TIMES: dict[str, dict[str, Any]] = {
    "exp past": {"exp": int(NOW) - 30},
    "exp zero": {"exp": 0},
    "exp a text": {"exp": str(int(NOW) + 60)},
    "exp true": {"exp": True},
    "exp huge": {"exp": 2**60},
    "nbf to come": {"nbf": int(NOW) + 31},
    "nbf a text": {"nbf": "0"},
    "iat to come": {"iat": int(NOW) + 31},
    "iat in milliseconds": {"iat": int(NOW) * 1000},
}

BOUND: dict[str, Any] = {
    "a key": JKT,
    "a certificate": {"x5t#S256": "x"},
    "something unknown": {"unknown": "x"},
    "an empty object": {},
    "a text": "x",
}

NO_TOKENS: dict[str, str | bytes] = {
    "a space": "a-secret and-more",
    "an accent": "opäque-token",
    "binary": bytes(range(128, 256)),
    "NUL": "opaque\0token",
    "a line break": "opaque\r\ntoken",
    "an equals sign within": "opaque=token",
    "an equals sign before": "=opaque-token",
    "quotes": '"opaque-token"',
    "an escape": "opaque%20token",
    "JSON": '{"token":"opaque"}',
    "HTML": "<script>alert(1)</script>",
    "a form": "opaque&client_id=evil",
    "4097 bytes": "a" * 4097,
    "100 kB": "a" * 100_000,
}

HEADERS: dict[str, bytes] = {
    "white space first": b' \n{"alg": "ES256", "typ": "at+jwt", "kid": "ec"}',
    "a comma too many": b'{"alg": "ES256", "typ": "at+jwt", "kid": "ec",}',
    "no end": b'{"alg": "ES256"',
    "no members": b"{}",
}

HOSTS = ["profiles.example", "one.example.evil", "x.one.example", "one.example..", "one.exampl", "localhost", ""]

CASES = [
    *section(
        "opaque tokens where none are taken",
        control("a JWT", token),
        attack("an opaque token", told),
        attack("an opaque token with a dot", unasked, "opaque.token"),
        attack("an opaque token with three parts", unasked, "an.opaque.token"),
        unasked=True,
    ),
    *section(
        "whether a token is active",
        control("true", told, active=True),
        *(attack(name, told, active=value) for name, value in INACTIVE.items()),
        attack("at last false", answered, json.dumps(ANSWER)[:-1] + ', "active": false}'),
        attack("nothing else", answered, '{"active": true}'),
        attack("false and nothing else", answered, '{"active": false}'),
        attack("nothing", answered, "{}"),
        world=INTROSPECTING,
    ),
    *section(
        "for whom an opaque token is",
        control("us", told, aud=AUDIENCE),
        control("us and others", told, aud=["https://other.example", AUDIENCE]),
        control("one of the clients", told, aud=GONE),
        control("one of the clients, and an empty list of audiences", told, aud=[]),
        control("whoever issued it", told, iss=GONE),
        *(attack(name, told, **answer) for name, answer in NOT_OURS.items()),
        world=INTROSPECTING,
    ),
    *section(
        "what an opaque token is for",
        control("access", told, token_use="access"),
        control("access, its type in lower case", told, token_type="bearer"),
        *(attack(name, told, **answer) for name, answer in OTHER_USES.items()),
        attack("DPoP, and no key is named", told, token_type="DPoP"),
        world=INTROSPECTING,
    ),
    *section(
        "whose an opaque token is",
        control("alice's", told, sub="alice"),
        *(attack(name, told, **answer) for name, answer in ODD_PEOPLE.items()),
        world=INTROSPECTING,
    ),
    *section(
        "times of an opaque token",
        control("none", told, exp=GONE, iat=GONE),
        control("29 seconds ago", told, exp=int(NOW) - 29),
        *(attack(name, told, **answer) for name, answer in ODD_TIMES.items()),
        world=INTROSPECTING,
    ),
    *section(
        "what an opaque token permits",
        control("reading and writing", told, scope="openid profile"),
        attack("no scope", told, scope=GONE),
        attack("other scopes", told, scope="email phone"),
        attack("scopes in capitals", told, scope="OPENID PROFILE"),
        attack("a machine's, without sub", told, sub=GONE),
        attack("a machine's, named alice", told, client_id="alice"),
        attack("a machine's, by its grant", told, gty="client_credentials"),
        world=INTROSPECTING,
        refusal=NOT_PERMITTED,
    ),
    *section(
        "what an opaque token is bound to",
        control("nothing", told),
        control("a key, with a proof", proved, cnf=JKT),
        *(attack(name, told, cnf=cnf) for name, cnf in BOUND.items()),
        attack("a key, with another's proof", proved, STRANGER, cnf=JKT).answered(BAD_BOUND_TOKEN),
        attack("another key", proved, cnf={"jkt": thumbprint(STRANGER)}).answered(BAD_BOUND_TOKEN),
        attack("nothing, with a proof", proved).answered(BAD_BOUND_TOKEN),
        world=INTROSPECTING,
    ),
    *section(
        "what no provider is asked about",
        control("an opaque token", told),
        control("an opaque token with padding", lambda at: told(at) + "=="),
        control("a JWT in order", token),
        *(attack(f"no token: {name}", unasked, sent) for name, sent in NO_TOKENS.items()),
        *(attack(f"a JWT's header: {name}", unasked_spelling, header) for name, header in HEADERS.items()),
        attack("a JWT by a stranger", unasked_jwt, None, STRANGER),
        attack("a JWT without signature", lambda at: unasked(at, unsigned(at))),
        attack("a JWT that has expired", unasked_jwt, exp=int(NOW) - 60),
        attack("a JWT for others", unasked_jwt, aud="https://other.example"),
        attack("a JWT of another issuer", unasked_jwt, iss=EVIL),
        attack("a JWT without issuer", unasked_jwt, iss=GONE),
        attack("an ID token", unasked_jwt, {"typ": "JWT"}, nonce="n"),
        attack("a proof", unasked_jwt, {"typ": "dpop+jwt"}, CLIENT),
        attack("three parts of a JWT's beginning", lambda at: unasked(at, "eyJ.eyJ.x")),
        attack("a JWT with a padded header", lambda at: unasked(at, token(at).replace(".", "=.", 1))),
        attack("JSON in three parts", lambda at: unasked(at, f"{url64(b'{ }')}.e30.x")),
        attack("a JWT of 17 kB", unasked_jwt, more="x" * 13_000),
        world=INTROSPECTING,
        unasked=True,
    ),
    *section(
        "hosts that decide whom to ask",
        control("the first's", at_host, "one.example"),
        control("the first's, as an absolute name", at_host, "one.example."),
        control("the first's in capitals with a port", at_host, "ONE.example:443"),
        *(attack(f"the host {host!r}", at_host, host) for host in HOSTS),
        attack("none", told),
        world=BY_HOST,
        unasked=True,
    ),
    *section(
        "an opaque issuer beside another",
        control("the first's opaque token", told, aud=AUDIENCE, scope="openid profile"),
        attack("the second's JWT by a stranger", unasked_jwt, None, STRANGER, **OF_THE_SECOND),
        attack("the second's JWT, expired", unasked_jwt, None, ANOTHERS_EC, exp=1, **OF_THE_SECOND),
        attack("an answer about the second's token", told, iss=OTHER_ISSUER),
        attack("the second's tenant in an answer", told, tenant=OTHER_TENANT),
        world=BESIDE,
    ),
    *section(
        "userinfo",
        control("alice's", told),
        attack("the provider does not take the token", refused),
        *(attack(name, told, **ODD_PEOPLE[name]) for name in ODD_PEOPLE if name != "nobody"),
        attack("nobody", told, sub=GONE),
        attack("nobody, but a name", told, sub=GONE, preferred_username="alice", client_id="alice"),
        attack("a machine's", told, sub="robot@clients").answered(NOT_PERMITTED),
        attack("with a proof", proved).answered(BAD_BOUND_TOKEN),
        attack("a JWT by a stranger", unasked_jwt, None, STRANGER).unasked(),
        attack("an ID token", unasked_jwt, {"typ": "JWT"}, nonce="n").unasked(),
        attack("a token for others", unasked_jwt, aud="https://other.example").unasked(),
        attack("no token", unasked, "a-secret and-more").unasked(),
        world=USERINFO,
    ),
]
