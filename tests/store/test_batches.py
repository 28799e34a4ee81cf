"""Whoever comes while one batch is under way goes with the next."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.store.databases import at_once

from profilegate.errors import StoreUnavailable
from profilegate.store.batches import Batches


class Kitchen:
    """Doubles numbers, as soon as it is let; refuses the unlucky one, and breaks at zero."""

    def __init__(self, most: int = 100, at_once: int = 10) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.orders: Batches[int, int] = Batches(self.cook, lambda waiting: range(min(at_once, len(waiting))), most)

    async def cook(self, numbers: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append([*numbers])
        await self.open.wait()
        if 0 in numbers:
            raise StoreUnavailable
        if -1 in numbers:
            raise ZeroDivisionError
        return [ValueError(each) if each == 13 else 2 * each for each in numbers]


async def test_those_who_ask_at_once_go_together_and_each_gets_the_own_answer() -> None:
    kitchen = Kitchen()
    assert await at_once(map(kitchen.orders.ask, range(1, 6))) == [2, 4, 6, 8, 10]
    assert kitchen.batches == [[1, 2, 3, 4, 5]]


async def test_who_comes_while_a_batch_is_under_way_goes_with_the_next() -> None:
    kitchen = Kitchen()
    kitchen.open.clear()
    first = asyncio.create_task(kitchen.orders.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(kitchen.orders.ask(each)) for each in (2, 3)]
    await asyncio.sleep(0)
    assert kitchen.batches == [[1]]
    kitchen.open.set()
    assert await asyncio.gather(first, *later) == [2, 4, 6]
    assert kitchen.batches == [[1], [2, 3]]


async def test_more_than_fit_into_one_batch_fill_several_in_order() -> None:
    kitchen = Kitchen(at_once=2)
    assert await at_once(map(kitchen.orders.ask, range(1, 6))) == [2, 4, 6, 8, 10]
    assert kitchen.batches == [[1, 2], [3, 4], [5]]


async def test_an_error_is_its_own_and_nobody_elses() -> None:
    answers = await at_once(map(Kitchen().orders.ask, (12, 13, 14)))
    assert [*map(repr, answers)] == ["24", "ValueError(13)", "28"]


async def test_what_breaks_a_batch_reaches_all_of_it_and_none_of_the_next() -> None:
    answers = await at_once(map(Kitchen(at_once=2).orders.ask, (-1, 1, 2)))
    assert [type(each) for each in answers] == [ZeroDivisionError, ZeroDivisionError, int]


async def test_a_database_that_is_away_answers_everybody_who_waits_each_with_an_own_error() -> None:
    kitchen = Kitchen(at_once=1)
    answers = await at_once(map(kitchen.orders.ask, (0, 1, 2)))
    assert [type(each) for each in answers] == [StoreUnavailable] * 3
    assert len({id(each) for each in answers}) == 3
    assert kitchen.batches == [[0]]
    assert await kitchen.orders.ask(3) == 6


async def test_more_than_may_wait_are_refused_at_once() -> None:
    kitchen = Kitchen(most=3)
    answers = await at_once(map(kitchen.orders.ask, range(1, 6)))
    assert [*map(type, answers)] == [int, int, int, StoreUnavailable, StoreUnavailable]


async def test_a_caller_who_goes_away_stops_nothing() -> None:
    kitchen = Kitchen()
    asking = [asyncio.create_task(kitchen.orders.ask(each)) for each in (1, 2)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert await asking[1] == 4
    assert kitchen.batches == [[1, 2]]


async def test_when_its_task_is_cancelled_nobody_is_left_waiting() -> None:
    kitchen = Kitchen(at_once=1)
    kitchen.open.clear()
    asking = [asyncio.create_task(kitchen.orders.ask(each)) for each in (1, 2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (running,) = asyncio.all_tasks() - {*asking, asyncio.current_task()}
    running.cancel()
    for each in asking:
        with pytest.raises(StoreUnavailable):
            await each


async def test_finished_waits_for_all_that_have_asked() -> None:
    kitchen = Kitchen(at_once=1)
    asking = [asyncio.create_task(kitchen.orders.ask(each)) for each in (1, 2, 3)]
    await asyncio.sleep(0)
    await kitchen.orders.finished()
    assert [each.result() for each in asking] == [2, 4, 6]
