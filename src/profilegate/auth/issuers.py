"""Whose token is it? The only place that knows all issuers."""

import time
from collections.abc import Callable, Sequence

import httpx

from profilegate.auth.keys import Keys
from profilegate.auth.principal import Principal, principal_of
from profilegate.auth.tokens import check_header, parsed, verified
from profilegate.errors import InvalidToken
from profilegate.settings import IssuerSettings

USER_AGENT = "profilegate"


class Issuers:
    """The configured issuers with their keys. `clock` gives Unix seconds; `ticks` never goes back."""

    def __init__(
        self,
        issuers: Sequence[IssuerSettings],
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(transport=transport, headers={"user-agent": USER_AGENT}, trust_env=True)
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
        candidates = await keys.candidates(unverified.key_id, unverified.algorithm)
        return principal_of(verified(unverified, candidates, issuer, self._clock()), issuer)

    async def close(self) -> None:
        """Close the connections to the providers."""
        await self._client.aclose()

    def _of(self, issuer: str) -> tuple[IssuerSettings, Keys]:
        try:
            return self._known[issuer]
        except KeyError:
            raise InvalidToken("the issuer is not known here") from None
