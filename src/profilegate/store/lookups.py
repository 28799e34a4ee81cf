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
        self.refused = 0

    async def get(self, key: K) -> V | None:
        """What there is under this key as of now. Raises what the query raises, or StoreUnavailable when too many
        wait. A caller that goes away stops nobody else's query."""
        future = self._waiting.get(key)
        if future is None:
            if len(self._waiting) >= MOST_WAITING:
                self.refused += 1
                raise StoreUnavailable
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._running is None:
                self._running = asyncio.create_task(self._run())
        try:
            return await asyncio.shield(future)
        except StoreUnavailable:
            raise StoreUnavailable from None  # its own for each: who raises one writes into it

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = list(self._waiting)[:MOST_AT_ONCE]
                await self._answer({key: self._waiting.pop(key) for key in asked})
        finally:  # also when this task is cancelled: nobody is left waiting
            self._running = None
            self._fail(self._waiting)

    async def _answer(self, asked: dict[K, "asyncio.Future[V | None]"]) -> None:
        try:
            found = await self._ask(list(asked))
        except StoreUnavailable:
            self._fail(asked)
            self._fail(self._waiting)  # each query waits its own time limit: a queue would wait for all of them
        except Exception as error:
            self._fail(asked, error)
        except BaseException:
            self._fail(asked)
            raise
        else:
            for key, future in asked.items():
                future.set_result(found.get(key))

    def _fail(self, waiting: dict[K, "asyncio.Future[V | None]"], error: Exception | None = None) -> None:
        failed = [*waiting.values()]
        waiting.clear()
        for each in failed:
            each.set_exception(error or StoreUnavailable())
            each.exception()  # those who went away do not mind
