"""Many who want the same done become one batch: whoever comes while one is under way goes with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from profilegate.errors import StoreUnavailable

T = TypeVar("T")
R = TypeVar("R")


class Waiting(Struct, Generic[T, R], eq=False):
    """Somebody who waits for an answer."""

    asked: T
    answer: asyncio.Future[R]


class Batches(Generic[T, R]):
    """One batch at a time, made by `make`, which gives as many answers or errors, in the order it was asked.

    `pick` says how many of those that wait, by their places, may go together, the first always; `most` is how many may
    wait. Beyond it the answer is 503 at once, not a longer queue. State per worker: N workers have N batches under way.
    """

    def __init__(
        self,
        make: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        pick: Callable[[Sequence[T]], Sequence[int]],
        most: int,
    ) -> None:
        self._make = make
        self._pick = pick
        self._most = most
        self._waiting: list[Waiting[T, R]] = []
        self._running: asyncio.Task[None] | None = None
        self.refused = 0

    @property
    def waiting(self) -> int:
        """How many wait for their batch."""
        return len(self._waiting)

    async def ask(self, asked: T) -> R:
        """The answer of the batch it goes with. Raises what that raises, or StoreUnavailable when too many wait.

        A caller that goes away stops nothing.
        """
        if len(self._waiting) >= self._most:
            self.refused += 1
            raise StoreUnavailable
        mine: Waiting[T, R] = Waiting(asked, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await mine.answer

    async def finished(self) -> None:
        """Once nobody waits."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        batch: list[Waiting[T, R]] = []
        try:
            while self._waiting:
                batch = self._next()
                tell(batch, await self._answers(batch))
        finally:  # also when this task is cancelled: nobody is left waiting
            self._running = None
            self._give_up(batch)

    def _next(self) -> list[Waiting[T, R]]:
        places = self._pick([each.asked for each in self._waiting])
        batch = [self._waiting[place] for place in places]
        picked = frozenset(places)
        self._waiting = [each for place, each in enumerate(self._waiting) if place not in picked]
        return batch

    async def _answers(self, batch: list[Waiting[T, R]]) -> Sequence[R | Exception]:
        try:
            return await self._make([each.asked for each in batch])
        except StoreUnavailable:
            self._give_up(batch)  # each batch waits its own time limit: a queue would wait for all of them
        except Exception as error:
            return [error] * len(batch)
        return ()

    def _give_up(self, batch: list[Waiting[T, R]]) -> None:
        left, self._waiting = self._waiting, []
        for each in (*batch, *left):
            _answer(each.answer, StoreUnavailable())


def tell(batch: Sequence[Waiting[T, R]], answers: Sequence[R | Exception]) -> None:
    """Give each of the batch its answer."""
    for each, answer in zip(batch, answers, strict=False):
        _answer(each.answer, answer)


def _answer(waiting: asyncio.Future[R], answer: R | Exception) -> None:
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
        waiting.exception()  # those who went away do not mind
    else:
        waiting.set_result(answer)
