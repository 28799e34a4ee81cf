"""How many records of other people a caller may make in a window."""

from tests.store.databases import at_once
from tests.store.people import ANN, BOB, NOW, STRANGER

from profilegate.profiles.record import ProfileKey
from profilegate.store.profiles import ProfileRepository

WINDOW = 1000


async def count(store: ProfileRepository, now: int, limit: int = 3, creator: ProfileKey = ANN) -> int | None:
    return await store.count_creation(creator, limit, WINDOW, now)


async def test_as_many_as_the_limit_pass_and_then_none(store: ProfileRepository) -> None:
    assert [await count(store, NOW) for _ in range(5)] == [None, None, None, WINDOW, WINDOW]


async def test_who_is_over_the_limit_learns_how_long_the_window_still_lasts(store: ProfileRepository) -> None:
    await count(store, NOW, limit=1)
    assert [await count(store, NOW + passed, limit=1) for passed in (1, 400, 999)] == [999, 600, 1]


async def test_when_the_window_has_passed_the_count_starts_anew(store: ProfileRepository) -> None:
    for _ in range(9):
        await count(store, NOW)
    restart = NOW + WINDOW
    assert [await count(store, restart) for _ in range(4)] == [None, None, None, WINDOW]
    assert await count(store, restart + WINDOW - 1) == 1
    assert await count(store, restart + WINDOW) is None


async def test_a_limit_of_nothing_lets_nothing_through(store: ProfileRepository) -> None:
    assert [await count(store, NOW, limit=0) for _ in range(2)] == [WINDOW, WINDOW]


async def test_each_caller_of_each_tenant_is_counted_apart(store: ProfileRepository) -> None:
    answers = [await count(store, NOW, limit=1, creator=creator) for creator in (ANN, BOB, STRANGER, ANN)]
    assert answers == [None, None, None, WINDOW]


async def test_of_many_at_once_never_more_than_the_limit_pass(store: ProfileRepository) -> None:
    for now in (NOW, NOW + WINDOW):
        answers = await at_once(count(store, now, limit=10) for _ in range(50))
        assert answers.count(None) == 10
        assert answers.count(WINDOW) == 40


async def test_a_clock_that_is_behind_opens_no_new_window(store: ProfileRepository) -> None:
    await count(store, NOW, limit=1)
    assert await count(store, NOW - 50, limit=1) == WINDOW + 50
