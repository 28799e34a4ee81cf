"""Whose signature may be on a source's JWTs: that of its secrets, or of its issuer's keys."""

import hmac
from collections.abc import Callable, Iterable

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from msgspec import Struct

from profilegate.auth.issuer import KnownIssuer
from profilegate.auth.json_object import json_object
from profilegate.auth.jws import UnverifiedToken, signed_by
from profilegate.auth.key_set import SigningKey, signing_key
from profilegate.errors import InvalidSignature

HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class TokenKeys(Struct, frozen=True):
    """Shared secrets are for the HMAC algorithms only, public keys and the issuer's for the others only.

    So nobody can take a public key for a secret (RFC 8725, section 2.1).
    """

    algorithms: frozenset[str]
    secrets: tuple[bytes, ...]
    public_keys: tuple[SigningKey, ...]
    issuer: Callable[[], KnownIssuer | None]

    async def check(self, token: UnverifiedToken) -> None:
        """Raise InvalidSignature unless one of the keys signed the token, or ProviderUnavailable."""
        if token.algorithm not in self.algorithms or token.is_extended:
            raise InvalidSignature("the algorithm is not one of the source's, or the header has extensions")
        if not await self._is_signed(token):
            raise InvalidSignature("the signature is not by one of the source's keys")

    async def _is_signed(self, token: UnverifiedToken) -> bool:
        if token.algorithm in HASHES:
            return _is_mac(token, self.secrets)
        if any(signed_by(key, token) for key in self.public_keys):
            return True
        issuer = self.issuer()
        if issuer is None or self.public_keys:
            return False
        candidates = await issuer.keys.candidates(token.key_id, token.algorithm)
        if any(signed_by(key, token) for key in candidates):
            return True
        tried = {key.thumbprint for key in candidates}
        newer = await issuer.keys.searched(token.key_id, token.algorithm, tried) if candidates else ()
        return any(signed_by(key, token) for key in newer)


def is_public_key(secret: str) -> bool:
    """Whether a secret of the settings is written as a public key: PEM or JWK."""
    return secret.lstrip().startswith(("-----BEGIN", "{"))


def imported(secret: str) -> SigningKey:
    """The public key that is written as PEM or JWK. Raises ValueError when it is none that verifies."""
    jwk = json_object(secret.encode()) if secret.lstrip().startswith("{") else _jwk(secret)
    key = signing_key(jwk)
    if key is None:
        raise ValueError("not a public key that verifies signatures")
    return key


def _jwk(pem: str) -> dict[str, object]:
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return dict(kind.import_key(pem).as_dict(private=False))
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("not a PEM of a public key")


def _is_mac(token: UnverifiedToken, secrets: Iterable[bytes]) -> bool:
    name = HASHES[token.algorithm]
    found = [hmac.compare_digest(hmac.digest(key, token.signed, name), token.signature) for key in secrets]
    return any(found)
