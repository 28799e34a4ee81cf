"""Signing people in at our own page: authorization code with PKCE, on the server (OpenID Connect Core, section 3.1)."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from msgspec import Struct

from profilegate.account_settings import AccountSettings
from profilegate.auth.discovery import ProviderMetadata
from profilegate.auth.documents import answered
from profilegate.auth.issuer import USER_AGENT, KnownIssuer, tls
from profilegate.auth.issuers import Issuers
from profilegate.auth.json_object import json_object
from profilegate.auth.jws import parsed
from profilegate.auth.oauth_client import AsyncOAuth2Client, OAuthError
from profilegate.auth.principal import Principal, VerifiedClaims, principal_of
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
        async with self._client(callback) as client:
            url, _ = client.create_authorization_url(
                endpoint, attempt.state, attempt.verifier, nonce=attempt.nonce, ui_locales=language
            )
        return url, attempt

    async def finish(self, callback: str, attempt: Attempt, answer: Mapping[str, str]) -> SignedIn:
        """Who has signed in. Raises SignInFailed when it did not come to that, or ProviderUnavailable."""
        self._check(attempt, answer)
        known = self._known()
        token = await self._exchanged(await known.metadata(), callback, attempt, answer["code"])
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
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(wanted)}"

    def _check(self, attempt: Attempt, answer: Mapping[str, str]) -> None:
        """The answer must be to this attempt, from this provider (RFC 9207), in time, and a code."""
        if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise SignInFailed("state is that of another sign-in")
        if answer.get("iss", self._issuer) != self._issuer:
            raise SignInFailed("the answer is another provider's")
        if self._clock() > attempt.ends_at:
            raise SignInFailed("it took too long")
        if not answer.get("code"):
            raise SignInFailed(f"the provider said {answer.get('error', 'nothing')[:100]}")

    async def _exchanged(
        self, metadata: ProviderMetadata, callback: str, attempt: Attempt, code: str
    ) -> dict[str, Any]:
        endpoint = _needed(metadata.token_endpoint, "token_endpoint")
        try:
            async with self._client(callback, metadata) as client, asyncio.timeout(EXCHANGE):
                token: dict[str, Any] = await client.fetch_token(endpoint, code=code, code_verifier=attempt.verifier)
        except OAuthError as error:
            raise SignInFailed(f"the provider did not take the code: {error.error}") from error
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            raise ProviderUnavailable(f"no tokens from the provider: {type(error).__name__}") from error
        return token

    async def _userinfo(self, known: KnownIssuer, token: dict[str, Any], subject: str) -> dict[str, Any]:
        """What userinfo adds; nothing when it cannot be had, or is about somebody else (Core, section 5.3.2)."""
        url, access = (await known.metadata()).userinfo_endpoint, token.get("access_token")
        if url is None or not isinstance(access, str):
            return {}
        headers = {"authorization": f"Bearer {access}"}
        try:
            async with self._client("") as client:
                answer = await answered(
                    client, lambda: client.build_request("GET", url, headers=headers), known.settings.timeout
                )
            told = json_object(answer.body) if answer.status == httpx.codes.OK else {}
        except (ProviderUnavailable, ValueError):
            return {}
        return told if told.get("sub") == subject else {}

    def _client(self, callback: str, metadata: ProviderMetadata | None = None) -> Any:
        methods = metadata.token_endpoint_auth_methods_supported if metadata is not None else ()
        post = "client_secret_post" in methods and "client_secret_basic" not in methods
        method = "client_secret_post" if post else "client_secret_basic"
        return AsyncOAuth2Client(
            self._settings.client_id,
            self._settings.client_secret,
            token_endpoint_auth_method=method if self._settings.client_secret else "none",
            scope=" ".join(self._settings.scopes),
            redirect_uri=callback,
            code_challenge_method="S256",
            transport=self._transport,
            verify=tls(),
            timeout=self._known().settings.timeout,
            headers={"user-agent": USER_AGENT},
        )

    def _known(self) -> KnownIssuer:
        known = self._issuers.known(self._issuer)
        if known is None:
            raise ProviderUnavailable("the account page's issuer is not configured any more")
        return known


def _needed(endpoint: str | None, name: str) -> str:
    if endpoint is None:
        raise ProviderUnavailable(f"its metadata names no {name} that may be asked")
    return endpoint
