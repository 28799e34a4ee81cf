"""A JWT access token to VerifiedClaims: pure functions of the token, the keys, the settings and the time.

Everything that decides which signature counts is written out here, because that is where gates fail:
algorithm, type, issuer, audience, times (RFC 8725, RFC 9068). `verify-token` runs the same checks one by one.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from profilegate.auth.jws import UnverifiedToken, signed_by
from profilegate.auth.key_set import SigningKey, text
from profilegate.auth.principal import VerifiedClaims
from profilegate.errors import ExpiredToken, InvalidToken
from profilegate.settings import IssuerSettings

ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
PLAIN_TYPES = frozenset({None, "jwt", "application/jwt"})

# What only an ID token or a logout token carries (OpenID Connect Core 3.1.3.6, Back-Channel Logout 2.4).
FOREIGN_CLAIMS = ("at_hash", "c_hash", "events")

# Keycloak and Hydra, in the claims `typ` and `token_use`, and Cognito say what a token is for.
FOREIGN_USES = frozenset({"id", "refresh", "refresh_token", "offline", "logout"})

# A NumericDate beyond this is no time but a try at the arithmetic.
LATEST = 2**53


class UnknownSignature(InvalidToken):
    """None of the keys that were tried made the signature. The provider may have a newer one."""


def verified(token: UnverifiedToken, keys: Sequence[SigningKey], issuer: IssuerSettings, now: float) -> VerifiedClaims:
    """The claims of a genuine, current access token for us; `now` in Unix seconds.

    Raises InvalidToken, with the reason, or ExpiredToken. Does not look at what the token is bound to, at
    scopes, at the user's standing or at any list of revoked tokens.
    """
    check_header(token, issuer)
    check_signature(token, keys)
    check_issuer(token.claims, issuer)
    check_audience(token.claims, issuer)
    check_subject(token.claims)
    check_use(token.claims)
    check_times(token.claims, issuer, now)
    return VerifiedClaims(token.claims)


def check_header(token: UnverifiedToken, issuer: IssuerSettings) -> None:
    """Raise InvalidToken unless the header is one that this issuer's access tokens have.

    Members that offer a key (`jwk`, `jku`, `x5c`, `x5u`) are not looked at: keys come from the issuer only.
    """
    check_algorithm(token, issuer)
    check_extensions(token)
    check_type(token, issuer)


def check_algorithm(token: UnverifiedToken, issuer: IssuerSettings) -> None:
    if token.algorithm not in issuer.algorithms:
        raise InvalidToken("the algorithm is not one of the issuer's")


def check_extensions(token: UnverifiedToken) -> None:
    if token.is_extended:
        raise InvalidToken("the header has extensions that change the token's meaning")


def check_type(token: UnverifiedToken, issuer: IssuerSettings) -> None:
    if token.type not in ACCESS_TOKEN_TYPES and (issuer.require_at_jwt or token.type not in PLAIN_TYPES):
        raise InvalidToken("typ is not at+jwt")


def check_signature(token: UnverifiedToken, keys: Sequence[SigningKey]) -> None:
    if not any(signed_by(key, token) for key in keys):
        raise UnknownSignature("the signature does not match any of the issuer's keys")


def check_issuer(claims: dict[str, Any], issuer: IssuerSettings) -> None:
    if claims.get("iss") != issuer.issuer:
        raise InvalidToken("iss is another issuer")


def check_audience(claims: dict[str, Any], issuer: IssuerSettings) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(each, str) and each in issuer.audiences for each in named):
        raise InvalidToken("aud does not name this service")


def check_subject(claims: dict[str, Any]) -> None:
    if not text(claims, "sub"):
        raise InvalidToken("sub is missing")


def check_use(claims: dict[str, Any]) -> None:
    """Raise InvalidToken when the claims are those of another kind of token.

    A `nonce` makes an ID token (OpenID Connect Core, section 2), but for Keycloak, which before release 25
    put it into access tokens too; those say `typ: Bearer` or `typ: DPoP`.
    """
    uses = {(text(claims, name) or "").lower() for name in ("typ", "token_use")}
    foreign = bool(uses & FOREIGN_USES) or any(name in claims for name in FOREIGN_CLAIMS)
    if foreign or ("nonce" in claims and not uses & {"bearer", "dpop"}):
        raise InvalidToken("not an access token")


class Validity(Struct, frozen=True, gc=False):
    """When a token is valid: from `starts` until before `ends`, Unix seconds, give or take `leeway` seconds."""

    starts: float
    ends: float
    leeway: int

    def includes(self, now: float) -> bool:
        """Whether `check_times` would take the token now."""
        return self.starts <= now + self.leeway and self.ends > now - self.leeway


def validity(claims: VerifiedClaims, issuer: IssuerSettings) -> Validity:
    """When these claims, which `verified` has let pass, are valid."""
    begins = (_time(claims, name) for name in ("nbf", "iat"))
    starts = max((each for each in begins if each is not None), default=float("-inf"))
    return Validity(starts, float(claims["exp"]), issuer.leeway)


def check_times(claims: dict[str, Any], issuer: IssuerSettings, now: float) -> None:
    """Raise InvalidToken or ExpiredToken unless the token is valid now, give or take the issuer's leeway."""
    expires, not_before, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise InvalidToken("exp is missing")
    if not_before is not None and not_before > now + issuer.leeway:
        raise InvalidToken("nbf is in the future")
    if issued is not None and issued > now + issuer.leeway:
        raise InvalidToken("iat is in the future")
    if expires <= now - issuer.leeway:
        raise ExpiredToken


def _time(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2), or None when it is absent."""
    if name not in claims:
        return None
    value: Any = claims[name]
    if type(value) not in (int, float) or not abs(value) <= LATEST:  # NaN is not at most anything
        raise InvalidToken(f"{name} is not a time")
    return float(value)
