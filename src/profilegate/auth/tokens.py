"""A JWT access token to VerifiedClaims: pure functions of the token, the keys, the settings and the time.

Signatures are joserfc's. Everything that decides which signature counts is written out here, because that
is where gates fail: algorithm, type, audience, times (RFC 8725, RFC 9068).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from profilegate.auth.key_set import SigningKey, text
from profilegate.auth.principal import VerifiedClaims
from profilegate.errors import ExpiredToken, InvalidToken
from profilegate.settings import IssuerSettings

LIMIT = 16_384
"""Bytes. A larger one is refused before anything is decoded."""

ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
PLAIN_TYPES = frozenset({"jwt", "application/jwt"})

# What only an ID token or a logout token carries (OpenID Connect Core 3.1.3.6, Back-Channel Logout 2.4).
FOREIGN_CLAIMS = ("at_hash", "c_hash", "events")

# Keycloak writes into the claim `typ`, and Cognito into `token_use`, what a token is for.
FOREIGN_USES = frozenset({"id", "refresh", "offline", "logout"})

JSON = msgspec.json.Decoder(dict[str, Any])


class UnknownSignature(InvalidToken):
    """None of the keys that were tried made the signature. The provider may have a newer one."""


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


def parsed(token: bytes) -> UnverifiedToken:
    """Take a compact JWS apart. Raises InvalidToken for anything else."""
    if len(token) > LIMIT:
        raise InvalidToken(f"larger than {LIMIT} bytes")
    parts = token.split(b".")
    if len(parts) != 3:
        raise InvalidToken("not a JWT")
    try:
        header, payload, signature = map(urlsafe_b64decode, parts)
        return UnverifiedToken(JSON.decode(header), JSON.decode(payload), b".".join(parts[:2]), signature)
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError, JoseError) as error:
        raise InvalidToken("not a JWT") from error


def verified(token: UnverifiedToken, keys: Sequence[SigningKey], issuer: IssuerSettings, now: float) -> VerifiedClaims:
    """The claims of a genuine, current access token for us; `now` in Unix seconds.

    Raises InvalidToken, with the reason, or ExpiredToken. Does not look at scopes, at the user's standing
    or at any list of revoked tokens.
    """
    check_header(token, issuer)
    if not any(_signed_by(key, token) for key in keys):
        raise UnknownSignature("the signature does not match any of the issuer's keys")
    _check_claims(token.claims, issuer)
    _check_times(token.claims, issuer.leeway, now)
    return VerifiedClaims(token.claims)


def check_header(token: UnverifiedToken, issuer: IssuerSettings) -> None:
    """Raise InvalidToken unless the header is one that this issuer's access tokens have.

    Members that offer a key (`jwk`, `jku`, `x5c`, `x5u`) are not looked at: keys come from the issuer only.
    """
    if token.algorithm not in issuer.algorithms:
        raise InvalidToken("the algorithm is not one of the issuer's")
    if "crit" in token.header or "b64" in token.header:
        raise InvalidToken("the header has extensions that change the token's meaning")
    kind = (text(token.header, "typ") or "").lower() if "typ" in token.header else "jwt"
    if kind not in ACCESS_TOKEN_TYPES and (issuer.require_at_jwt or kind not in PLAIN_TYPES):
        raise InvalidToken("typ is not at+jwt")


def _signed_by(key: SigningKey, token: UnverifiedToken) -> bool:
    if token.algorithm not in key.algorithms:
        return False
    try:
        return JWSRegistry.algorithms[token.algorithm].verify(token.signed, token.signature, key.key)
    except (JoseError, ValueError, TypeError):
        return False


def _check_claims(claims: dict[str, Any], issuer: IssuerSettings) -> None:
    if claims.get("iss") != issuer.issuer:
        raise InvalidToken("iss is another issuer")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(each, str) and each in issuer.audiences for each in named):
        raise InvalidToken("aud does not name this service")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise InvalidToken("sub is missing")
    if "cnf" in claims:
        raise InvalidToken("the token is bound to a key that the request does not prove")
    if _is_foreign(claims):
        raise InvalidToken("not an access token")


def _is_foreign(claims: dict[str, Any]) -> bool:
    """Whether the claims are those of another kind of token.

    A `nonce` makes an ID token (OpenID Connect Core, section 2), but for Keycloak, which before release 25
    put it into access tokens too; those say `typ: Bearer`.
    """
    uses = {(text(claims, name) or "").lower() for name in ("typ", "token_use")}
    if uses & FOREIGN_USES or any(name in claims for name in FOREIGN_CLAIMS):
        return True
    return "nonce" in claims and "bearer" not in uses


def _check_times(claims: dict[str, Any], leeway: int, now: float) -> None:
    expires, not_before, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise InvalidToken("exp is missing")
    if not_before is not None and not_before > now + leeway:
        raise InvalidToken("nbf is in the future")
    if issued is not None and issued > now + leeway:
        raise InvalidToken("iat is in the future")
    if expires <= now - leeway:
        raise ExpiredToken


def _time(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2), or None when it is absent."""
    if name not in claims:
        return None
    value: Any = claims[name]
    if type(value) not in (int, float) or not abs(value) <= 2**53:  # NaN is not at most anything
        raise InvalidToken(f"{name} is not a time")
    return float(value)
