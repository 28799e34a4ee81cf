"""Something that a provider publishes: fetched when needed, kept while the provider is down, shared by all who wait."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from profilegate.errors import ProviderUnavailable

log = logging.getLogger("profilegate.auth.refreshed")

# Seconds between two tries while the provider does not answer.
RETRY = 2.0

# Seconds for which a value is believed while the provider does not answer: an outage ends within a day, and a key
# that was withdrawn must.
LONGEST = 86_400.0

# Characters of a reason in the log. Part of it may be the provider's own text.
LONGEST_REASON = 200

T = TypeVar("T")


class Refreshed(Generic[T]):
    """One value of one provider. `fetch` gets it anew or raises; `max_age` is in seconds of `ticks`.

    State per worker: the value, two times and the fetch under way. N workers fetch N times as often, no more.
    """

    def __init__(
        self, name: str, fetch: Callable[[], Awaitable[T]], max_age: float, ticks: Callable[[], float]
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._max_age = max_age
        self._ticks = ticks
        self._fetched = self._failed = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._is_outdated = False
        self.value: T | None = None

    async def current(self) -> T:
        """The value, not older than is due unless the provider is down. Raises ProviderUnavailable without any."""
        await self.made_current()
        if self.value is None:
            raise ProviderUnavailable
        return self.value

    async def made_current(self) -> bool:
        """Fetch the value if one is due, and say whether this caller had to wait for that.

        An ageing value serves while a new one is fetched. One that nobody has asked about for long may have been
        withdrawn, so it is believed again only when the provider does not answer; one caller finds that out.
        """
        if self.value is None:
            await self.refresh()
            return True
        if self._is_outdated and not self.failing:
            with suppress(ProviderUnavailable):
                await self.refresh()
            return True
        if self.age > LONGEST:
            self.value = None  # too old to be believed
            await self.refresh()
            return True
        if self.age <= self._max_age or self.failing:
            return False
        fetching = self._start()
        if self.age <= 2 * self._max_age or self._failed > self._fetched:
            return False
        await asyncio.wait([fetching])
        return True

    async def refresh(self) -> None:
        """Fetch the value, or wait for the fetch under way. A caller that goes away does not stop it.

        Raises ProviderUnavailable, without asking, when the provider failed within the last RETRY seconds.
        """
        if not self.is_fetching and self.failing:
            raise ProviderUnavailable
        try:
            await asyncio.shield(self._start())
        except ProviderUnavailable as error:
            raise ProviderUnavailable(error.reason) from None  # one of its own for each who waited

    def outdated(self) -> None:
        """What was fetched has proven wrong: the next caller waits for a new one, unless it has only just come."""
        self._is_outdated = self.age >= RETRY

    def inherit(self, other: "Refreshed[T]") -> None:
        """Begin with another's value and its age."""
        self.value, self._fetched = other.value, other._fetched

    def close(self) -> None:
        """Give up a fetch under way."""
        if self._fetching is not None:
            self._fetching.cancel()

    @property
    def age(self) -> float:
        """Seconds since the value was fetched."""
        return self._ticks() - self._fetched

    @property
    def failing(self) -> bool:
        """Whether the provider has just been asked in vain, so that it is too early to ask again."""
        return self._ticks() - self._failed < RETRY

    def is_due(self) -> bool:
        """Whether `made_current` would ask the provider."""
        age = self._ticks() - self._fetched
        if self.value is None or age > LONGEST:
            return True
        return (age > self._max_age or self._is_outdated) and not self.failing

    @property
    def is_fetching(self) -> bool:
        return self._fetching is not None

    def _start(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._store())
            self._fetching.add_done_callback(self._finished)
        return self._fetching

    async def _store(self) -> None:
        try:
            self.value = await self._fetch()
        except ProviderUnavailable:
            raise
        except Exception as error:
            # Whatever a provider's answer, or a library reading it, comes up with: it is no fault of the caller's.
            raise ProviderUnavailable(f"nothing usable: {type(error).__name__}") from error
        self._fetched, self._is_outdated = self._ticks(), False

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed = self._ticks()
            log.warning("%s: %s", self._name, (getattr(error, "reason", "") or repr(error))[:LONGEST_REASON])
