"""Signing people in at our own page: authorization code with PKCE, on the server (OpenID Connect Core, section 3.1)."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from msgspec import Struct

from profilegate.account_settings import AccountSettings
from profilegate.auth.client_authentication import basic
from profilegate.auth.discovery import ProviderMetadata
from profilegate.auth.documents import answered
from profilegate.auth.issuer import KnownIssuer, connected
from profilegate.auth.issuers import Issuers
from profilegate.auth.json_object import json_object
from profilegate.auth.jws import parsed
from profilegate.auth.principal import Principal, VerifiedClaims, principal_of
from profilegate.auth.userinfo import ABOUT_TOKENS
from profilegate.errors import InvalidToken, ProviderUnavailable, SignInFailed

MINUTES_TO_SIGN_IN = 15

EXCHANGE = 8.0
"""Seconds for a code to become tokens; a person is waiting."""


class Attempt(Struct, frozen=True):
    """A sign-in that has begun. The browser keeps it sealed; `ends_at` is in Unix seconds.

    `state` and `nonce` tie the provider's answer to this browser, `verifier` to whoever holds this (PKCE, RFC 7636).
    """

    state: str
    nonce: str
    verifier: str
    to: str
    ends_at: int


class SignedIn(Struct, frozen=True):
    """Somebody who has just signed in."""

    principal: Principal
    id_token: str
    sid: str


class RelyingParty:
    """One client at one issuer. `clock` gives Unix seconds. Holds no state: attempts are the browsers'."""

    def __init__(
        self,
        settings: AccountSettings,
        issuer: str,
        issuers: Issuers,
        clock: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._issuer = issuer
        self._issuers = issuers
        self._clock = clock
        self._transport = transport

    async def begin(self, callback: str, to: str, language: str) -> tuple[str, Attempt]:
        """Where to send the browser, and what it has to bring back. Raises ProviderUnavailable."""
        endpoint = _needed((await self._known().metadata()).authorization_endpoint, "authorization_endpoint")
        attempt = Attempt(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            to=to,
            ends_at=int(self._clock()) + MINUTES_TO_SIGN_IN * 60,
        )
        wanted = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": callback,
            "scope": " ".join(self._settings.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.verifier),
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return _with_query(endpoint, wanted), attempt

    async def finish(self, callback: str, attempt: Attempt, answer: Mapping[str, str]) -> SignedIn:
        """Who has signed in. Raises SignInFailed when it did not come to that, or ProviderUnavailable."""
        self._check(attempt, answer)
        known = self._known()
        metadata = await known.metadata()
        if metadata.authorization_response_iss_parameter_supported and "iss" not in answer:
            raise SignInFailed("the answer does not say whose it is")
        token = await self._exchanged(metadata, callback, attempt, answer["code"])
        try:
            claims = await known.id_token(
                parsed(str(token.get("id_token", "")).encode()), self._settings.client_id, attempt.nonce
            )
            told = claims | await self._userinfo(known, token, claims["sub"])
            scope = token.get("scope") or " ".join(self._settings.scopes)
            principal = principal_of(VerifiedClaims({**told, "scope": scope}), known.settings)
        except InvalidToken as error:
            raise SignInFailed(error.reason) from error
        sid = claims.get("sid")
        return SignedIn(principal, str(token["id_token"]), sid if isinstance(sid, str) else "")

    async def sign_out_url(self, id_token: str, back: str) -> str | None:
        """Where the provider ends its session too (RP-Initiated Logout 1.0); None where it cannot, or is away."""
        try:
            endpoint = (await self._known().metadata()).end_session_endpoint
        except ProviderUnavailable:
            return None
        if endpoint is None:
            return None
        wanted = {"id_token_hint": id_token, "post_logout_redirect_uri": back, "client_id": self._settings.client_id}
        return _with_query(endpoint, wanted)

    def _check(self, attempt: Attempt, answer: Mapping[str, str]) -> None:
        """The answer must be to this attempt, from this provider (RFC 9207), in time, and a code."""
        if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise SignInFailed("state is that of another sign-in")
        if answer.get("iss", self._issuer) != self._issuer:
            raise SignInFailed("the answer is another provider's")
        if self._clock() > attempt.ends_at:
            raise SignInFailed("it took too long")
        if not answer.get("code"):
            raise SignInFailed(f"the provider said {answer.get('error', 'nothing')[:100]!r}")

    async def _exchanged(
        self, metadata: ProviderMetadata, callback: str, attempt: Attempt, code: str
    ) -> dict[str, Any]:
        """The token endpoint's answer (RFC 6749, section 4.1.3), as bounded in size and time as every other."""
        endpoint = _needed(metadata.token_endpoint, "token_endpoint")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
        form |= {"code_verifier": attempt.verifier}
        headers, secret = {}, self._settings.client_secret
        if secret is None or _posts(metadata):
            form |= {"client_id": self._settings.client_id} | ({} if secret is None else {"client_secret": secret})
        else:
            headers["authorization"] = basic(self._settings.client_id, secret)
        async with self._client() as client:
            answer = await answered(
                client,
                lambda: client.build_request("POST", endpoint, data=form, headers=headers, timeout=EXCHANGE),
                EXCHANGE,
            )
        try:
            token = json_object(answer.body)
        except ValueError as error:
            raise ProviderUnavailable(f"no tokens from the provider, but {answer.status}") from error
        if "error" in token and answer.status < httpx.codes.INTERNAL_SERVER_ERROR:
            raise SignInFailed(f"the provider did not take the code: {str(token.get('error'))[:100]!r}")
        if answer.status != httpx.codes.OK:
            raise ProviderUnavailable(f"no tokens from the provider, but {answer.status}")
        return token

    async def _userinfo(self, known: KnownIssuer, token: dict[str, Any], subject: str) -> dict[str, Any]:
        """What userinfo adds; nothing when it cannot be had, or is about somebody else (Core, section 5.3.2)."""
        url, access = (await known.metadata()).userinfo_endpoint, token.get("access_token")
        if url is None or not isinstance(access, str):
            return {}
        headers = {"authorization": f"Bearer {access}"}
        try:
            async with self._client() as client:
                answer = await answered(
                    client, lambda: client.build_request("GET", url, headers=headers), known.settings.timeout
                )
            told = json_object(answer.body) if answer.status == httpx.codes.OK else {}
        except (ProviderUnavailable, ValueError):
            return {}
        if told.get("sub") != subject:
            return {}
        return {name: value for name, value in told.items() if name not in ABOUT_TOKENS}

    def _client(self) -> httpx.AsyncClient:
        return connected(self._known().settings, self._transport)

    def _known(self) -> KnownIssuer:
        known = self._issuers.known(self._issuer)
        if known is None:
            raise ProviderUnavailable("the account page's issuer is not configured any more")
        return known


def _posts(metadata: ProviderMetadata) -> bool:
    """Whether the secret goes into the form: where the provider takes it there only."""
    methods = metadata.token_endpoint_auth_methods_supported
    return "client_secret_post" in methods and "client_secret_basic" not in methods


def _with_query(endpoint: str, wanted: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(wanted)}"


def _needed(endpoint: str | None, name: str) -> str:
    if endpoint is None:
        raise ProviderUnavailable(f"its metadata names no {name} that may be asked")
    return endpoint
