"""Private keys from the settings, for requests to a provider that are signed instead of carrying a secret."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey


def private_key(text: str) -> "RSAKey | ECKey | OKPKey":
    """A key that signs, from a PEM or a JWK (RFC 7517). Raises ValueError, which says nothing of the text."""
    import msgspec
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    for kind in (RSAKey, ECKey, OKPKey):
        try:
            key = kind.import_key(msgspec.json.decode(text) if text.lstrip().startswith("{") else text)
            key.get_op_key("sign")
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        return key
    raise ValueError("not a private key that signs")


def is_private_key(text: str) -> bool:
    """Whether `private_key` takes the text."""
    try:
        private_key(text)
    except ValueError:
        return False
    return True
