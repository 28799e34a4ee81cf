"""How tokens are made: in order but for what a case changes."""

import json
from collections.abc import Callable
from typing import Any

from tests.faces.running import TENANT
from tests.minting import AUDIENCE, ISSUER, NOW

from .keys import EC, Signer, url64
from .world import Attempt

CANARY = "canary-that-nobody-may-repeat"
"""A claim of every token."""

GONE: Any = object()
"""In place of a value: the member is left out. None is JSON's null."""

ALICE = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "alice",
    "client_id": "spa",
    "iat": int(NOW),
    "exp": int(NOW) + 3600,
    "tenant": TENANT,
    "jti": CANARY,
}


def with_changes(members: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not GONE}


def token(_: Attempt, head: dict[str, Any] | None = None, by: Signer = EC, **claims: Any) -> str:
    """Alice's token with these header members and claims."""
    header = with_changes({"alg": by.alg, "typ": "at+jwt", "kid": by.kid}, head or {})
    return signed(json.dumps(header).encode(), json.dumps(with_changes(ALICE, claims)).encode(), by)


def signed(header: bytes, payload: bytes, by: Signer) -> str:
    start = f"{url64(header)}.{url64(payload)}"
    return f"{start}.{url64(by.sign(start.encode()))}"


def unsigned(at: Attempt, alg: Any = "none", by: Signer = EC, **claims: Any) -> str:
    """A token with this algorithm and an empty signature."""
    return token(at, {"alg": alg}, by, **claims).rpartition(".")[0] + "."


def forged(at: Attempt, forge: Callable[[bytes], bytes], like: Signer = EC, **head: Any) -> str:
    """A token whose signature is what `forge` makes of the signed bytes."""
    return token(at, head, Signer(like.alg, like.kid, forge))


def altered(at: Attempt, change: Callable[[str, str, str], str | bytes], by: Signer = EC) -> str | bytes:
    """What `change` makes of the three parts of a genuine token."""
    header, payload, signature = token(at, None, by).split(".")
    return change(header, payload, signature)


def spelled(
    _: Attempt,
    header: Callable[[str], str | bytes] = str,
    claims: Callable[[str], str | bytes] = str,
    by: Signer = EC,
) -> str:
    """A token, its signature right, whose header and claims are the bytes that these make of the usual JSON."""
    usual = json.dumps({"alg": by.alg, "typ": "at+jwt", "kid": by.kid})
    return signed(octets(header(usual)), octets(claims(json.dumps(ALICE))), by)


def octets(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def adding(member: str) -> Callable[[str], str]:
    """Puts this text behind the last member of an object."""
    return lambda usual: f"{usual[:-1]}, {member}}}"


def leading(member: str) -> Callable[[str], str]:
    """Puts this text before the first member of an object."""
    return lambda usual: f"{{{member}, {usual[1:]}"
