"""One value of a provider: fetched when needed, shared by all who wait, kept while the provider is down."""

import asyncio
import itertools
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.auth.refreshed import LONGEST, LONGEST_REASON, RETRY, Refreshed
from profilegate.errors import ProviderUnavailable

from .given import Ticks

MAX_AGE = 100.0


class Source:
    """Gives its values in turn, waiting for `gate` each time; an exception among them is raised."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.fetches = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Any:
        self.fetches += 1
        await self.gate.wait()
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if isinstance(value, BaseException):
            raise value
        return value


def refreshed(source: Source, ticks: Ticks) -> Refreshed[Any]:
    return Refreshed("a thing", source, MAX_AGE, ticks)


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_value_is_fetched_when_it_is_first_needed_and_then_kept() -> None:
    source, ticks = Source(1, 2), Ticks()
    value = refreshed(source, ticks)
    assert source.fetches == 0
    assert [await value.current() for _ in range(3)] == [1, 1, 1]
    ticks.now = MAX_AGE
    assert await value.current() == 1
    assert source.fetches == 1


async def test_all_who_wait_share_one_fetch() -> None:
    source = Source(1)
    source.gate.clear()
    value = refreshed(source, Ticks())
    waiting = asyncio.gather(*(value.current() for _ in range(20)))
    await settled()
    source.gate.set()
    assert await waiting == [1] * 20
    assert source.fetches == 1


async def test_an_ageing_value_serves_while_a_new_one_is_fetched() -> None:
    source, ticks = Source(1, 2), Ticks()
    value = refreshed(source, ticks)
    await value.current()
    ticks.now = MAX_AGE + 1
    source.gate.clear()
    assert [await value.current() for _ in range(3)] == [1, 1, 1]
    source.gate.set()
    await settled()
    assert await value.current() == 2
    assert source.fetches == 2


@pytest.mark.parametrize(
    ("age", "waits"),
    [(MAX_AGE, False), (2 * MAX_AGE, False), (2 * MAX_AGE + 1, True), (LONGEST, True), (LONGEST + 1, True)],
)
async def test_a_value_that_nobody_asked_about_for_long_is_fetched_before_it_is_used(age: float, waits: bool) -> None:
    source, ticks = Source(1, 2), Ticks()
    value = refreshed(source, ticks)
    await value.current()
    ticks.now = age
    assert await value.made_current() is waits
    assert value.value == (2 if waits else 1)


async def test_a_value_that_cannot_be_renewed_goes_on_serving() -> None:
    source, ticks = Source(1, ProviderUnavailable("down")), Ticks()
    value = refreshed(source, ticks)
    await value.current()
    while ticks.now + 10 * MAX_AGE <= LONGEST:
        ticks.now += 10 * MAX_AGE
        assert await value.current() == 1
        await settled()


async def test_it_goes_on_serving_for_a_day_and_no_longer() -> None:
    """A key that was withdrawn, perhaps stolen, would else live for as long as somebody keeps the provider away."""
    source, ticks = Source(1, ProviderUnavailable("down")), Ticks()
    value = refreshed(source, ticks)
    await value.current()
    ticks.now = LONGEST - 1
    assert await value.current() == 1
    await settled()
    ticks.now = LONGEST + 1
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await value.current()
        ticks.now += RETRY


async def test_what_is_inherited_is_as_old_as_it_was() -> None:
    ticks = Ticks()
    one, other = refreshed(Source(1), ticks), refreshed(Source(2), ticks)
    await one.current()
    ticks.now = MAX_AGE
    other.inherit(one)
    assert (await other.current(), other.age) == (1, MAX_AGE)
    ticks.now = 2 * MAX_AGE + 1
    assert await other.current() == 2


async def test_from_one_that_has_nothing_nothing_is_inherited() -> None:
    ticks = Ticks()
    value = refreshed(Source(2), ticks)
    value.inherit(refreshed(Source(1), ticks))
    assert await value.current() == 2


async def test_a_provider_that_is_down_is_asked_once_per_pause() -> None:
    source, ticks = Source(ProviderUnavailable("down")), Ticks()
    value = refreshed(source, ticks)
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await value.current()
    assert source.fetches == 1
    ticks.now = RETRY - 0.1
    assert value.failing
    ticks.now = RETRY
    assert not value.failing
    with pytest.raises(ProviderUnavailable):
        await value.current()
    assert source.fetches == 2


async def test_each_who_waited_gets_an_error_of_its_own() -> None:
    source = Source(ProviderUnavailable("why"))
    source.gate.clear()
    value = refreshed(source, Ticks())
    waiting = asyncio.gather(*(value.current() for _ in range(3)), return_exceptions=True)
    await settled()
    source.gate.set()
    errors = await waiting
    assert len({id(error) for error in errors}) == 3
    assert [error.reason for error in errors if isinstance(error, ProviderUnavailable)] == ["why"] * 3


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), OSError("x"), RecursionError("x"), ExceptionGroup("x", [ValueError()])]
)
async def test_whatever_comes_of_fetching_is_the_providers_trouble(error: Exception) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        await refreshed(Source(error), Ticks()).current()
    assert caught.value.reason == f"nothing usable: {type(error).__name__}"


async def test_a_caller_that_goes_away_stops_nothing() -> None:
    source = Source(1)
    source.gate.clear()
    value = refreshed(source, Ticks())
    first, second = asyncio.create_task(value.current()), asyncio.create_task(value.current())
    await settled()
    first.cancel()
    await settled()
    source.gate.set()
    assert await second == 1
    assert source.fetches == 1


async def test_giving_up_ends_the_fetch_and_is_no_failure_of_the_provider() -> None:
    source = Source(1)
    source.gate.clear()
    value = refreshed(source, Ticks())
    value.close()
    waiting = asyncio.create_task(value.current())
    await settled()
    assert value.is_fetching
    value.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not value.failing
    assert not value.is_fetching


async def test_a_refresh_fetches_however_new_the_value_is() -> None:
    source = Source(1, 2)
    value = refreshed(source, Ticks())
    await value.refresh()
    await value.refresh()
    assert (value.value, source.fetches) == (2, 2)


async def test_a_refresh_that_fails_leaves_the_value() -> None:
    value = refreshed(Source(1, ProviderUnavailable("x")), Ticks())
    await value.refresh()
    with pytest.raises(ProviderUnavailable):
        await value.refresh()
    assert value.value == 1
    with pytest.raises(ProviderUnavailable):
        await value.refresh()


async def test_the_age_begins_when_the_value_has_come() -> None:
    source, ticks = Source(1), Ticks()
    value = refreshed(source, ticks)
    source.gate.clear()
    waiting = asyncio.create_task(value.current())
    await settled()
    ticks.now = 50
    source.gate.set()
    await waiting
    assert value.age == 0


async def test_a_failure_is_logged_shortly_and_by_name(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("profilegate.auth.refreshed")
    logger.addHandler(caplog.handler)
    try:
        for error in (ProviderUnavailable("x" * 10_000), ProviderUnavailable()):
            with pytest.raises(ProviderUnavailable):
                await refreshed(Source(error), Ticks()).current()
    finally:
        logger.removeHandler(caplog.handler)
    told = {record.getMessage() for record in caplog.records}
    assert told == {
        "a thing: " + "x" * LONGEST_REASON,
        "a thing: ProviderUnavailable('The identity provider cannot be reached.')",
    }


steps = st.tuples(st.floats(0, 3 * MAX_AGE), st.booleans())


@given(st.lists(steps, max_size=30))
def test_in_any_history_it_asks_no_more_than_is_due_and_never_loses_a_value(history: list[tuple[float, bool]]) -> None:
    async def run() -> None:
        ticks, up, moments, had = Ticks(), True, list[float](), False

        async def fetch() -> float:
            moments.append(ticks.now)
            if not up:
                raise ProviderUnavailable("down")
            return ticks.now

        value = Refreshed("a thing", fetch, MAX_AGE, ticks)
        for pause, up in history:
            ticks.now += pause
            try:
                found = await value.current()
            except ProviderUnavailable:
                assert not had
            else:
                had = True
                assert not up or ticks.now - found <= 2 * MAX_AGE or value.failing or value.is_fetching
            await settled()
        assert all(later - before >= RETRY for before, later in itertools.pairwise(moments))

    asyncio.run(run())
