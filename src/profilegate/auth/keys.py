"""One issuer's keys: fetched when needed, kept while the provider is down, and never fetched more than is due.

State per worker: the keys and three times. N workers fetch N times as often, no more.
"""

import asyncio
import logging
from collections.abc import Callable

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
        if self._keys is None:
            await self._refresh()
        elif self._age() > self._issuer.key_max_age and not self._failing():
            self._start()  # the old keys serve meanwhile
        found = self._matching(key_id, algorithm)
        return found or await self._searched_for(key_id, algorithm)

    async def _searched_for(self, key_id: str | None, algorithm: str) -> tuple[SigningKey, ...]:
        """The keys after one more look at the provider. Only a search in vain begins the cool-down.

        So a real rotation is seen at once, however soon it follows another, and made-up ids cost little.
        """
        cooling = self._ticks() - self._vain < self._issuer.key_cooldown
        if self._fetching is not None or not cooling:
            await self._refresh()
        elif self._failing():
            raise ProviderUnavailable
        found = self._matching(key_id, algorithm)
        if not found and not cooling:
            self._vain = self._ticks()
        return found

    def _matching(self, key_id: str | None, algorithm: str) -> tuple[SigningKey, ...]:
        fitting = (
            key
            for key in self._keys or ()
            if algorithm in key.algorithms and (key_id is None or key.id is None or key.id == key_id)
        )
        return tuple(fitting)[:MOST_CANDIDATES]

    def _age(self) -> float:
        return self._ticks() - self._fetched

    def _failing(self) -> bool:
        return self._ticks() - self._failed < RETRY

    async def _refresh(self) -> None:
        """Fetch the keys, or wait for the fetch under way. A caller that goes away does not stop it."""
        if self._fetching is None and self._failing():
            raise ProviderUnavailable
        await asyncio.shield(self._start())

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
            log.warning("keys of %s: %s", self._issuer.issuer, getattr(error, "reason", "") or repr(error))

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(BUDGET):
                metadata = await discover(self._client, self._issuer.issuer, self._issuer.timeout)
                keys = signing_keys(await document(self._client, metadata.jwks_uri, self._issuer.timeout))
        except (TimeoutError, ValueError) as error:
            raise ProviderUnavailable(f"no usable key set: {error or 'too slow'}") from error
        if not keys:
            raise ProviderUnavailable("the key set has no key for signatures")
        self._keys, self._fetched = keys, self._ticks()
