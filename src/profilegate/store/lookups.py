"""Many who ask for one record each become one query: whoever comes while a query runs waits for the next."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from profilegate.errors import StoreUnavailable

K = TypeVar("K")
V = TypeVar("V")

Waiting = asyncio.Future[V | None]

MOST_WAITING = 10_000
"""Keys that wait for the next query. Beyond it the answer is 503 at once, not a longer queue."""

MOST_AT_ONCE = 256
"""Keys of one query."""


class Lookups(Generic[K, V]):
    """One query at a time. Nobody gets an answer of a query that began before they asked."""

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._waiting: dict[K, list[Waiting[V]]] = {}
        self._running: asyncio.Task[None] | None = None
        self.refused = 0

    def get(self, key: K) -> Waiting[V]:
        """What there is under this key as of now: it is asked for already, and may be awaited later.

        Raises StoreUnavailable when too many wait; awaiting raises what the query raises. A caller that goes away
        stops nobody else's query.
        """
        waiting = self._waiting.get(key)
        if waiting is None:
            if len(self._waiting) >= MOST_WAITING:
                self.refused += 1
                raise StoreUnavailable
            waiting = self._waiting[key] = []
            if self._running is None:
                self._running = asyncio.create_task(self._run())
        mine: Waiting[V] = asyncio.get_running_loop().create_future()
        waiting.append(mine)
        return mine

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = list(self._waiting)[:MOST_AT_ONCE]
                await self._answer({key: self._waiting.pop(key) for key in asked})
        finally:  # also when this task is cancelled: nobody is left waiting
            self._running = None
            fail(self._waiting)

    async def _answer(self, asked: dict[K, list[Waiting[V]]]) -> None:
        try:
            found = await self._ask(list(asked))
        except StoreUnavailable:
            fail(asked)
            fail(self._waiting)  # each query waits its own time limit: a queue would wait for all of them
        except Exception as error:
            fail(asked, error)
        except BaseException:
            fail(asked)
            raise
        else:
            for key, waiting in asked.items():
                tell(waiting, found.get(key))


def tell(waiting: list[Waiting[V]], value: V | None) -> None:
    """Give those who have not gone away their answer."""
    for each in waiting:
        if not each.done():
            each.set_result(value)


def fail(waiting: dict[K, list[Waiting[V]]], error: Exception | None = None) -> None:
    """Leave nobody waiting. A StoreUnavailable is each one's own: who raises one writes into it."""
    failed = [each for some in waiting.values() for each in some if not each.done()]
    waiting.clear()
    for each in failed:
        each.set_exception(error or StoreUnavailable())
        each.exception()  # those who went away do not mind
