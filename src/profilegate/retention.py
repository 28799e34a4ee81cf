"""What is kept for a time only, and goes when it is over: the history of changes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from profilegate.errors import StoreUnavailable
from profilegate.profiles.history import HistoryStore
from profilegate.sync.worker import where

log = logging.getLogger("profilegate")

PAUSE = 60.0
"""Seconds between two looks for what is too old."""

AT_ONCE = 1_000
"""Entries that one statement takes away, so that it locks nothing for long."""

DAY = 86_400_000
"""Milliseconds."""


class Retention:
    """Forgets entries older than `days`; 0 keeps them for ever. `clock` gives Unix seconds.

    Every process does so; they leave each other's rows alone. No state.
    """

    def __init__(self, history: HistoryStore, days: int, clock: Callable[[], float]) -> None:
        self._history = history
        self._days = days
        self._clock = clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Forget beside the block."""
        task = asyncio.create_task(self._run()) if self._days else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def forget(self) -> int:
        """Forget whatever is too old now, and return how many entries that were. Raises StoreUnavailable."""
        before = int(self._clock() * 1000) - self._days * DAY
        forgotten = 0
        while some := await self._history.forget(before, AT_ONCE):
            forgotten += some
        return forgotten

    async def _run(self) -> None:
        while True:
            try:
                await self.forget()
            except StoreUnavailable:
                pass  # /ready tells
            except Exception as error:
                log.error("forgetting old history failed: %s", where(error))
            await asyncio.sleep(PAUSE)
