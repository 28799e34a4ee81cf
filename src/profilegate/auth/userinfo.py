"""What a provider's userinfo endpoint says to the holder of an opaque token (OpenID Connect Core, section 5.3)."""

import asyncio
from typing import Any

import httpx

from profilegate.auth.discovery import Discovery
from profilegate.auth.documents import answered
from profilegate.auth.introspection import LIMIT, told
from profilegate.auth.opaque import BUDGET, MOST_LOOKUPS
from profilegate.auth.principal import VerifiedClaims
from profilegate.auth.tokens import check_subject
from profilegate.errors import InvalidToken, ProviderUnavailable
from profilegate.settings import IssuerSettings

# What a provider answers to a token that it does not take (RFC 6750, section 3.1).
REFUSED = frozenset({400, 401, 403})


class Userinfo:
    """Asks one provider with the token itself. It learns the user, but not when, for whom and for what it was issued.

    A token that is bound to a key cannot be used so: the provider wants a proof that only the client can make.
    """

    def __init__(self, issuer: IssuerSettings, discovery: Discovery, client: httpx.AsyncClient) -> None:
        self._issuer = issuer
        self._discovery = discovery
        self._client = client
        self._turns = asyncio.Semaphore(MOST_LOOKUPS)

    async def claims(self, token: str) -> VerifiedClaims:
        """The user's claims, as far as they make a caller. Raises as `answer` does."""
        # Nothing that the provider may say of a user is to be taken for something that it says of the token.
        claims = await self.answer(token)
        return VerifiedClaims({name: value for name, value in claims.items() if name not in ABOUT_TOKENS})

    async def answer(self, token: str) -> dict[str, Any]:
        """What the provider says, all of it; `sub` is there and is a text.

        Raises InvalidToken when the provider does not take the token, or ProviderUnavailable.
        """
        url = (await self._discovery.metadata()).userinfo_endpoint
        if url is None:
            self._discovery.outdated()
            raise ProviderUnavailable("its metadata names no userinfo_endpoint that may be asked")
        headers = {"authorization": f"Bearer {token}"}

        def made() -> httpx.Request:
            return self._client.build_request("GET", url, headers=headers)

        try:
            async with asyncio.timeout(BUDGET), self._turns:
                answer = await answered(self._client, made, self._issuer.timeout, LIMIT)
        except TimeoutError:
            raise ProviderUnavailable("too many questions at once") from None
        if answer.status in REFUSED:
            raise InvalidToken("the provider's userinfo endpoint does not take it")
        claims = told(answer, url)
        check_subject(claims)
        return claims


ABOUT_TOKENS = frozenset({"aud", "azp", "client_id", "cnf", "exp", "gty", "iat", "iss", "nbf", "scope", "scp"})
