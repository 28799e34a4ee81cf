"""Remembered records: read once, forgotten by whatever changes them, and never believed when nobody would tell."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
from tests.store.caching import FailingLate, Remembering, settled
from tests.store.people import ANN, BOB, CAROL, LATER, NOW, OPERATOR, STRANGER, herself, record

from profilegate.errors import PreconditionFailed, StoreUnavailable, UsernameTaken
from profilegate.profiles.record import Profile, ProfileChange, ProfileKey, Standing, Tombstone
from profilegate.store.cache import RecordCache
from profilegate.store.engine import Engine
from profilegate.store.lookups import Lookups
from profilegate.store.profiles import Whole

SOMEBODY_ELSE = ProfileChange(name="Somebody else")

Writer = Callable[[RecordCache], Awaitable[object]]

WRITERS: dict[str, Writer] = {
    "change": lambda cache: cache.change(ANN, ProfileChange(name="New"), OPERATOR, LATER),
    "fill": lambda cache: cache.fill(ANN, ProfileChange(primary_email="new@ann.test"), herself(ANN), LATER),
    "suspend": lambda cache: cache.suspend(ANN, OPERATOR, LATER),
    "revoke_before": lambda cache: cache.revoke_before(ANN, LATER, OPERATOR, LATER),
    "erase": lambda cache: cache.erase(ANN, OPERATOR, LATER),
}


@pytest.fixture
async def known(engine: Engine) -> Remembering:
    """Ann, Bob, and Ann of another tenant have records."""
    remembering = Remembering(engine)
    for key in (ANN, BOB, STRANGER):
        await remembering.store.create(record(key, name=f"{key.user_id} of {key.tenant_id}"), herself(key))
    return remembering


async def test_a_record_and_its_standing_are_read_once(known: Remembering) -> None:
    found = [await known.cache.recall(ANN) for _ in range(3)]
    standings = [await known.cache.standing(ANN) for _ in range(3)]
    assert (found, standings) == ([await known.store.get(ANN)] * 3, [Standing()] * 3)
    assert known.reads.count == 1


async def test_records_of_one_name_in_two_tenants_are_two(known: Remembering) -> None:
    await known.costs(ANN, STRANGER)
    await known.cache.suspend(STRANGER, OPERATOR, LATER)
    assert (await known.cache.standing(ANN), (await known.cache.standing(STRANGER)).suspended) == (Standing(), True)
    assert known.reads.count == 3


async def test_a_user_without_a_record_has_a_plain_standing_and_is_asked_about_each_time(known: Remembering) -> None:
    assert await known.cache.standing(CAROL) == Standing()
    assert await known.cache.recall(CAROL) is None
    assert known.reads.count == 2


async def test_a_tombstone_is_remembered_as_one_and_so_is_its_standing(known: Remembering) -> None:
    await known.cache.erase(ANN, OPERATOR, LATER)
    found = await known.cache.recall(ANN)
    assert isinstance(found, Tombstone)
    assert (await known.cache.standing(ANN)).tombstone == found
    assert known.reads.count == 1


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
async def test_who_writes_forgets_and_forgets_nobody_else(known: Remembering, write: Writer) -> None:
    await known.costs(ANN, BOB)
    await write(known.cache)
    assert await known.cache.recall(ANN) == await known.store.get(ANN)
    assert await known.cache.standing(ANN) == await known.store.standing(ANN)
    assert await known.costs(BOB) == [0]


async def test_a_first_record_is_seen_at_once(known: Remembering) -> None:
    await known.costs(CAROL)
    assert await known.cache.create(record(CAROL), herself(CAROL)) is True
    assert isinstance(await known.cache.recall(CAROL), Profile)


async def test_somebody_who_comes_back_is_no_tombstone_any_more(known: Remembering) -> None:
    await known.cache.erase(ANN, herself(ANN), NOW)
    grave = await known.cache.recall(ANN)
    assert isinstance(grave, Tombstone)
    back = herself(ANN, issued_at=LATER // 1000)
    assert await known.cache.revive(record(ANN, version=grave.version + 1), back) is True
    assert isinstance(await known.cache.recall(ANN), Profile)
    assert (await known.cache.standing(ANN)).tombstone is None


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
async def test_a_change_whose_answer_is_lost_is_seen_too(known: Remembering, engine: Engine, write: Writer) -> None:
    failing = Remembering(FailingLate(engine))
    before = await failing.cache.recall(ANN), await failing.cache.standing(ANN)
    with pytest.raises(StoreUnavailable):
        await write(failing.cache)
    after = await failing.cache.recall(ANN), await failing.cache.standing(ANN)
    assert after == (await known.store.get(ANN), await known.store.standing(ANN))
    assert after != before


async def test_a_refused_change_may_have_been_somebody_elses_fault_and_forgets(known: Remembering) -> None:
    await known.costs(ANN, BOB)
    await known.store.change(ANN, ProfileChange(username="taken"), OPERATOR, LATER)
    with pytest.raises(UsernameTaken):
        await known.cache.change(BOB, ProfileChange(username="taken"), OPERATOR, LATER)
    with pytest.raises(PreconditionFailed):
        await known.cache.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER, expected=99)
    assert await known.costs(ANN, BOB) == [1, 1]
    assert (await known.cache.recall(ANN)) == await known.store.get(ANN)


async def test_what_decides_is_never_remembered(known: Remembering) -> None:
    await known.costs(ANN)
    changed = await known.store.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER)
    assert await known.cache.get(ANN) == changed


async def test_of_many_those_that_are_not_remembered_are_read_and_remembered(known: Remembering) -> None:
    await known.costs(ANN)
    found = await known.cache.get_many([ANN, BOB, STRANGER, BOB, ProfileKey("acme", "nobody")])
    assert found == {key: await known.store.get(key) for key in (ANN, BOB, STRANGER)}
    assert await known.costs(ANN, BOB, STRANGER) == [0, 0, 0]


async def test_of_many_one_that_changes_meanwhile_is_not_remembered(
    known: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = known.store.look_at_many

    async def late(keys: Sequence[ProfileKey]) -> dict[ProfileKey, Whole]:
        found = await look(keys)
        await known.cache.change(BOB, SOMEBODY_ELSE, OPERATOR, LATER)
        return found

    monkeypatch.setattr(known.store, "look_at_many", late)
    await known.cache.get_many([ANN, BOB])
    recalled = await known.cache.recall(BOB)
    assert recalled == await known.store.get(BOB)
    assert await known.costs(ANN) == [0]


async def test_a_change_is_remembered_as_the_database_gave_it_back(known: Remembering) -> None:
    changed = await known.cache.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER)
    assert await known.costs(ANN) == [0]
    assert await known.cache.recall(ANN) == changed == await known.store.get(ANN)
    assert await known.cache.standing(ANN) == await known.store.standing(ANN)


async def test_who_changes_nothing_because_another_was_first_sees_the_others_record_from_then_on(
    known: Remembering,
) -> None:
    await known.costs(ANN)
    others = await known.store.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER)
    assert await known.cache.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER + 1) == others
    assert await known.cache.recall(ANN) == others


@pytest.mark.parametrize(("version", "costs"), [(None, 1), (1, 0), (2, 0), (3, 1)])
async def test_who_is_told_of_a_version_forgets_what_is_older(
    known: Remembering, version: int | None, costs: int
) -> None:
    await known.cache.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER)
    known.word.forget(ANN, version)
    assert await known.costs(ANN) == [costs]


@pytest.mark.parametrize("told", [ANN, None], ids=["of the record", "of any record"])
async def test_a_read_under_way_at_a_change_is_answered_but_not_remembered(known: Remembering, told: object) -> None:
    known.reads.hold()
    reading = asyncio.create_task(known.cache.recall(ANN))
    await known.reads.answered.wait()
    changed = await known.store.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER)
    known.word.forget(ANN if told is ANN else None)
    known.reads.go()
    assert await reading != changed
    assert await known.cache.recall(ANN) == changed


async def test_a_read_under_way_at_somebody_elses_change_is_remembered(known: Remembering) -> None:
    known.reads.hold()
    reading = asyncio.create_task(known.cache.recall(ANN))
    await known.reads.answered.wait()
    known.word.forget(BOB)
    known.reads.go()
    await reading
    assert await known.costs(ANN) == [0]


async def test_a_read_that_ends_while_nobody_would_tell_is_not_remembered(known: Remembering) -> None:
    known.reads.hold()
    reading = asyncio.create_task(known.cache.recall(ANN))
    await known.reads.answered.wait()
    known.word.current = False
    known.reads.go()
    await reading
    known.word.current = True
    assert await known.costs(ANN) == [1]


async def test_nothing_is_believed_or_remembered_while_nobody_would_tell(known: Remembering) -> None:
    await known.costs(ANN)
    known.word.current = False
    assert await known.costs(ANN, ANN, BOB) == [1, 1, 1]
    known.word.forget(None)
    known.word.current = True
    assert await known.costs(ANN, BOB, ANN, BOB) == [1, 1, 0, 0]


async def test_who_asks_after_a_change_never_joins_a_read_that_began_before_it(known: Remembering) -> None:
    shared = Lookups(lambda keys: _looked(known, keys[0]))
    cache = RecordCache(known.store, shared.get, known.word, 1_000_000)
    known.reads.hold()
    before = asyncio.create_task(cache.recall(ANN))
    await known.reads.answered.wait()
    changed = await cache.change(ANN, SOMEBODY_ELSE, OPERATOR, LATER)
    after = asyncio.create_task(cache.recall(ANN))
    await settled()
    known.reads.go()
    assert (await before != changed, await after) == (True, changed)


async def _looked(known: Remembering, key: object) -> dict[object, object]:
    assert key == ANN
    return {ANN: await known.reads(ANN)}


async def test_a_reader_who_goes_away_leaves_nothing_behind(known: Remembering) -> None:
    known.reads.hold()
    reading = asyncio.create_task(known.cache.recall(ANN))
    await known.reads.answered.wait()
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    known.reads.go()
    assert await known.costs(ANN, ANN) == [1, 0]


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
async def test_a_writer_who_goes_away_leaves_nothing_old_in_memory(
    known: Remembering, write: Writer, steps: int
) -> None:
    await known.costs(ANN)
    writing = asyncio.ensure_future(write(known.cache))
    for _ in range(steps):
        await asyncio.sleep(0)
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    await known.store.change(BOB, SOMEBODY_ELSE, OPERATOR, LATER)  # comes after what is still under way,
    await known.store.revoke_before(BOB, LATER, OPERATOR, LATER)  # this too
    known.word.forget(ANN)  # as the database tells, some time after its commit
    assert await known.cache.recall(ANN) == await known.store.get(ANN)
    assert await known.cache.standing(ANN) == await known.store.standing(ANN)


async def test_no_more_bytes_are_remembered_than_allowed_and_the_least_used_go_first(
    known: Remembering, engine: Engine
) -> None:
    sizes = [whole.size for key in (ANN, BOB, STRANGER) if (whole := await known.store.look(key))]
    two = Remembering(engine, most=2 * max(sizes))
    assert await two.costs(ANN, BOB, ANN, BOB) == [1, 1, 0, 0]
    assert await two.costs(STRANGER, BOB) == [1, 0]
    assert await two.costs(ANN) == [1]


async def test_a_record_that_is_larger_than_all_that_is_allowed_pushes_out_nothing(
    known: Remembering, engine: Engine
) -> None:
    await known.store.change(ANN, ProfileChange(custom_data={"text": "x" * 20_000}), OPERATOR, LATER)
    small = Remembering(engine, most=10_000)
    assert await small.costs(BOB, ANN, ANN, BOB) == [1, 1, 1, 0]


async def test_with_no_bytes_at_all_every_request_reads_the_database(known: Remembering, engine: Engine) -> None:
    none = Remembering(engine, most=0)
    assert await none.costs(ANN, ANN, BOB, BOB) == [1, 1, 1, 1]
