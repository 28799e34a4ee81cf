"""Signing and reading: access tokens (RFC 9068) and ID tokens (OIDC Core, section 2), both ES256."""

import secrets
from collections.abc import Callable
from typing import Any

from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import OpenIDCode
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from profilegate.demo.clients import Client
from profilegate.demo.people import Person

ALGORITHM = "ES256"
LIFETIME = 3600
"""Seconds that access and ID tokens live."""

UNREADABLE = (JoseError, TypeError, ValueError)
"""What reading a stranger's token can raise; TypeError is joserfc's for a header such as `{"crit": [{}]}`."""

Clock = Callable[[], float]
"""Seconds since 1970, as `time.time` gives them."""


def fresh_keys() -> KeySet:
    """One new signing key. P-256, because it is made in a millisecond; RSA would delay every start."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return KeySet([key])


def _lifetime(now: Clock) -> dict[str, Any]:
    issued = int(now())
    return {"iat": issued, "exp": issued + LIFETIME}


class AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]  # Authlib has no types
    """Makes access tokens for one audience, and knows its own again."""

    def __init__(self, issuer: str, audience: str, keys: KeySet, now: Clock) -> None:
        super().__init__(issuer, ALGORITHM, lambda **_: secrets.token_urlsafe(32), LIFETIME)
        self.audience = audience
        self.keys = keys
        self.now = now

    def get_jwks(self) -> KeySet:
        return self.keys

    def get_audiences(self, client: Client, user: Person | None, scope: str) -> str:
        return self.audience

    def get_extra_claims(self, client: Client, grant_type: str, user: Person | None, scope: str) -> dict[str, Any]:
        """The person's claims, and the times anew: Authlib takes them from the wall clock."""
        return {**(user.access_claims(scope) if user else {}), **_lifetime(self.now)}

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of an access token made here and not expired, else None. Revocation is not known here."""
        checks = jwt.JWTClaimsRegistry(now=int(self.now()), iss={"value": self.issuer}, aud={"value": self.audience})
        try:
            decoded = jwt.decode(token, self.keys, [ALGORITHM])
            checks.validate(decoded.claims)
        except UNREADABLE:
            return None
        return decoded.claims if decoded.header["typ"] == "at+jwt" else None


class IdTokens(OpenIDCode):  # type: ignore[misc]  # Authlib has no types
    """Adds an ID token to the answer when scope openid was granted."""

    def __init__(self, issuer: str, keys: KeySet, now: Clock) -> None:
        super().__init__()
        self.issuer = issuer
        self.keys = keys
        self.now = now

    def exists_nonce(self, nonce: str, request: object) -> bool:
        """False: remembering nonces is the client's part; a page loaded twice is no attack."""
        return False

    def resolve_client_private_key(self, client: Client) -> KeySet:
        return self.keys

    def get_client_algorithm(self, client: Client) -> str:
        return ALGORITHM

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.issuer, "aud": client.client_id, **_lifetime(self.now)}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, Any]:
        return user.claims(scope)
