"""What a provider's introspection endpoint says of an opaque token (RFC 7662), and whether that makes it one for us."""

from collections.abc import Callable
from typing import Any

import httpx

from profilegate.auth.client_authentication import ClientAuthentication
from profilegate.auth.discovery import Discovery
from profilegate.auth.documents import Answer, answered
from profilegate.auth.json_object import json_object
from profilegate.auth.principal import VerifiedClaims
from profilegate.auth.tokens import check_audience, check_issuer, check_subject, check_times, check_use
from profilegate.errors import InvalidToken, ProviderSilent, ProviderUnavailable
from profilegate.settings import IntrospectionSettings, IssuerSettings

TOKEN_TYPES = frozenset({"bearer", "dpop"})

LIMIT = 65_536
"""Bytes of an answer. It is remembered, unlike a key set."""

# The provider is overloaded, or wants to hear less of us: not a matter of this one token.
BUSY = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})


class Introspection:
    """Asks one provider about one token at a time; `clock` gives Unix seconds."""

    def __init__(
        self,
        issuer: IssuerSettings,
        settings: IntrospectionSettings,
        discovery: Discovery,
        client: httpx.AsyncClient,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._endpoint = settings.endpoint
        self._discovery = discovery
        self._client = client
        self._clock = clock
        self._authentication = ClientAuthentication(settings, issuer.issuer, clock)

    async def claims(self, token: str) -> VerifiedClaims:
        """The claims of an active access token for us. Raises InvalidToken, or ProviderUnavailable.

        A provider that refuses our own credentials is unavailable: the caller's token is not to blame.
        """
        url = self._endpoint or (await self._discovery.metadata()).introspection_endpoint
        if url is None:
            self._discovery.outdated()
            raise ProviderUnavailable("its metadata names no introspection_endpoint that may be asked")
        form = {"token": token, "token_type_hint": "access_token"}

        def made() -> httpx.Request:
            return self._authentication.request(self._client, url, form)

        answer = await answered(self._client, made, self._issuer.timeout, LIMIT)
        return introspected(told(answer, url), self._issuer, self._clock())


def introspected(answer: dict[str, Any], issuer: IssuerSettings, now: float) -> VerifiedClaims:
    """The claims of an introspection answer. Raises InvalidToken unless it is about a current access token for us.

    A token without `sub` is its client's own. `exp` may be absent: the provider has said that it is active.
    """
    if answer.get("active") is not True:
        raise InvalidToken("the provider says that it is not active")
    claims = {name: value for name, value in answer.items() if value is not None}
    claims.setdefault("sub", claims.get("client_id"))
    if "iss" in claims:
        check_issuer(claims, issuer)
    _check_addressee(claims, issuer)
    check_subject(claims)
    check_use(claims)
    check_times({"exp": now + issuer.opaque_max_age, **claims}, issuer, now)
    return VerifiedClaims(claims)


def _check_addressee(claims: dict[str, Any], issuer: IssuerSettings) -> None:
    """Whether the token is for us: by its audience, else by its client, and then it must be called an access token.

    Providers tell about refresh tokens too, and not all of them say so; those have no audience of ours.
    """
    kind = claims.get("token_type")
    if "token_type" in claims and (not isinstance(kind, str) or kind.lower() not in TOKEN_TYPES):
        raise InvalidToken("not an access token")
    if isinstance(kind, str) and kind.lower() == "dpop" and "cnf" not in claims:
        raise InvalidToken("it is bound to a key, and the provider does not say to which")
    if claims.get("aud", []) != []:  # some providers write an empty list for none
        return check_audience(claims, issuer)
    if claims.get("client_id") not in issuer.clients:
        raise InvalidToken("it has no aud, and its client_id is not one of issuers.clients")
    if kind is None:
        raise InvalidToken("it has no aud and no token_type, so it may be a refresh token")
    return None


def told(answer: Answer, url: str) -> dict[str, Any]:
    """The JSON object of a 200 answer. Raises ProviderUnavailable, which does not repeat it, for any other."""
    if answer.status in BUSY:
        raise ProviderSilent(f"{url} answered {answer.status}")
    if answer.status != httpx.codes.OK:
        raise ProviderUnavailable(f"{url} answered {answer.status}")
    try:
        return json_object(answer.body)
    except ValueError:
        raise ProviderUnavailable(f"{url} did not answer with a JSON object") from None
