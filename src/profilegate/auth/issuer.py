"""One issuer and what is known of its provider: metadata, keys, answers about opaque tokens."""

import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import httpx

from profilegate.auth.discovery import Discovery, ProviderMetadata
from profilegate.auth.id_tokens import IdTokenExpectations, verified_id_token
from profilegate.auth.introspection import Introspection
from profilegate.auth.jws import UnverifiedToken
from profilegate.auth.key_set import SigningKey
from profilegate.auth.keys import Keys
from profilegate.auth.opaque import MOST_LOOKUPS, OpaqueTokens
from profilegate.auth.principal import Source, VerifiedClaims
from profilegate.auth.tokens import UnknownSignature, check_algorithm, check_header, verified
from profilegate.auth.userinfo import Userinfo
from profilegate.identifiers import is_loopback
from profilegate.settings import IssuerSettings

USER_AGENT = "profilegate"

CONNECTING = 0.8
"""The share of a request's time that a connection may take. A handshake that ends by itself closes its socket; one
that is broken off with the whole request leaves that to the garbage collector."""

FEW = httpx.Limits(max_connections=20, max_keepalive_connections=4)

SPARE = 4
"""Connections for keys and metadata, when all that ask about tokens and users are taken."""


class KnownIssuer:
    """The issuer's `settings`, its `keys`, its `userinfo`, and its `opaque` tokens where it has any.

    Its connections are its own, so that a provider that hangs takes none from the others.
    """

    def __init__(
        self,
        settings: IssuerSettings,
        clock: Callable[[], float],
        ticks: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
        fetched: Counter[str] | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._client = client = connected(settings, transport)
        self._discovery = Discovery(settings, client, ticks)
        self.keys = Keys(settings, self._discovery, client, ticks, fetched)
        self.userinfo = Userinfo(settings, self._discovery, client)
        self.source: Source = "jwt"
        self.opaque: OpaqueTokens | None = None
        if settings.introspection is not None:
            asked = Introspection(settings, settings.introspection, self._discovery, client, clock)
            self.source, self.opaque = "introspection", OpaqueTokens(settings, asked.claims, clock, ticks)
        elif settings.userinfo:
            self.source, self.opaque = "userinfo", OpaqueTokens(settings, self.userinfo.claims, clock, ticks)

    async def verified(self, token: UnverifiedToken) -> VerifiedClaims:
        """The claims of a JWT; a signature by no known key is tried once more with keys that are new at the provider.

        Raises InvalidToken, ExpiredToken or ProviderUnavailable.
        """
        check_header(token, self.settings)
        return await self._with_keys(token, lambda keys: verified(token, keys, self.settings, self._clock()))

    async def id_token(self, token: UnverifiedToken, client_id: str, nonce: str) -> VerifiedClaims:
        """The claims of an ID token for this client, of the sign-in with this nonce. Raises as `verified` does."""
        expected = IdTokenExpectations(self.settings, client_id, nonce)
        check_algorithm(token, self.settings)
        return await self._with_keys(token, lambda keys: verified_id_token(token, keys, expected, self._clock()))

    async def metadata(self) -> ProviderMetadata:
        """What the provider says of itself. Raises ProviderUnavailable."""
        return await self._discovery.metadata()

    async def _with_keys(
        self, token: UnverifiedToken, check: Callable[[Sequence[SigningKey]], VerifiedClaims]
    ) -> VerifiedClaims:
        candidates = await self.keys.candidates(token.key_id, token.algorithm)
        try:
            return check(candidates)
        except UnknownSignature:
            if not candidates:
                raise
            tried = {key.thumbprint for key in candidates}
            return check(await self.keys.searched(token.key_id, token.algorithm, tried))

    def inherit(self, other: "KnownIssuer") -> None:
        """Begin with the keys of the same issuer under other settings, where these say the same about whom to ask."""
        if (self.settings.issuer, self.settings.origins) == (other.settings.issuer, other.settings.origins):
            self.keys.inherit(other.keys)

    async def close(self) -> None:
        """Give up the requests under way and close the connections to the provider."""
        self._discovery.close()
        self.keys.close()
        if self.opaque is not None:
            self.opaque.close()
        await self._client.aclose()


def connected(settings: IssuerSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """A client for one provider. One on this machine is asked directly, whatever proxy the environment names."""
    limits = httpx.Limits(max_connections=2 * MOST_LOOKUPS + SPARE, max_keepalive_connections=SPARE)
    return client_of(settings.issuer, settings.timeout, transport, limits)


def client_of(
    url: str, timeout: float, transport: httpx.AsyncBaseTransport | None, limits: httpx.Limits = FEW
) -> httpx.AsyncClient:
    """For requests to this place, each of at most `timeout` seconds. Keeps no cookies."""
    client = httpx.AsyncClient(
        transport=transport,
        verify=tls(),
        timeout=httpx.Timeout(timeout, connect=CONNECTING * timeout),
        trust_env=not is_loopback(urlsplit(url).hostname or ""),
        limits=limits,
        headers={"user-agent": USER_AGENT},
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # nothing here needs one
    return client


@cache
def tls() -> ssl.SSLContext:
    """The authorities that are trusted, read once: it takes some 30 milliseconds."""
    return httpx.create_ssl_context()
