"""Many who ask become few queries: each gets its own answer, and nobody is left waiting."""

import asyncio
import gc
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from tests.store.caching import settled, until
from tests.store.databases import at_once

from profilegate.errors import StoreUnavailable
from profilegate.store.lookups import MOST_AT_ONCE, MOST_WAITING, Lookups


class Asked:
    """What answers the queries, one at a time as the test says. Each number's answer is the number of its query."""

    def __init__(self) -> None:
        self.queries: list[list[int]] = []
        self.error: BaseException | None = None
        self._go = asyncio.Semaphore(0)

    async def __call__(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.queries.append(list(keys))
        number = len(self.queries)
        await self._go.acquire()
        if self.error is not None:
            raise self.error
        return {key: number for key in keys if key >= 0}

    def go(self, queries: int = 1) -> None:
        for _ in range(queries):
            self._go.release()


@pytest.fixture
async def asked() -> Asked:
    return Asked()


def asking(lookups: Lookups[int, int], *keys: int) -> list["asyncio.Future[int | None]"]:
    return [lookups.get(key) for key in keys]


async def test_whoever_comes_while_a_query_runs_waits_for_the_next_and_that_is_one(asked: Asked) -> None:
    lookups = Lookups(asked)
    first = asking(lookups, 1)
    await settled()
    others = asking(lookups, 1, 2, 3, 2, 1)
    await settled()
    asked.go(2)
    assert await asyncio.gather(*first, *others) == [1, 2, 2, 2, 2, 2]
    assert asked.queries == [[1], [1, 2, 3]]


async def test_what_there_is_not_is_none(asked: Asked) -> None:
    asked.go()
    assert await Lookups(asked).get(-1) is None


async def test_a_query_has_a_most_and_who_came_first_is_first(asked: Asked) -> None:
    lookups = Lookups(asked)
    tasks = asking(lookups, *range(2 * MOST_AT_ONCE + 1))
    asked.go(3)
    await asyncio.gather(*tasks)
    assert [len(each) for each in asked.queries] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert [key for query in asked.queries for key in query] == [*range(2 * MOST_AT_ONCE + 1)]


async def test_one_key_that_is_asked_for_all_the_time_keeps_nobody_waiting(asked: Asked) -> None:
    lookups = Lookups(asked)
    for _ in range(5):
        asking(lookups, *[0] * 1_000)
        await settled()
        other = asking(lookups, 1)[0]
        await settled()
        asked.go(2)
        await asyncio.wait_for(other, 30)


async def test_beyond_the_most_that_may_wait_the_answer_is_an_error_at_once(asked: Asked) -> None:
    lookups = Lookups(asked)
    first = asking(lookups, -1)
    await settled()
    waiting = asking(lookups, *range(MOST_WAITING))
    await settled()
    with pytest.raises(StoreUnavailable):
        await lookups.get(MOST_WAITING)
    known = asking(lookups, 0)[0]
    asked.go(2 + MOST_WAITING // MOST_AT_ONCE)
    assert (await known, len(await asyncio.gather(*first, *waiting))) == (2, MOST_WAITING + 1)


async def test_an_error_reaches_everybody_of_the_query_and_nobody_after_it(asked: Asked) -> None:
    lookups = Lookups(asked)
    asked.error = StoreUnavailable()
    asked.go()
    failed = await at_once(asking(lookups, 1, 2, 1, 3))
    assert [type(each) for each in failed] == [StoreUnavailable] * 4
    asked.error = None
    asked.go()
    assert await lookups.get(1) == 2


async def test_who_waited_while_the_database_was_away_does_not_wait_for_it_once_more(asked: Asked) -> None:
    lookups = Lookups(asked)
    asked.error = StoreUnavailable()
    tasks = asking(lookups, *range(4 * MOST_AT_ONCE))
    await settled()
    asked.go()  # one time limit passes, not four
    ended, _ = await asyncio.wait(tasks, timeout=20)
    for task in tasks:
        task.cancel()
    failed = await at_once(tasks)
    assert ([type(each) for each in failed], len(asked.queries)) == ([StoreUnavailable] * len(ended), 1)
    assert len(ended) == len(tasks)


async def test_an_error_that_nobody_foresaw_is_told_as_it_is(asked: Asked) -> None:
    asked.error = ValueError("no such column")
    asked.go()
    failed = await at_once(asking(Lookups(asked), 1, 2))
    assert [str(each) for each in failed] == ["no such column"] * 2


async def test_one_who_goes_away_takes_nobody_along(asked: Asked) -> None:
    lookups = Lookups(asked)
    gone, stays, other = asking(lookups, 1, 1, 2)
    await settled()
    gone.cancel()
    asked.go()
    assert await asyncio.gather(stays, other) == [1, 1]
    assert gone.cancelled()


@pytest.mark.parametrize("error", [None, StoreUnavailable()], ids=["answered", "failed"])
async def test_when_all_have_gone_away_the_next_are_answered(asked: Asked, error: Exception | None) -> None:
    lookups = Lookups(asked)
    gone = asking(lookups, 1, 2)
    await settled()
    for each in gone:
        each.cancel()
    await at_once(gone)
    asked.error = error
    asked.go()
    await until(lambda: len(asked.queries) == 1)
    await settled()
    asked.error = None
    asked.go()
    assert await lookups.get(1) == 2


async def test_a_query_that_is_cancelled_leaves_nobody_waiting(asked: Asked) -> None:
    lookups = Lookups(asked)
    asked.error = asyncio.CancelledError()
    running, waiting = asking(lookups, 1), []
    await settled()
    waiting = asking(lookups, 2)
    await settled()
    asked.go(2)
    ended, left = await asyncio.wait([*running, *waiting], timeout=20)
    for each in left:
        each.cancel()
    await at_once([*ended, *left])
    assert left == set()


def test_an_event_loop_that_ends_leaves_nobody_waiting_in_the_next() -> None:
    async def never(_: Sequence[int]) -> Mapping[int, int]:
        if not ended:
            await asyncio.Event().wait()
        return {1: 1, 2: 2}

    async def ends() -> None:
        asking(lookups, 1)
        await settled()
        asking(lookups, 2)
        await settled()

    async def asks() -> list[int | None]:
        return [await asyncio.wait_for(lookups.get(key), 20) for key in (2, 1)]

    ended: list[bool] = []
    lookups: Lookups[int, int] = Lookups(never)
    asyncio.run(ends())
    ended.append(True)
    assert asyncio.run(asks()) == [2, 1]


@pytest.mark.parametrize("error", [None, StoreUnavailable(), ValueError()], ids=["answered", "failed", "broken"])
def test_a_shutdown_while_queries_run_is_silent(error: Exception | None) -> None:
    told: list[dict[str, Any]] = []

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        asked = Asked()
        lookups = Lookups(asked)
        tasks = asking(lookups, 1, 2, 2)
        await settled()
        tasks += asking(lookups, 1, 3)
        asked.error = error
        asked.go()
        tasks[0].cancel()
        with suppress(asyncio.CancelledError, StoreUnavailable, ValueError):
            await tasks[1]
        for each in tasks:  # what each caller was told is for the callers
            if each.done() and not each.cancelled():
                each.exception()

    asyncio.run(work())
    gc.collect()
    assert told == []


async def test_each_who_waits_gets_an_error_of_their_own(asked: Asked) -> None:
    asked.error = StoreUnavailable()
    asked.go()
    failed = await at_once(asking(Lookups(asked), 1, 1, 2))
    assert len({id(each) for each in failed}) == 3
