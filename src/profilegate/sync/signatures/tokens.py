"""Deliveries that a JWT vouches for: with a digest of the body in a header, or as the body itself."""

import base64
from hashlib import sha256
from typing import Any

from msgspec import Struct

from profilegate.auth.jws import UnverifiedToken
from profilegate.auth.tokens import LATEST
from profilegate.errors import InvalidSignature, MalformedBody
from profilegate.sync.said import Payload
from profilegate.sync.signatures.bodies import json_payload, logout_token, token_in
from profilegate.sync.signatures.given import Headers, Verified, is_one_of, only
from profilegate.sync.signatures.token_keys import TokenKeys

BODY_DIGEST = "request_body_sha256"

# Kinds of tokens that are none of these, though the same keys sign them.
FOREIGN_TYPES = frozenset(
    f"{prefix}{kind}+jwt" for prefix in ("", "application/") for kind in ("at", "dpop", "secevent", "logout")
)

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPES = frozenset({"logout+jwt", "application/logout+jwt", "jwt", None})
SECURITY_EVENT_TYPES = frozenset({"secevent+jwt", "application/secevent+jwt"})


class Expected(Struct, frozen=True):
    """What a source's tokens must say. `issuer` is checked where a token names one; `tolerance` is in seconds."""

    keys: TokenKeys
    issuer: str
    audiences: tuple[str, ...]
    tolerance: int

    async def check(self, token: UnverifiedToken, now: float) -> None:
        """Raise InvalidSignature, or ProviderUnavailable."""
        if "iss" in token.claims and token.claims["iss"] != self.issuer:
            raise InvalidSignature("iss is another issuer")
        self._check_audience(token.claims.get("aud"))
        self._check_times(token.claims, now)
        await self.keys.check(token)

    def _check_audience(self, audience: Any) -> None:
        named = audience if isinstance(audience, list) else [audience]
        if self.audiences and not any(isinstance(each, str) and each in self.audiences for each in named):
            raise InvalidSignature("aud does not name this service")

    def _check_times(self, claims: Payload, now: float) -> None:
        expires, issued, starts = (_time(claims, name) for name in ("exp", "iat", "nbf"))
        if expires is not None and expires < now - self.tolerance:
            raise InvalidSignature("the token has expired")
        if max(issued or 0, starts or 0) > now + self.tolerance:
            raise InvalidSignature("the token is of the future")


class TokenInHeader(Struct, frozen=True):
    """The claim `request_body_sha256`, in hexadecimal or base64, ties the JWT in the header to the body."""

    header: str
    expected: Expected

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        scheme, _, rest = only(headers, self.header).partition(" ")
        token = token_in((rest if scheme.lower() == "bearer" else scheme).encode("latin-1"))
        if token.type in FOREIGN_TYPES:
            raise InvalidSignature("the token is of another kind")
        await self.expected.check(token, now)
        said = token.claims.get(BODY_DIGEST)
        if not isinstance(said, str) or not is_one_of([said], _digests(body)):
            raise InvalidSignature(f"{BODY_DIGEST} is not of this body")
        return Verified(self.payload(body))

    def payload(self, body: bytes) -> Payload:
        return json_payload(body)


class TokenAsBody(Struct, frozen=True):
    """The body is the JWT, and its claims are the payload."""

    expected: Expected

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        token = token_in(body)
        if token.type in FOREIGN_TYPES:
            raise InvalidSignature("the token is of another kind")
        await self.expected.check(token, now)
        return Verified(token.claims)

    def payload(self, body: bytes) -> Payload:
        return _claims(body)


class SecurityEvent(Struct, frozen=True):
    """A Security Event Token (RFC 8417) that is pushed as the body (RFC 8935), with a secret header if there is one."""

    expected: Expected

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        token = token_in(body)
        if token.type not in SECURITY_EVENT_TYPES:
            raise InvalidSignature("typ is not secevent+jwt")
        for name in ("iss", "jti", "iat"):
            if name not in token.claims:
                raise InvalidSignature(f"{name} is missing")
        await self.expected.check(token, now)
        if not isinstance(token.claims.get("events"), dict):
            raise MalformedBody
        return Verified(token.claims)

    def payload(self, body: bytes) -> Payload:
        return _claims(body)


class LogoutToken(Struct, frozen=True):
    """OpenID Connect Back-Channel Logout 1.0, section 2.6."""

    expected: Expected

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        token = token_in(logout_token(body))
        self._check(token, now)
        await self.expected.check(token, now)
        return Verified(token.claims)

    def payload(self, body: bytes) -> Payload:
        try:
            return _claims(logout_token(body))
        except InvalidSignature as error:
            raise MalformedBody from error

    def _check(self, token: UnverifiedToken, now: float) -> None:
        claims = token.claims
        events = claims.get("events")
        if token.type not in LOGOUT_TYPES or not isinstance(events, dict) or LOGOUT_EVENT not in events:
            raise InvalidSignature("not a logout token")
        if "nonce" in claims:
            raise InvalidSignature("a logout token has no nonce")  # an ID token has
        if not all(isinstance(claims.get(name), str) for name in ("iss", "jti")):
            raise InvalidSignature("iss or jti is missing")
        if not any(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "sid")):
            raise InvalidSignature("neither sub nor sid is there")
        issued = _time(claims, "iat")
        if issued is None or ("exp" not in claims and issued < now - self.expected.tolerance):
            raise InvalidSignature("iat is missing, or too old")


def _claims(token: bytes) -> Payload:
    try:
        return token_in(token).claims
    except InvalidSignature as error:
        raise MalformedBody from error


def _digests(body: bytes) -> tuple[str, str]:
    digest = sha256(body).digest()
    return digest.hex(), base64.b64encode(digest).decode()


def _time(claims: Payload, name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if type(value) not in (int, float) or not abs(value) <= LATEST:
        raise InvalidSignature(f"{name} is not a time")
    return float(value)
