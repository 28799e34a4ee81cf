"""Opaque tokens: the provider is asked about each, once for all who wait, and its answer holds for a short while."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from cachetools import TLRUCache, TTLCache

from profilegate.auth.principal import VerifiedClaims
from profilegate.auth.refreshed import RETRY
from profilegate.errors import InvalidToken, ProviderSilent, ProviderUnavailable
from profilegate.settings import IssuerSettings

# RFC 6750, section 2.1. Whatever else was sent is no token of anybody's.
GRAMMAR = re.compile(rb"[A-Za-z0-9._~+/-]+=*", re.ASCII)

LONGEST = 4096
"""Bytes. Providers' opaque tokens have a few dozen; Auth0's encrypted ones hundreds."""

MOST_KNOWN = 16 * 1_048_576
"""Bytes of the answers about good tokens that one worker remembers, as JSON; some 10,000 of the usual size."""

OVERHEAD = 512
"""Bytes that an entry takes besides its answer."""

MOST_REFUSED = 10_000
"""Bad ones, about 200 bytes each. They have a place of their own: made-up tokens cannot push out good ones."""

REFUSED_SECONDS = 10.0

MOST_LOOKUPS = 32
"""Requests to the provider at once."""

MOST_WAITING = 1_000
"""Tokens that are being asked about or wait for it."""

MOST_SILENCES = 3
"""Tokens in a row about which there was no answer, before others are not asked about for a while. One or two may be
the fault of what was asked: anybody can make a token up that a provider's firewall swallows."""

BUDGET = 4.5
"""Seconds for one answer, waiting for a turn included."""

Digest = bytes
Ask = Callable[[str], Awaitable[VerifiedClaims]]


class OpaqueTokens:
    """One issuer's opaque tokens. `ask` is introspection or userinfo, `clock` Unix seconds, `ticks` a steady clock.

    State per worker: digests of tokens with the provider's answers, both bounded, for at most `opaque_max_age`
    seconds and never past `exp`. N workers ask N times; a revoked token may pass for that long.
    """

    def __init__(
        self, issuer: IssuerSettings, ask: Ask, clock: Callable[[], float], ticks: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._ticks = ticks
        self._max_age = issuer.opaque_max_age
        self._known: TLRUCache[Digest, VerifiedClaims] = TLRUCache(MOST_KNOWN, self._until, ticks, _size)
        self._refused: TTLCache[Digest, InvalidToken] = TTLCache(MOST_REFUSED, REFUSED_SECONDS, ticks)
        self._asking: dict[Digest, asyncio.Task[VerifiedClaims]] = {}
        self._turns = asyncio.Semaphore(MOST_LOOKUPS)
        self._failed = float("-inf")
        self._silences = 0

    async def claims(self, token: bytes) -> VerifiedClaims:
        """What the provider says of the token, now or within the last `opaque_max_age` seconds.

        Raises InvalidToken, or ProviderUnavailable within five seconds.
        """
        if len(token) > LONGEST or not GRAMMAR.fullmatch(token):
            raise InvalidToken("neither a JWT nor an opaque token")
        digest = hashlib.sha256(token).digest()  # the tokens themselves are not kept
        known = self._known.get(digest)
        if known is not None:
            return known
        if (refused := self._refused.get(digest)) is not None:
            raise another(refused)
        return await self._shared(digest, token)

    def close(self) -> None:
        """Give up the requests under way."""
        for each in self._asking.values():
            each.cancel()

    async def _shared(self, digest: Digest, token: bytes) -> VerifiedClaims:
        """One request for all who ask about this token. A caller that goes away does not stop it."""
        asking = self._asking.get(digest)
        if asking is None:
            self._refuse_hopeless()
            asking = self._asking[digest] = asyncio.create_task(self._asked(digest, token))
            asking.add_done_callback(lambda task: self._finished(digest, task))
        try:
            return await asyncio.shield(asking)
        except (InvalidToken, ProviderUnavailable) as error:
            raise another(error) from None

    def _refuse_hopeless(self) -> None:
        """Raise ProviderUnavailable while the provider is silent, but for one question that finds out whether it is."""
        if self._silences >= MOST_SILENCES and (self._ticks() - self._failed < RETRY or self._asking):
            raise ProviderUnavailable("the provider left the last questions about tokens unanswered")
        if len(self._asking) >= MOST_WAITING:
            raise ProviderUnavailable("too many lookups at once")

    async def _asked(self, digest: Digest, token: bytes) -> VerifiedClaims:
        try:
            async with asyncio.timeout(BUDGET), self._turns:
                claims = await self._ask(token.decode("ascii"))
        except InvalidToken as error:
            self._refused[digest] = another(error)
            raise
        except TimeoutError:
            raise ProviderUnavailable("too many lookups at once") from None
        except ProviderUnavailable:
            raise
        except Exception as error:
            # Whatever an answer, or a library reading it, comes up with: it is no fault of the caller's.
            raise ProviderUnavailable(f"nothing usable: {type(error).__name__}") from error
        self._known[digest] = claims
        return claims

    def _finished(self, digest: Digest, task: "asyncio.Task[VerifiedClaims]") -> None:
        self._asking.pop(digest, None)
        if task.cancelled():
            return
        if isinstance(task.exception(), ProviderSilent):
            self._silences, self._failed = self._silences + 1, self._ticks()
        else:
            self._silences = 0

    def _until(self, _: Digest, claims: VerifiedClaims, now: float) -> float:
        """When the answer ends, in ticks."""
        expires = claims.get("exp")
        left = self._max_age if expires is None else min(self._max_age, float(expires) - self._clock())
        return now + left


def _size(claims: VerifiedClaims) -> int:
    return OVERHEAD + len(msgspec.json.encode(claims))


E = TypeVar("E", bound=InvalidToken | ProviderUnavailable)


def another(error: E) -> E:
    """The same error for one more caller: a raised one carries its trace, and grows with each who raises it again."""
    return type(error)(error.reason)
