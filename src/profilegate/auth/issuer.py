"""One issuer and what is known of its provider: metadata, keys, answers about opaque tokens."""

from collections.abc import Callable

import httpx

from profilegate.auth.discovery import Discovery
from profilegate.auth.introspection import Introspection
from profilegate.auth.jws import UnverifiedToken
from profilegate.auth.keys import Keys
from profilegate.auth.opaque import OpaqueTokens
from profilegate.auth.principal import Source, VerifiedClaims
from profilegate.auth.tokens import UnknownSignature, check_header, verified
from profilegate.auth.userinfo import Userinfo
from profilegate.settings import IssuerSettings


class KnownIssuer:
    """The issuer's `settings`, its `keys`, and its `opaque` tokens where it has any."""

    def __init__(
        self,
        settings: IssuerSettings,
        client: httpx.AsyncClient,
        clock: Callable[[], float],
        ticks: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._discovery = Discovery(settings, client, ticks)
        self.keys = Keys(settings, self._discovery, client, ticks)
        self.source: Source = "jwt"
        self.opaque: OpaqueTokens | None = None
        if settings.introspection is not None:
            asked = Introspection(settings, settings.introspection, self._discovery, client, clock)
            self.source, self.opaque = "introspection", OpaqueTokens(settings, asked.claims, clock, ticks)
        elif settings.userinfo:
            told = Userinfo(settings, self._discovery, client)
            self.source, self.opaque = "userinfo", OpaqueTokens(settings, told.claims, clock, ticks)

    async def verified(self, token: UnverifiedToken) -> VerifiedClaims:
        """The claims of a JWT; a signature by no known key is tried once more with keys that are new at the provider.

        Raises InvalidToken, ExpiredToken or ProviderUnavailable.
        """
        check_header(token, self.settings)
        candidates = await self.keys.candidates(token.key_id, token.algorithm)
        try:
            return verified(token, candidates, self.settings, self._clock())
        except UnknownSignature:
            if not candidates:
                raise
            tried = {key.thumbprint for key in candidates}
            newer = await self.keys.searched(token.key_id, token.algorithm, tried)
            return verified(token, newer, self.settings, self._clock())

    def close(self) -> None:
        """Give up the requests under way."""
        self._discovery.close()
        self.keys.close()
        if self.opaque is not None:
            self.opaque.close()
