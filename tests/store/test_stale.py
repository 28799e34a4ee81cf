"""Records of which the provider knows more than it told are marked, asked about once, and settled."""

import pytest
from tests.store.databases import at_once, rows
from tests.store.inboxes import inbox_on
from tests.store.people import ANN, BOB, CROWD, LATER, NOW, OPERATOR, herself, record

from profilegate.profiles.record import ProfileKey
from profilegate.profiles.stale import Stale
from profilegate.store.engine import Engine
from profilegate.store.lives import COALESCED
from profilegate.store.profiles import ProfileRepository
from profilegate.store.stale import LEASE, LONGEST_PAUSE, PAGE, StaleRepository
from profilegate.store.tables import StaleRow

DUE = NOW + COALESCED
PERIOD = 86_400_000


@pytest.fixture
def stale(engine: Engine) -> StaleRepository:
    return StaleRepository(engine)


async def marked(engine: Engine, key: ProfileKey = ANN, now: int = NOW, subject: str = "subject") -> None:
    async with inbox_on(engine).lives() as lives:
        await lives.mark_stale(key, "idp", subject, now)


async def taken(stale: StaleRepository, now: int) -> Stale:
    found = await stale.take(now)
    assert found is not None
    return found


async def all_taken(stale: StaleRepository, now: int) -> list[Stale]:
    found = []
    while (each := await stale.take(now)) is not None:
        found.append(each)
    return found


# One mark


async def test_a_mark_is_due_shortly_after_it_was_made(stale: StaleRepository, engine: Engine) -> None:
    await marked(engine)
    assert await stale.take(DUE - 1) is None
    assert await stale.take(DUE) == Stale(ANN, "idp", "subject", NOW, 1)


async def test_where_there_is_no_mark_none_is_taken(stale: StaleRepository) -> None:
    assert await stale.take(LATER) is None


async def test_what_was_taken_is_nobody_elses_for_a_minute(stale: StaleRepository, engine: Engine) -> None:
    await marked(engine)
    await taken(stale, DUE)
    assert await stale.take(DUE + LEASE - 1) is None
    assert await stale.take(DUE + LEASE) == Stale(ANN, "idp", "subject", NOW, 2)


async def test_many_who_take_at_once_get_different_marks(stale: StaleRepository, engine: Engine) -> None:
    for key in CROWD[:10]:
        await marked(engine, key)
    found = [each for each in await at_once(stale.take(DUE) for _ in range(10)) if each is not None]
    found += await all_taken(stale, DUE)
    assert sorted(each.key.user_id for each in found) == sorted(key.user_id for key in CROWD[:10])


async def test_marks_that_come_before_the_question_are_one_question(stale: StaleRepository, engine: Engine) -> None:
    for n in range(5):
        await marked(engine, now=NOW + n, subject=f"subject {n}")
    assert await all_taken(stale, DUE) == [Stale(ANN, "idp", "subject 4", NOW + 4, 1)]


async def test_an_answer_settles_the_mark(stale: StaleRepository, engine: Engine) -> None:
    await marked(engine)
    await stale.answered(await taken(stale, DUE), DUE)
    assert await rows(engine, StaleRow) == []


async def test_a_mark_that_was_made_while_it_was_asked_about_stays_and_is_due(
    stale: StaleRepository, engine: Engine
) -> None:
    await marked(engine)
    asked = await taken(stale, DUE)
    await marked(engine, now=DUE + 5)
    await stale.answered(asked, DUE + 9)
    assert await stale.take(DUE + 8) is None
    again = await taken(stale, DUE + 9)
    assert again.marked_at == DUE + 5
    await stale.answered(again, DUE + 9)
    assert await rows(engine, StaleRow) == []


async def test_without_an_answer_it_is_asked_again_ever_more_rarely(stale: StaleRepository, engine: Engine) -> None:
    await marked(engine)
    now, pauses = DUE, []
    for _ in range(40):
        await stale.unanswered(await taken(stale, now), now)
        (row,) = await rows(engine, StaleRow)
        pauses.append(row["next_at"] - now)
        assert await stale.take(row["next_at"] - 1) is None
        now = row["next_at"]
    assert pauses == sorted(pauses)
    assert pauses[:3] == [2_000, 4_000, 8_000]
    assert pauses[-1] == LONGEST_PAUSE


async def test_an_answer_settles_only_its_own_users_mark(stale: StaleRepository, engine: Engine) -> None:
    await marked(engine)
    await marked(engine, ProfileKey("other", "ann"))
    await marked(engine, BOB)
    found = {each.key: each for each in await all_taken(stale, DUE)}
    await stale.answered(found[ANN], DUE)
    assert {(row["tenant_id"], row["user_id"]) for row in await rows(engine, StaleRow)} == {
        ("other", "ann"),
        ("acme", "bob"),
    }


# All records


async def page(stale: StaleRepository, now: int, tenant: str = "acme", prefix: str = "", source: str = "idp") -> int:
    return await stale.mark_next(source, tenant, prefix, PERIOD, now)


async def stored(store: ProfileRepository, *keys: ProfileKey) -> None:
    for key in keys:
        await store.create(record(key), herself(key))


async def test_every_record_of_the_tenant_is_marked_and_is_due_at_once(
    stale: StaleRepository, store: ProfileRepository
) -> None:
    await stored(store, ANN, BOB, ProfileKey("other", "zoe"))
    assert await page(stale, NOW) == 2
    assert [each.key for each in await all_taken(stale, NOW)] == [ANN, BOB]


async def test_erased_records_are_not_compared(stale: StaleRepository, store: ProfileRepository) -> None:
    await stored(store, ANN, BOB)
    await store.erase(BOB, OPERATOR, LATER)
    assert await page(stale, NOW) == 1
    assert [each.key for each in await all_taken(stale, NOW)] == [ANN]


async def test_only_ids_with_the_prefix_are_marked_by_what_follows_it(
    stale: StaleRepository, store: ProfileRepository
) -> None:
    await stored(store, *(ProfileKey("acme", each) for each in ("idp:1", "idp:", "other:1", "xidp:1")))
    assert await page(stale, NOW, prefix="idp:") == 4
    assert [(each.key.user_id, each.subject) for each in await all_taken(stale, NOW)] == [("idp:1", "1")]


async def test_a_round_goes_through_all_records_page_by_page_and_the_next_begins_after_the_period(
    stale: StaleRepository, store: ProfileRepository
) -> None:
    everybody = [ProfileKey("acme", f"u.{n:04d}") for n in range(PAGE + 3)]
    await stored(store, *everybody)
    assert [await page(stale, NOW) for _ in range(3)] == [PAGE, 3, 0]
    assert sorted(each.key.user_id for each in await all_taken(stale, NOW)) == [each.user_id for each in everybody]
    assert await page(stale, NOW + PERIOD - 1) == 0
    assert await page(stale, NOW + PERIOD) == PAGE


async def test_ids_in_any_letters_are_all_visited_once(stale: StaleRepository, store: ProfileRepository) -> None:
    odd = ["A", "a", "B", "_", "-", "a b", "a-b", "ab", "~", ".", "Z.9", "z"]
    odd += [f"{each}{n}" for each in odd for n in range(PAGE // 8)]
    await stored(store, *(ProfileKey("acme", each) for each in odd))
    counts = [await page(stale, NOW) for _ in range(3)]
    assert (sum(counts), counts[-1]) == (len(odd), 0)
    assert sorted(each.key.user_id for each in await all_taken(stale, NOW)) == sorted(odd)


async def test_each_source_and_tenant_has_its_own_round(stale: StaleRepository, store: ProfileRepository) -> None:
    await stored(store, ANN, ProfileKey("other", "zoe"))
    assert [await page(stale, NOW), await page(stale, NOW, "other"), await page(stale, NOW, source="second")] == [1] * 3
    assert [await page(stale, NOW), await page(stale, NOW, "other"), await page(stale, NOW, source="second")] == [0] * 3


async def test_a_mark_that_waits_already_stays_as_it_is(
    stale: StaleRepository, engine: Engine, store: ProfileRepository
) -> None:
    await stored(store, ANN)
    await marked(engine, now=NOW + 7)
    assert await page(stale, NOW) == 1
    assert await stale.take(NOW + 7) is None
    assert (await taken(stale, NOW + 7 + COALESCED)).marked_at == NOW + 7


async def test_of_many_who_begin_the_round_at_once_each_page_is_one_processs(
    stale: StaleRepository, store: ProfileRepository
) -> None:
    await stored(store, ANN, BOB)
    answers = await at_once(page(stale, NOW) for _ in range(10))
    assert sorted(answers) == [0] * 9 + [2]
    assert len(await all_taken(stale, NOW)) == 2


async def test_a_tenant_without_records_is_looked_at_again_after_the_period(
    stale: StaleRepository, store: ProfileRepository
) -> None:
    assert await page(stale, NOW) == 0
    await stored(store, ANN)
    assert await page(stale, NOW + PERIOD - 1) == 0
    assert await page(stale, NOW + PERIOD) == 1
