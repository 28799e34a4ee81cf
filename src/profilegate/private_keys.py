"""Private keys from the settings, for requests to a provider that are signed instead of carrying a secret."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

# RFC 7518, section 3.1: the algorithms of a kind of key or of its curve, the usual one first.
ALGORITHMS_OF = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
    "Ed448": ("EdDSA", "Ed448"),
}

SMALLEST_RSA = 2048
"""Bits (RFC 7518, section 3.3)."""


def private_key(text: str) -> "RSAKey | ECKey | OKPKey":
    """A key that signs, from a PEM or a JWK (RFC 7517). Raises ValueError, which says nothing of the text."""
    import msgspec
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey
    from joserfc.jws import JWSRegistry

    for kind in (RSAKey, ECKey, OKPKey):
        try:
            key = kind.import_key(msgspec.json.decode(text) if text.lstrip().startswith("{") else text)
            JWSRegistry.algorithms[algorithm(key)].sign(b"a trial", key)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        if not isinstance(key, RSAKey) or key.raw_value.key_size >= SMALLEST_RSA:
            return key
    raise ValueError("not a private key that signs")


def algorithm(key: "RSAKey | ECKey | OKPKey") -> str:
    """What the key's `alg` says, else what its type is usually used with. Raises ValueError for one of no use here."""
    possible = ALGORITHMS_OF.get(str(key.get("crv") or key.key_type), ())
    named = key.get("alg", next(iter(possible), ""))
    if named not in possible:
        raise ValueError("not an algorithm that this key signs with")
    return str(named)


def is_private_key(text: str) -> bool:
    """Whether `private_key` takes the text."""
    try:
        private_key(text)
    except ValueError:
        return False
    return True
