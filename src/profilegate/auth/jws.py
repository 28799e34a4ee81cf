"""Compact JSON Web Signatures (RFC 7515), taken apart and checked against a key. Pure; the algorithms are joserfc's."""

from typing import Any, NamedTuple

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from profilegate.auth.json_object import json_object
from profilegate.auth.key_set import SigningKey, text
from profilegate.errors import InvalidToken

LIMIT = 16_384
"""Bytes. A larger one is refused before anything is decoded."""

# Members that change what is signed or how it is to be read (RFC 7515, section 4.1.11; RFC 7797).
EXTENSIONS = frozenset({"crit", "b64"})


class UnverifiedToken(NamedTuple):
    """A token taken apart. Nothing in it may be believed; `issuer` only says whose keys to try."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        return text(self.claims, "iss") or ""

    @property
    def key_id(self) -> str | None:
        return text(self.header, "kid")

    @property
    def algorithm(self) -> str:
        return text(self.header, "alg") or ""

    @property
    def type(self) -> str | None:
        """The media type that the header gives, in lower case; None without one, empty when it is no text."""
        return (text(self.header, "typ") or "").lower() if "typ" in self.header else None

    @property
    def is_extended(self) -> bool:
        return not EXTENSIONS.isdisjoint(self.header)


def is_jwt(token: bytes) -> bool:
    """Whether a token gives itself out as a signed JWT: three parts, the first of them the start of a JSON object.

    Whatever does is never shown to a provider as an opaque token: it may be another provider's.
    """
    parts = token.split(b".", 3)
    if len(parts) != 3:
        return False
    try:
        return parts[0].startswith(b"ey") or urlsafe_b64decode(parts[0]).lstrip().startswith(b"{")
    except (ValueError, TypeError):
        return False


def parsed(token: bytes) -> UnverifiedToken:
    """Take a compact JWS apart. Raises InvalidToken for anything else."""
    if len(token) > LIMIT:
        raise InvalidToken(f"larger than {LIMIT} bytes")
    parts = token.split(b".", 3)
    if len(parts) != 3:
        raise InvalidToken("not a JWT")
    try:
        header, payload, signature = map(urlsafe_b64decode, parts)
        return UnverifiedToken(json_object(header), json_object(payload), b".".join(parts[:2]), signature)
    except (ValueError, TypeError, JoseError) as error:
        raise InvalidToken("not a JWT") from error


def signed_by(key: SigningKey, token: UnverifiedToken) -> bool:
    """Whether this key made the token's signature with the algorithm that its header names."""
    if token.algorithm not in key.algorithms:
        return False
    try:
        return JWSRegistry.algorithms[token.algorithm].verify(token.signed, token.signature, key.key)
    except (JoseError, ValueError, TypeError):
        return False
