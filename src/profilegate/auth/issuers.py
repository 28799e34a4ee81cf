"""Whose token is it? The only place that knows all issuers."""

import time
from collections.abc import Callable, Sequence
from http.cookiejar import DefaultCookiePolicy

import httpx

from profilegate.auth.keys import Keys
from profilegate.auth.principal import Principal, VerifiedClaims, principal_of
from profilegate.auth.tokens import UnknownSignature, UnverifiedToken, check_header, parsed, verified
from profilegate.errors import InvalidToken
from profilegate.settings import IssuerSettings

USER_AGENT = "profilegate"

# Providers on this machine are asked directly, whatever proxy the environment names.
DIRECT: dict[str, httpx.AsyncBaseTransport | None] = dict.fromkeys(
    ("all://127.0.0.1", "all://localhost", "all://[::1]")
)


class Issuers:
    """The configured issuers with their keys. `clock` gives Unix seconds; `ticks` never goes back."""

    def __init__(
        self,
        issuers: Sequence[IssuerSettings],
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(transport=transport, headers={"user-agent": USER_AGENT}, mounts=DIRECT)
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # nothing here needs one
        self._clock = clock
        self._known = {each.issuer: (each, Keys(each, self._client, ticks)) for each in issuers}

    async def principal(self, token: bytes) -> Principal:
        """Who a JWT access token says is calling, checked.

        Raises InvalidToken or ExpiredToken; ProviderUnavailable when the keys cannot be had. An unknown
        issuer, and a header that could never pass, cost no network call.
        """
        unverified = parsed(token)
        issuer, keys = self._of(unverified.issuer)
        check_header(unverified, issuer)
        return principal_of(await self._verified(unverified, issuer, keys), issuer)

    async def close(self) -> None:
        """Give up what is under way and close the connections to the providers."""
        for _, keys in self._known.values():
            keys.close()
        await self._client.aclose()

    async def _verified(self, token: UnverifiedToken, issuer: IssuerSettings, keys: Keys) -> VerifiedClaims:
        """The claims; a signature by no known key is tried once more with keys that are new at the provider."""
        candidates = await keys.candidates(token.key_id, token.algorithm)
        try:
            return verified(token, candidates, issuer, self._clock())
        except UnknownSignature:
            if not candidates:
                raise
            tried = {key.thumbprint for key in candidates}
            newer = await keys.searched(token.key_id, token.algorithm, tried)
            return verified(token, newer, issuer, self._clock())

    def _of(self, issuer: str) -> tuple[IssuerSettings, Keys]:
        try:
            return self._known[issuer]
        except KeyError:
            raise InvalidToken("the issuer is not known here") from None
