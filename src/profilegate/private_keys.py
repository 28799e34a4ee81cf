"""Private keys from the settings, for requests to a provider that are signed instead of carrying a secret."""

from typing import TYPE_CHECKING

from profilegate.settings import ALGORITHMS

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

# RFC 7518, section 3.1: the algorithm that belongs to a kind of key, or to its curve.
OF_KIND = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA", "Ed448": "EdDSA"}


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
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        return key
    raise ValueError("not a private key that signs")


def algorithm(key: "RSAKey | ECKey | OKPKey") -> str:
    """What the key's `alg` says, else what its type is usually used with. Raises ValueError for one of no use here."""
    named = key.get("alg")
    found = named if isinstance(named, str) else OF_KIND.get(str(key.get("crv") or key.key_type), "")
    if found not in ALGORITHMS:
        raise ValueError("not an algorithm for signatures")
    return found


def is_private_key(text: str) -> bool:
    """Whether `private_key` takes the text."""
    try:
        private_key(text)
    except ValueError:
        return False
    return True
