"""ID tokens (OpenID Connect Core, section 3.1.3.7): who has just signed in at our own page. Pure.

The gate never takes one: an ID token is for the page that asked for it, an access token for the API.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from profilegate.auth.jws import UnverifiedToken
from profilegate.auth.key_set import SigningKey
from profilegate.auth.principal import VerifiedClaims
from profilegate.auth.tokens import (
    check_algorithm,
    check_extensions,
    check_issuer,
    check_signature,
    check_subject,
    check_times,
)
from profilegate.errors import InvalidToken
from profilegate.settings import IssuerSettings

TYPES = frozenset({None, "jwt", "application/jwt"})


class IdTokenExpectations(Struct, frozen=True):
    """Whose token it must be: the issuer's, for this client, made for the sign-in with this nonce."""

    issuer: IssuerSettings
    client_id: str
    nonce: str


def verified_id_token(
    token: UnverifiedToken, keys: Sequence[SigningKey], expected: IdTokenExpectations, now: float
) -> VerifiedClaims:
    """The claims. Raises InvalidToken or ExpiredToken. `now` is in Unix seconds.

    Does not look at `acr`, `amr` or `auth_time`: how somebody signed in is the provider's to decide.
    """
    check_algorithm(token, expected.issuer)
    check_extensions(token)
    if token.type not in TYPES:
        raise InvalidToken("typ is that of another kind of token")
    check_signature(token, keys)
    check_issuer(token.claims, expected.issuer)
    _check_audience(token.claims, expected.client_id)
    if token.claims.get("nonce") != expected.nonce:
        raise InvalidToken("nonce is that of another sign-in")
    check_subject(token.claims)
    check_times(token.claims, expected.issuer, now)
    return VerifiedClaims(token.claims)


def _check_audience(claims: dict[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if client_id not in named:
        raise InvalidToken("aud is another client")
    if claims.get("azp", client_id) != client_id:
        raise InvalidToken("azp is another client")
    if "azp" not in claims and any(each != client_id for each in named):
        raise InvalidToken("aud names others too, and no azp says for whom it was made")
