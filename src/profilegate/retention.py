"""What is kept for a time only, and goes when it is over: the history of changes, sessions of the account page."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from profilegate.errors import StoreUnavailable
from profilegate.profiles.history import HistoryStore
from profilegate.profiles.sessions import SessionStore
from profilegate.sync.worker import where

log = logging.getLogger("profilegate")

PAUSE = 60.0
"""Seconds between two looks for what is too old."""

AT_ONCE = 1_000
"""Rows that one statement takes away, so that it locks nothing for long."""

DAY = 86_400_000
"""Milliseconds."""


class Retention:
    """Forgets sessions that have ended, and entries older than `days`; 0 keeps those for ever. `clock` gives Unix
    seconds.

    Every process does so; they leave each other's rows alone. No state.
    """

    def __init__(self, history: HistoryStore, sessions: SessionStore, days: int, clock: Callable[[], float]) -> None:
        self._history = history
        self._sessions = sessions
        self._days = days
        self._clock = clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Forget beside the block."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def forget(self) -> int:
        """Forget whatever is too old now, and return how much that was. Raises StoreUnavailable."""
        now = int(self._clock() * 1000)
        forgotten = await _all_of(lambda: self._sessions.forget(now, AT_ONCE))
        if self._days:
            forgotten += await _all_of(lambda: self._history.forget(now - self._days * DAY, AT_ONCE))
        return forgotten

    async def _run(self) -> None:
        while True:
            try:
                await self.forget()
            except StoreUnavailable:
                pass  # /ready tells
            except Exception as error:
                log.error("forgetting what is too old failed: %s", where(error))
            await asyncio.sleep(PAUSE)


async def _all_of(forget: Callable[[], Awaitable[int]]) -> int:
    forgotten = 0
    while some := await forget():
        forgotten += some
    return forgotten
