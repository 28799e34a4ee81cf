"""One issuer's keys: fetched when needed, kept while the provider is down, and never fetched more than is due.

State per worker: the keys and three times. N workers fetch N times as often, no more.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

import httpx

from profilegate.auth.discovery import discover
from profilegate.auth.documents import document
from profilegate.auth.key_set import SigningKey, signing_keys
from profilegate.errors import ProviderUnavailable
from profilegate.settings import IssuerSettings

log = logging.getLogger("profilegate.auth.keys")

# Seconds between two tries while the provider does not answer.
RETRY = 2.0

# Seconds for discovery and key set together: every caller is answered within five.
BUDGET = 4.5

# Without a key id, or with ids used twice, several keys may fit. Trying many would be work for an attacker.
MOST_CANDIDATES = 4


# Characters of a reason in the log. Part of it may be the provider's own text.
LONGEST_REASON = 200


class Keys:
    """The key cache of one issuer. `ticks` is a clock in seconds that never goes back."""

    def __init__(self, issuer: IssuerSettings, client: httpx.AsyncClient, ticks: Callable[[], float]) -> None:
        self._issuer = issuer
        self._client = client
        self._ticks = ticks
        self._keys: tuple[SigningKey, ...] | None = None
        self._fetched = self._failed = self._vain = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def candidates(self, key_id: str | None, algorithm: str) -> tuple[SigningKey, ...]:
        """The keys that a token with this header may be signed by; none when the issuer has no such key.

        An unknown id causes one fetch for all who wait; if that is in vain, none for the cool-down. Raises
        ProviderUnavailable when the key is not known and the provider does not answer.
        """
        waited = await self._made_current()
        found = self._matching(key_id, algorithm)
        if found:
            return found
        if not waited:
            return await self.searched(key_id, algorithm)
        if self._failing():
            raise ProviderUnavailable
        self._vain = self._ticks()
        return ()

    async def searched(self, key_id: str | None, algorithm: str, tried: Collection[str] = ()) -> tuple[SigningKey, ...]:
        """Keys besides those `tried` (by thumbprint), after one more look at the provider.

        Only a search in vain begins the cool-down: a real rotation is seen at once, however soon it follows
        another and even under the same key id, and made-up tokens cost the provider little.
        """
        if tried and self._age() < RETRY:
            return ()  # these are the newest keys there are
        cooling = self._ticks() - self._vain < self._issuer.key_cooldown
        if self._fetching is not None or not cooling:
            await self._refresh()
        elif self._failing():
            raise ProviderUnavailable
        found = tuple(key for key in self._matching(key_id, algorithm) if key.thumbprint not in tried)
        if not found and not cooling:
            self._vain = self._ticks()
        return found

    def close(self) -> None:
        """Give up a fetch under way."""
        if self._fetching is not None:
            self._fetching.cancel()

    async def _made_current(self) -> bool:
        """Whether this caller had to wait for a fetch.

        Ageing keys serve while new ones are fetched. Keys that nobody has asked about for long may have been
        withdrawn, so they are believed again only when the provider does not answer; one caller finds that out.
        """
        if self._keys is None:
            await self._refresh()
            return True
        if self._age() <= self._issuer.key_max_age or self._failing():
            return False
        fetching = self._start()
        if self._age() <= 2 * self._issuer.key_max_age or self._failed > self._fetched:
            return False
        await asyncio.wait([fetching])
        return True

    def _matching(self, key_id: str | None, algorithm: str) -> tuple[SigningKey, ...]:
        """The keys that fit, those that carry the id before those without one."""
        fitting = [key for key in self._keys or () if algorithm in key.algorithms]
        if key_id is not None:
            named = [key for key in fitting if key.id == key_id]
            fitting = named + [key for key in fitting if key.id is None]
        return tuple(fitting[:MOST_CANDIDATES])

    def _age(self) -> float:
        return self._ticks() - self._fetched

    def _failing(self) -> bool:
        return self._ticks() - self._failed < RETRY

    async def _refresh(self) -> None:
        """Fetch the keys, or wait for the fetch under way. A caller that goes away does not stop it."""
        if self._fetching is None and self._failing():
            raise ProviderUnavailable
        try:
            await asyncio.shield(self._start())
        except ProviderUnavailable as error:
            raise ProviderUnavailable(error.reason) from None  # one of its own for each who waited

    def _start(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._finished)
        return self._fetching

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._failed = self._ticks()
            log.warning(
                "keys of %s: %s", self._issuer.issuer, (getattr(error, "reason", "") or repr(error))[:LONGEST_REASON]
            )

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(BUDGET):
                metadata = await discover(self._client, self._issuer.issuer, self._issuer.timeout)
                keys = signing_keys(await document(self._client, metadata.jwks_uri, self._issuer.timeout))
        except ProviderUnavailable:
            raise
        except Exception as error:
            # Whatever a provider's answer, or a library reading it, comes up with: it is no fault of the caller's.
            raise ProviderUnavailable(f"no usable key set: {type(error).__name__}") from error
        if not keys:
            raise ProviderUnavailable("the key set has no key for signatures")
        self._keys, self._fetched = keys, self._ticks()
