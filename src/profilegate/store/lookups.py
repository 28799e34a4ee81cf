"""Many who ask for one record each become one query: whoever comes while a query runs waits for the next."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from profilegate.errors import StoreUnavailable

K = TypeVar("K")
V = TypeVar("V")

MOST_WAITING = 10_000
"""Keys that wait for the next query. Beyond it the answer is 503 at once, not a longer queue."""

MOST_AT_ONCE = 256
"""Keys of one query."""


class Lookups(Generic[K, V]):
    """One query at a time. Nobody gets an answer of a query that began before they asked."""

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._running: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """What there is under this key as of now. Raises what the query raises, or StoreUnavailable when too many
        wait. A caller that goes away stops nobody else's query."""
        future = self._waiting.get(key)
        if future is None:
            if len(self._waiting) >= MOST_WAITING:
                raise StoreUnavailable
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._running is None:
                self._running = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = list(self._waiting)[:MOST_AT_ONCE]
                await self._answer({key: self._waiting.pop(key) for key in asked})
        finally:
            self._running = None

    async def _answer(self, asked: dict[K, "asyncio.Future[V | None]"]) -> None:
        try:
            found = await self._ask(list(asked))
        except Exception as error:
            for each in asked.values():
                each.set_exception(StoreUnavailable() if isinstance(error, StoreUnavailable) else error)
                each.exception()  # those who went away do not mind
            return
        for key, future in asked.items():
            future.set_result(found.get(key))
