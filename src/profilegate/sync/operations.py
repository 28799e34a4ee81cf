"""What operators see of the sources and may do about them; and the alert when one is unusually silent."""

import logging
from collections.abc import Callable

from msgspec import Struct

from profilegate.errors import DeadLetterNotFound
from profilegate.profiles.deliveries import Conflict, DeadLetter, Health, Inbox
from profilegate.sync.habit import is_silent
from profilegate.sync.metrics import SyncMetrics
from profilegate.sync.sources import Source, Sources

log = logging.getLogger("profilegate.sync")

SHOWN = 100
"""Dead letters or conflicts in one answer, the oldest."""


class SourceState(Struct, frozen=True):
    """One source and how it is doing, now (Unix milliseconds)."""

    source: Source
    health: Health
    is_silent: bool
    now: int


class Operations:
    """Each tenant's operators see its own sources. `clock` gives Unix seconds; `wake` says that work waits.

    State per process: which sources were found silent, so that each silence is told once.
    """

    def __init__(
        self,
        sources: Sources,
        inbox: Inbox,
        metrics: SyncMetrics,
        silence_factor: int,
        clock: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self._sources = sources
        self._inbox = inbox
        self._metrics = metrics
        self._silence_factor = silence_factor
        self._clock = clock
        self._wake = wake
        self._silent: set[str] = set()

    async def states(self, tenant_id: str) -> list[SourceState]:
        """The tenant's sources, in the order of the settings."""
        return [await self._state(each) for each in self._sources.of_tenant(tenant_id)]

    async def dead_letters(self, tenant_id: str) -> list[DeadLetter]:
        return await self._inbox.dead_letters(tenant_id, self._names(tenant_id), SHOWN)

    async def conflicts(self, tenant_id: str) -> list[Conflict]:
        return await self._inbox.conflicts(tenant_id, SHOWN)

    async def replay(self, tenant_id: str, id: int) -> None:
        """Have a dead letter tried again, at once. Raises DeadLetterNotFound."""
        if not await self._inbox.replay(tenant_id, self._names(tenant_id), id, self._now()):
            raise DeadLetterNotFound
        self._wake()

    async def look(self) -> None:
        """Set the gauges of all sources, and tell of those that have become silent, or speak again."""
        for source in self._sources.all():
            state = await self._state(source)
            self._metrics.show(source.name, state.health, state.is_silent, state.now)
            self._tell(source.name, state)

    def _tell(self, name: str, state: SourceState) -> None:
        if state.is_silent and name not in self._silent:
            hours = (state.now - (state.health.last_received_at or state.now)) / 3_600_000
            log.warning("%s has been silent for %.1f hours, which is not its habit", name, hours)
            self._silent.add(name)
        elif not state.is_silent and name in self._silent:
            log.warning("%s speaks again", name)
            self._silent.discard(name)

    async def _state(self, source: Source) -> SourceState:
        health, now = await self._inbox.health(source.name), self._now()
        return SourceState(source, health, is_silent(health.recent, self._silence_factor, now), now)

    def _names(self, tenant_id: str) -> list[str]:
        return [each.name for each in self._sources.of_tenant(tenant_id)]

    def _now(self) -> int:
        return int(self._clock() * 1000)
