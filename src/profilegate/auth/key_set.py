"""A provider's JWK Set (RFC 7517) to the keys that may verify access tokens. Pure."""

from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode
from msgspec import Struct

from profilegate.auth.json_object import json_object

# Providers publish a handful. More is a fault or an attack on our memory.
MOST_KEYS = 100

SMALLEST_RSA = 2048
"""Bits (RFC 7518, section 3.3)."""

RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVE_ALGORITHMS = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),
    "Ed448": frozenset({"EdDSA", "Ed448"}),  # RFC 9864 names the curve in the algorithm
}

# The members that only a private or a shared key has (RFC 7518, section 6).
SECRETS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

# The public members of each key type. Everything else is left out before the import: one odd member (a relative
# x5u, a numeric kid) must not spoil a good key.
MEMBERS = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}
KINDS: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class SigningKey(Struct, frozen=True):
    """A public key, its id, its thumbprint (RFC 7638), and the algorithms that it may be used with."""

    id: str | None
    thumbprint: str
    algorithms: frozenset[str]
    key: RSAKey | ECKey | OKPKey


def signing_keys(document: bytes) -> tuple[SigningKey, ...]:
    """The usable keys of a JWK Set; keys that cannot be used are left out, one by one.

    So is a key that is published with its private part: everybody can sign with it.

    Raises ValueError when the document is not a JWK Set at all.
    """
    listed = json_object(document).get("keys")
    if not isinstance(listed, list):
        raise ValueError("no array of keys")
    public = (each for each in listed[:MOST_KEYS] if isinstance(each, dict) and SECRETS.isdisjoint(each))
    keys = (signing_key(each) for each in public)
    return tuple(key for key in keys if key is not None)


def signing_key(jwk: dict[str, Any]) -> SigningKey | None:
    """The public key of a JWK, or None when it cannot be used to verify signatures. Private parts are left out."""
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in KINDS or not _is_for_signatures(jwk):
        return None
    algorithms = _algorithms(kind, jwk)
    key = _imported(kind, jwk) if algorithms else None
    if key is None:
        return None
    return SigningKey(text(jwk, "kid"), key.thumbprint(), algorithms, key)


def _is_for_signatures(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops")
    return jwk.get("use") in (None, "sig") and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )


def _algorithms(kind: str, jwk: dict[str, Any]) -> frozenset[str]:
    """What the key's type and curve allow, narrowed to its `alg` where it has one."""
    possible = RSA_ALGORITHMS if kind == "RSA" else CURVE_ALGORITHMS.get(text(jwk, "crv") or "", frozenset())
    return possible if jwk.get("alg") is None else possible & {text(jwk, "alg") or ""}


def _imported(kind: str, jwk: dict[str, Any]) -> Any:
    if kind == "RSA" and _bits(text(jwk, "n") or "") < SMALLEST_RSA:
        return None
    try:
        key: Any = KINDS[kind].import_key({name: jwk[name] for name in MEMBERS[kind]})
        key.get_op_key("verify")
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None
    return key


def _bits(number: str) -> int:
    """The size of a number in base64url, measured before the import: joserfc warns of weak keys, and takes them."""
    try:
        return int.from_bytes(urlsafe_b64decode(number.encode("ascii")), "big").bit_length()
    except (ValueError, TypeError):
        return 0


def text(document: dict[str, Any], name: str) -> str | None:
    """A member that is text, or None. Nothing else is ever made text: nested data has no bound on its depth."""
    value = document.get(name)
    return value if isinstance(value, str) else None
