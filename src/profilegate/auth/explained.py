"""Why a token is admitted or not: the gate's own checks one by one, each with what it found."""

import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from profilegate.auth.binding import provable
from profilegate.auth.issuer import KnownIssuer
from profilegate.auth.issuers import Issuers
from profilegate.auth.jws import UnverifiedToken, is_jwt, parsed, signed_by
from profilegate.auth.key_set import text
from profilegate.auth.principal import Principal, VerifiedClaims, principal_of
from profilegate.auth.tokens import (
    LATEST,
    check_algorithm,
    check_audience,
    check_extensions,
    check_signature,
    check_subject,
    check_times,
    check_type,
    check_use,
)
from profilegate.errors import InvalidToken, ProviderUnavailable


class Check(Struct, frozen=True):
    """One check. `detail` says what was found, never a part of the token that could be used."""

    check: str
    passed: bool
    detail: str


class Explanation(Struct):
    """All checks that could be made, and whom the gate itself would admit: nobody unless all of them passed.

    The user's standing and the proof of a bound token need the database and a request; they are not looked at.
    """

    checks: list[Check] = field(default_factory=list)
    principal: Principal | None = None

    def found(self, check: str, work: Callable[[], Any], detail: str = "") -> bool:
        """Note whether the work raises nothing."""
        try:
            work()
        except InvalidToken as error:
            self.checks.append(Check(check, False, _reason(error)))
            return False
        self.checks.append(Check(check, True, detail))
        return True


async def explained(issuers: Issuers, token: bytes, host: str = "", now: float | None = None) -> Explanation:
    """Every check of a token as the request host `host` would make it; `now` in Unix seconds."""
    told = Explanation()
    if is_jwt(token):
        await _jwt(told, issuers, token, time.time() if now is None else now)
    else:
        _opaque(told, issuers, host)
    try:
        principal = await issuers.principal(token, host)
    except (InvalidToken, ProviderUnavailable) as error:
        if all(each.passed for each in told.checks):
            told.checks.append(Check("provider", False, _reason(error)))
        return told
    if told.found("binding", lambda: provable(principal.confirmation, principal.must_be_bound), _bound_to(principal)):
        told.principal = principal
    return told


async def _jwt(told: Explanation, issuers: Issuers, token: bytes, now: float) -> None:
    """Without a form and an issuer there is nothing to hold the rest against."""
    if not told.found("format", lambda: parsed(token), "a signed JWT"):
        return
    unverified = parsed(token)
    if not told.found("issuer", lambda: issuers.named(unverified.issuer), unverified.issuer):
        return
    issuer = issuers.named(unverified.issuer)
    settings = issuer.settings
    told.found("algorithm", lambda: check_algorithm(unverified, settings), unverified.algorithm)
    told.found("extensions", lambda: check_extensions(unverified), "none")
    told.found("type", lambda: check_type(unverified, settings), unverified.type or "none")
    await _signature(told, unverified, issuer)
    claims = unverified.claims
    told.found("audience", lambda: check_audience(claims, settings), _audience(claims))
    told.found("subject", lambda: check_subject(claims), text(claims, "sub") or "")
    told.found("use", lambda: check_use(claims), "an access token")
    told.found("times", lambda: check_times(claims, settings, now), _times(claims, now))
    if all(each.passed for each in told.checks):
        told.found("user", lambda: principal_of(VerifiedClaims(claims), settings), "of a known tenant")


async def _signature(told: Explanation, token: UnverifiedToken, issuer: KnownIssuer) -> None:
    try:
        keys = await issuer.keys.candidates(token.key_id, token.algorithm)
        if not any(signed_by(key, token) for key in keys):
            keys = await issuer.keys.searched(token.key_id, token.algorithm, {key.thumbprint for key in keys})
    except ProviderUnavailable as error:
        told.checks.append(Check("signature", False, f"the keys cannot be had: {_reason(error)}"))
        return
    told.found("signature", lambda: check_signature(token, keys), f"by the key {token.key_id or 'without an id'}")


def _opaque(told: Explanation, issuers: Issuers, host: str) -> None:
    told.checks.append(Check("format", True, "not a JWT, so it can only be an opaque token"))
    taker = issuers.at(host)
    if taker is None:
        told.checks.append(Check("issuer", False, "not a JWT, and no issuer takes opaque tokens here"))
    else:
        told.checks.append(Check("issuer", True, f"{taker.settings.issuer}, by {taker.source}"))


def _bound_to(principal: Principal) -> str:
    if not isinstance(principal.confirmation, dict):
        return "none; a bearer token"
    return f"must come with a proof for {', '.join(sorted(principal.confirmation))}"


def _audience(claims: dict[str, Any]) -> str:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    return ", ".join(each for each in named if isinstance(each, str))


def _times(claims: dict[str, Any], now: float) -> str:
    expires: Any = claims.get("exp")
    return f"expires in {expires - now:.0f} s" if type(expires) in (int, float) and abs(expires) < LATEST else ""


def _reason(error: InvalidToken | ProviderUnavailable) -> str:
    return error.reason or str(error)
