"""Whose token is it? The only place that knows all issuers."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

import httpx

from profilegate.auth.issuer import KnownIssuer
from profilegate.auth.jws import LIMIT, is_jwt, parsed
from profilegate.auth.principal import Principal, principal_of
from profilegate.auth.remembered import RememberedTokens
from profilegate.auth.tokens import validity
from profilegate.errors import InvalidToken
from profilegate.settings import IssuerSettings

PORT = re.compile(r":\d*$")


class Issuers:
    """The configured issuers with what is known of them. `clock` gives Unix seconds; `ticks` never goes back.

    `fetched` counts the key sets that were asked for: "ok" and "failed".
    """

    def __init__(
        self,
        issuers: Sequence[IssuerSettings],
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._ticks = ticks
        self._transport = transport
        self._known: dict[str, KnownIssuer] = {}
        self._retired: list[KnownIssuer] = []
        self._closing: set[asyncio.Future[None]] = set()
        self.tokens = RememberedTokens(clock)
        self.fetched: Counter[str] = Counter()
        self.replace(issuers)

    def replace(self, issuers: Sequence[IssuerSettings]) -> None:
        """Know these issuers from now on. What is known of those whose settings stay the same stays known.

        Requests under way go on with the issuer that they began with.
        """
        known = [self._kept(each) or self._new(each) for each in issuers]
        self.tokens.clear()
        self._retire([each for each in self._known.values() if each not in known])
        self._known = {each.settings.issuer: each for each in known}
        self._opaque = {host: each for each in known if each.opaque for host in each.settings.hosts or ("",)}

    @property
    def settings(self) -> list[IssuerSettings]:
        """Of the issuers that are known now."""
        return [each.settings for each in self._known.values()]

    async def principal(self, token: bytes, host: str = "") -> Principal:
        """Who an access token says is calling, checked; `host` is the request's, which decides about opaque tokens.

        Raises InvalidToken or ExpiredToken; ProviderUnavailable when the provider is needed and cannot be had.
        An unknown issuer, and a header that could never pass, cost no network call. What the token is bound to,
        and the user's standing, are for the gate to check.
        """
        if len(token) <= LIMIT and not is_jwt(token):
            return await self._opaque_principal(token, host)
        known = self.remembered(token)
        if known is None:
            return await self._verified_principal(token)
        self.tokens.hits += 1
        return known

    def remembered(self, token: bytes) -> Principal | None:
        """Who a JWT says is calling, where it was verified before and is still good; None says nothing about it."""
        known = self.tokens.good(token)
        return None if known is None else known.principal

    async def close(self) -> None:
        """Give up what is under way and close the connections to the providers. It can be used again after that."""
        settings, ended = self.settings, [*self._known.values(), *self._retired]
        self._known, self._retired = {}, []
        self.replace(settings)
        for each in ended:
            await each.close()

    def named(self, issuer: str) -> KnownIssuer:
        """The issuer that a token names. Raises InvalidToken for one that is not configured."""
        try:
            return self._known[issuer]
        except KeyError:
            raise InvalidToken("the issuer is not known here") from None

    def known(self, issuer: str) -> KnownIssuer | None:
        """The issuer of this name, if there is one now."""
        return self._known.get(issuer)

    def at(self, host: str) -> KnownIssuer | None:
        """The issuer whose opaque tokens are taken at this host, given with or without a port."""
        host = host.lower()
        name = PORT.sub("", host).removesuffix(".")
        return self._opaque.get(host) or self._opaque.get(name) or self._opaque.get("")

    def _retire(self, replaced: list[KnownIssuer]) -> None:
        """Close those that were replaced before these; requests that began with them have ended since."""
        ended, self._retired = self._retired, replaced
        with suppress(RuntimeError):  # where no loop runs nothing is open
            asyncio.get_running_loop()
            self._close(ended)

    def _close(self, ended: list[KnownIssuer]) -> None:
        for each in ended:
            closing = asyncio.ensure_future(each.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    def _kept(self, settings: IssuerSettings) -> KnownIssuer | None:
        known = self._known.get(settings.issuer)
        return known if known is not None and known.settings == settings else None

    def _new(self, settings: IssuerSettings) -> KnownIssuer:
        new = KnownIssuer(settings, self._clock, self._ticks, self._transport, self.fetched)
        if (before := self._known.get(settings.issuer)) is not None:
            new.inherit(before)
        return new

    async def _verified_principal(self, token: bytes) -> Principal:
        unverified = parsed(token)
        issuer = self.named(unverified.issuer)
        claims = await issuer.verified(unverified)
        principal = principal_of(claims, issuer.settings)
        if self._known.get(issuer.settings.issuer) is issuer:
            self.tokens.remember(token, principal, issuer, validity(claims, issuer.settings))
        return principal

    async def _opaque_principal(self, token: bytes, host: str) -> Principal:
        issuer = self.at(host)
        if issuer is None or issuer.opaque is None:
            raise InvalidToken("not a JWT, and no issuer takes opaque tokens here")
        return principal_of(await issuer.opaque.claims(token), issuer.settings, issuer.source)
