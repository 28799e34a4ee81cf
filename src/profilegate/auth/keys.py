"""One issuer's keys: fetched when needed, kept while the provider is down, and never fetched more than is due."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import httpx

from profilegate.auth.discovery import Discovery
from profilegate.auth.documents import document
from profilegate.auth.key_set import SigningKey, signing_keys
from profilegate.auth.refreshed import RETRY, Refreshed
from profilegate.errors import ProviderUnavailable
from profilegate.settings import IssuerSettings

# Seconds for discovery and key set together: every caller is answered within five.
BUDGET = 4.5

# Without a key id, or with ids used twice, several keys may fit. Trying many would be work for an attacker.
MOST_CANDIDATES = 4


class Keys:
    """The key cache of one issuer. `ticks` is a clock in seconds that never goes back; `fetched` counts what came of
    each look at the provider.

    State per worker: the keys and when they were fetched or searched in vain; bounded by `key_set.MOST_KEYS`.
    """

    def __init__(
        self,
        issuer: IssuerSettings,
        discovery: Discovery,
        client: httpx.AsyncClient,
        ticks: Callable[[], float],
        fetched: Counter[str] | None = None,
    ) -> None:
        self._issuer = issuer
        self._discovery = discovery
        self._client = client
        self._ticks = ticks
        self._set = Refreshed(f"keys of {issuer.issuer}", self._fetch, issuer.key_max_age, ticks)
        self._vain = float("-inf")
        self._fetched: Counter[str] = Counter() if fetched is None else fetched

    async def candidates(self, key_id: str | None, algorithm: str) -> tuple[SigningKey, ...]:
        """The keys that a token with this header may be signed by; none when the issuer has no such key.

        An unknown id causes one fetch for all who wait; if that is in vain, none for the cool-down. Raises
        ProviderUnavailable when the key is not known and the provider does not answer.
        """
        waited = await self._set.made_current()
        found = self._matching(key_id, algorithm)
        if found:
            return found
        if not waited:
            return await self.searched(key_id, algorithm)
        if self._set.failing:
            raise ProviderUnavailable
        self._vain = self._ticks()
        return ()

    async def searched(self, key_id: str | None, algorithm: str, tried: Collection[str] = ()) -> tuple[SigningKey, ...]:
        """Keys besides those `tried` (by thumbprint), after one more look at the provider.

        Only a search in vain begins the cool-down: a real rotation is seen at once, however soon it follows
        another and even under the same key id, unless made-up key ids came just before; then after the cool-down.
        """
        if tried and self._set.age < RETRY:
            return ()  # these are the newest keys there are
        cooling = self._ticks() - self._vain < self._issuer.key_cooldown
        if self._set.is_fetching or not cooling:
            await self._set.refresh()
        elif self._set.failing:
            raise ProviderUnavailable
        found = tuple(key for key in self._matching(key_id, algorithm) if key.thumbprint not in tried)
        if not found and not cooling:
            self._vain = self._ticks()
        return found

    @property
    def known(self) -> tuple[SigningKey, ...]:
        """The key set as it was last fetched."""
        return self._set.value or ()

    def still(self, keys: Sequence[SigningKey]) -> bool:
        """Whether the key set is the very one that these are, and no look at the provider is due."""
        return self._set.value is keys and not self._set.is_due()

    def inherit(self, other: "Keys") -> None:
        """Begin with the keys of the same issuer under other settings."""
        self._set.inherit(other._set)

    def close(self) -> None:
        """Give up a fetch under way."""
        self._set.close()

    def _matching(self, key_id: str | None, algorithm: str) -> tuple[SigningKey, ...]:
        """The keys that fit, those that carry the id before those without one."""
        fitting = [key for key in self._set.value or () if algorithm in key.algorithms]
        if key_id is not None:
            named = [key for key in fitting if key.id == key_id]
            fitting = named + [key for key in fitting if key.id is None]
        return tuple(fitting[:MOST_CANDIDATES])

    async def _fetch(self) -> tuple[SigningKey, ...]:
        try:
            keys = await self._asked()
        except Exception:
            self._fetched["failed"] += 1
            raise
        self._fetched["ok"] += 1
        return self.known if said_of(keys) == said_of(self.known) else keys

    async def _asked(self) -> tuple[SigningKey, ...]:
        async with asyncio.timeout(BUDGET):
            metadata = await self._discovery.metadata()
            try:
                keys = signing_keys(await document(self._client, metadata.jwks_uri, self._issuer.timeout))
            except ProviderUnavailable:
                self._discovery.outdated()  # the keys may have moved
                raise
        if not keys:
            raise ProviderUnavailable("the key set has no key for signatures")
        return keys


def said_of(keys: Sequence[SigningKey]) -> set[tuple[str | None, str, frozenset[str]]]:
    """What a key set says. One that says the same vouches for the same tokens, so it need not take another's place."""
    return {(each.id, each.thumbprint, each.algorithms) for each in keys}
