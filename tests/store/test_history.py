"""What was done to a record, and the records that an operator looks for: of one tenant, and nothing beside."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from tests.store.databases import at_once
from tests.store.people import ANN, BOB, CAROL, LATER, NOW, OPERATOR, PROVIDER, STRANGER, herself, record

from profilegate.profiles.history import Entry
from profilegate.profiles.record import ProfileChange, ProfileKey
from profilegate.profiles.sessions import SessionStore
from profilegate.retention import AT_ONCE, DAY, Retention
from profilegate.store.engine import Engine
from profilegate.store.history import HistoryRepository
from profilegate.store.profiles import ProfileRepository
from profilegate.store.statements import Param, compiled, raw

MANY = 20


@pytest.fixture
def history(engine: Engine) -> HistoryRepository:
    return HistoryRepository(engine, str.lower)


async def make(store: ProfileRepository, key: ProfileKey, **fields: str) -> None:
    assert await store.create(record(key, **fields), PROVIDER)


async def ids(history: HistoryRepository, text: str, tenant: str = "acme", limit: int = MANY) -> list[str]:
    return [each.user_id for each in await history.found(tenant, text, limit)]


# What was done


async def test_the_newest_comes_first_with_who_did_what(store: ProfileRepository, history: HistoryRepository) -> None:
    await make(store, ANN, name="Ann")
    await store.change(ANN, ProfileChange(name="Anna", avatar="https://a.test/1"), herself(ANN), LATER)
    await store.suspend(ANN, OPERATOR, LATER + 1)
    newest, changed, made = await history.recent(ANN, MANY)
    assert newest == Entry(LATER + 1, "operator", "root", "test", "suspend", ("suspended_by_operator",))
    assert (changed.at, changed.actor_kind, changed.action, set(changed.fields)) == (
        LATER,
        "user",
        "change",
        {"name", "avatar"},
    )
    assert (made.at, made.actor_kind, made.action) == (NOW, "idp", "create")


async def test_no_value_is_told(store: ProfileRepository, history: HistoryRepository) -> None:
    await make(store, ANN, name="canary name", username="canary")
    await store.change(ANN, ProfileChange(name="canary two"), herself(ANN), LATER)
    assert "canary" not in str(await history.recent(ANN, MANY))


async def test_no_more_than_wanted_is_told(store: ProfileRepository, history: HistoryRepository) -> None:
    await make(store, ANN)
    for n in range(5):
        await store.change(ANN, ProfileChange(name=f"Ann {n}"), herself(ANN), NOW + n)
    assert [each.at for each in await history.recent(ANN, 2)] == [NOW + 4, NOW + 3]


async def test_other_peoples_changes_are_not_told(store: ProfileRepository, history: HistoryRepository) -> None:
    for each in (ANN, BOB, STRANGER):
        await make(store, each)
    await store.suspend(BOB, OPERATOR, LATER)
    await store.suspend(STRANGER, OPERATOR, LATER)
    assert [each.action for each in await history.recent(ANN, MANY)] == ["create"]


async def test_who_is_not_there_has_no_history(history: HistoryRepository) -> None:
    assert await history.recent(ANN, MANY) == []


# Who is found


@pytest.mark.parametrize("text", ["ann", "Ann_1", "ANN_1", "ann_1", "Marker", "MARKER", "mark", "m", "Marker Ann"])
async def test_a_record_is_found_by_id_username_or_the_beginning_of_its_name(
    store: ProfileRepository, history: HistoryRepository, text: str
) -> None:
    await make(store, ANN, username="Ann_1", name="Marker Ann")
    await make(store, BOB, username="bob_1", name="Bob")
    assert await ids(history, text) == ["ann"]


@pytest.mark.parametrize("text", ["ANN", "an", "ann_", "n", "arker", "Ann", "Marker Anna", "1", "acme", "other"])
async def test_a_record_is_not_found_by_anything_else(
    store: ProfileRepository, history: HistoryRepository, text: str
) -> None:
    await make(store, ANN, username="Ann_1", name="Marker Ann")
    assert await ids(history, text) == []


@pytest.mark.parametrize(
    "text", ["%", "_", "%%", "a%", "_nn", "*", "?", "\\", "'", "\\%", "[a-z]", "' OR '1'='1", "--"]
)
async def test_wildcards_mean_nothing(store: ProfileRepository, history: HistoryRepository, text: str) -> None:
    await make(store, ANN, name="Ann")
    await make(store, BOB, name="Bob")
    assert await ids(history, text) == []


@pytest.mark.parametrize("name", ["100% Ann", "_Ann", "\\Ann", "'Ann'", '"Ann"', "Ann*"])
async def test_a_name_that_begins_with_a_wildcard_is_found_by_it(
    store: ProfileRepository, history: HistoryRepository, name: str
) -> None:
    await make(store, ANN, name=name)
    assert await ids(history, name[:4]) == ["ann"]


@pytest.mark.parametrize(
    "name",
    ["École", "ÀB", "Straße", "İstanbul", "ÖZIL", "Ωmega", "Жанна", "日本", "\U0001f600 Ann", "\U0010ffff", "ŉ", "ǅ"],
)
async def test_a_name_of_any_letters_is_found_as_it_is_written(
    store: ProfileRepository, history: HistoryRepository, name: str
) -> None:
    await make(store, ANN, name=name)
    await make(store, BOB, name="Zed")
    assert await ids(history, name) == ["ann"]
    assert await ids(history, name[:1]) == ["ann"]


@pytest.mark.parametrize("text", ["\0", "a\0", "\ud800", "x\udfff", "\U0010ffff", "\x7f", "\u202e", "é" * 5000, ""])
async def test_text_that_is_in_no_record_finds_nobody(
    store: ProfileRepository, history: HistoryRepository, text: str
) -> None:
    await make(store, ANN)
    assert await ids(history, text) == []


async def test_other_tenants_records_are_never_found(store: ProfileRepository, history: HistoryRepository) -> None:
    await make(store, STRANGER, username="stranger", name="Stranger")
    for text in ("ann", "stranger", "Stranger", "S"):
        assert await ids(history, text) == []
        assert await ids(history, text, tenant="other") == ["ann"]


async def test_erased_records_are_never_found(store: ProfileRepository, history: HistoryRepository) -> None:
    await make(store, ANN, username="ann_1", name="Ann")
    await store.erase(ANN, OPERATOR, LATER)
    for text in ("ann", "ann_1", "Ann"):
        assert await ids(history, text) == []


async def test_no_more_than_wanted_are_found_in_the_order_of_their_ids(
    store: ProfileRepository, history: HistoryRepository
) -> None:
    for each in (CAROL, ANN, BOB):
        await make(store, each, name="Same")
    assert await ids(history, "same") == ["ann", "bob", "carol"]
    assert await ids(history, "same", limit=2) == ["ann", "bob"]


async def test_who_is_found_twice_over_is_told_once(store: ProfileRepository, history: HistoryRepository) -> None:
    await make(store, ANN, username="ann", name="ann")
    assert await ids(history, "ann") == ["ann"]


async def test_suspended_people_are_found(store: ProfileRepository, history: HistoryRepository) -> None:
    await make(store, ANN, name="Ann")
    await store.suspend(ANN, OPERATOR, LATER)
    (found,) = await history.found("acme", "ann", MANY)
    assert found.is_suspended


# Retention


class Nothing:
    """Sessions, of which none has ended."""

    async def forget(self, now: int, limit: int) -> int:
        return 0


def keeping(history: HistoryRepository, days: int, clock: Callable[[], float] = lambda: LATER / 1000) -> Retention:
    return Retention(history, cast(SessionStore, Nothing()), days, clock)


async def aged(engine: Engine, *moments: int) -> None:
    """Entries of these times, in their order."""
    insert = raw(
        "INSERT INTO profilegate_audit (tenant_id, user_id, at, actor_kind, actor_id, face, action, fields, version) "
        "VALUES ('acme', 'ann', {}, 'user', 'ann', 'test', 'change', '', 1)",
        Param("at"),
    )
    async with engine.session() as session:
        for moment in moments:
            await session.run(compiled(insert, engine.engine_type), {"at": moment})


async def kept(history: HistoryRepository) -> list[int]:
    return [each.at for each in await history.recent(ANN, 5_000)]


async def test_entries_go_when_they_are_older_than_the_days_that_they_are_kept(
    engine: Engine, history: HistoryRepository
) -> None:
    await aged(engine, LATER - 3 * DAY, LATER - 2 * DAY - 1, LATER - 2 * DAY, LATER)
    assert await keeping(history, 2).forget() == 2
    assert await kept(history) == [LATER, LATER - 2 * DAY]


async def test_more_than_one_statement_takes_go_at_once(engine: Engine, history: HistoryRepository) -> None:
    await aged(engine, *([LATER - 9 * DAY] * (AT_ONCE + 5)))
    assert await keeping(history, 2).forget() == AT_ONCE + 5


async def test_several_processes_forget_each_entry_once(engine: Engine, history: HistoryRepository) -> None:
    await aged(engine, *([LATER - 9 * DAY] * 300))
    assert sum(await at_once(keeping(history, 2).forget() for _ in range(5))) == 300


async def test_without_a_number_of_days_everything_is_kept(engine: Engine, history: HistoryRepository) -> None:
    await aged(engine, 0, LATER)
    async with keeping(history, 0).running():
        await asyncio.sleep(0.05)
    assert await kept(history) == [LATER, 0]


async def test_old_entries_go_beside_the_service(engine: Engine, history: HistoryRepository) -> None:
    await aged(engine, 0, LATER)
    async with keeping(history, 2).running():
        async with asyncio.timeout(30):
            while len(await kept(history)) > 1:  # noqa: ASYNC110  nobody else tells
                await asyncio.sleep(0.01)
    assert await kept(history) == [LATER]
