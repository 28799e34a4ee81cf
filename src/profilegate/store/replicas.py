"""PostgreSQL's replicas: for what may be as old as they are behind."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

from profilegate.errors import StoreUnavailable
from profilegate.profiles.record import ProfileKey
from profilegate.store.engine import Engine
from profilegate.store.lookups import Lookups
from profilegate.store.profiles import ProfileRepository, Whole

log = logging.getLogger("profilegate.store.replicas")

PAUSE = 5.0
"""Seconds in which a replica that did not answer is left alone."""


class Replicas:
    """Records read from `engines` in turn; from `primary` what they have not yet, and all when none of them answers.

    `ticks` never goes back. What a replica says is never remembered: nobody would tell when it has caught up.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        repository: Callable[[Engine], ProfileRepository],
        primary: ProfileRepository,
        ticks: Callable[[], float],
    ) -> None:
        self._engines = engines
        self._repositories = [repository(each) for each in engines]
        self._primary = primary
        self._ticks = ticks
        self._left_alone = dict.fromkeys(range(len(engines)), float("-inf"))
        self._turns = cycle(range(len(engines)))
        self._lookups: Lookups[ProfileKey, Whole] = Lookups(self._read)

    async def __call__(self, keys: Sequence[ProfileKey]) -> Mapping[ProfileKey, Whole]:
        """What there is under these keys; one is asked about together with others'. Raises StoreUnavailable."""
        if len(keys) > 1:
            return await self._read(keys)
        whole = await self._lookups.get(keys[0])
        return {} if whole is None else {keys[0]: whole}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """With a pool for each, while the block lasts. One that does not answer keeps nobody waiting."""
        try:
            await asyncio.gather(*(each.open() for each in self._engines))
            yield
        finally:
            await asyncio.gather(*(each.close() for each in self._engines))

    async def _read(self, keys: Sequence[ProfileKey]) -> Mapping[ProfileKey, Whole]:
        found = await self._replicated(keys)
        missing = [key for key in keys if key not in found]
        return {**found, **await self._primary.look_at_many(missing)} if missing else found

    async def _replicated(self, keys: Sequence[ProfileKey]) -> Mapping[ProfileKey, Whole]:
        """What one of the replicas has; nothing when none answers."""
        for _ in self._repositories:
            turn = next(self._turns)
            if self._left_alone[turn] > self._ticks():
                continue
            try:
                return await self._repositories[turn].look_at_many(keys)
            except StoreUnavailable:
                log.warning("replica %d does not answer; it is left alone for %.0f s", turn + 1, PAUSE)
                self._left_alone[turn] = self._ticks() + PAUSE
        return {}
