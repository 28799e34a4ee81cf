"""Changes that come at the same time are made together, and each comes out as if it had been alone."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from tests.store.databases import at_once, audit, connected, everything, opened, repository, rows
from tests.store.people import (
    ANN,
    BOB,
    CAROL,
    CROWD,
    EVERY_FIELD,
    LATER,
    MUCH_LATER,
    OPERATOR,
    STRANGER,
    herself,
    record,
)

from profilegate.errors import PreconditionFailed, UsernameTaken
from profilegate.profiles.record import Profile, ProfileChange, ProfileKey
from profilegate.profiles.rules import without
from profilegate.settings import DatabaseSettings
from profilegate.store.changes import MOST_TOLD, SAID_BESIDE, Asked, together
from profilegate.store.engine import Engine, Row
from profilegate.store.profiles import ProfileRepository
from profilegate.store.statements import Statement
from profilegate.store.tables import AuditRow


class Counting:
    """The engine, with a list of what is written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.written: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
        self.written.append(change[0].sql)
        return await self._engine.write(change, values)


async def everybody(store: ProfileRepository) -> None:
    await at_once(store.create(record(key), herself(key)) for key in CROWD)


def named(key: ProfileKey) -> ProfileChange:
    return ProfileChange(name=f"I am {key.user_id}")


async def test_fifty_changes_at_once_are_all_made_and_each_by_its_own_person(
    store: ProfileRepository, engine: Engine
) -> None:
    await everybody(store)
    made = await at_once(store.change(key, named(key), herself(key), LATER) for key in CROWD)
    assert [each.name for each in made] == [f"I am {key.user_id}" for key in CROWD]
    assert [each.version for each in made] == [2] * 50
    noted = {each["user_id"]: each for each in await audit(engine) if each["action"] == "change"}
    assert sorted(noted) == sorted(key.user_id for key in CROWD)
    assert {(each["actor_id"], each["fields"], each["at"], each["version"]) for each in noted.values()} == {
        (key.user_id, "name", LATER, 2) for key in CROWD
    }


async def test_on_postgresql_they_are_a_few_statements(postgres_settings: DatabaseSettings) -> None:
    async with opened(postgres_settings) as engine:
        counting = Counting(engine)
        store = repository(counting)
        await everybody(store)
        counting.written.clear()
        await at_once(store.change(key, named(key), herself(key), LATER) for key in CROWD)
        assert len(counting.written) <= 2


async def test_together_and_alone_every_field_comes_out_the_same(store: ProfileRepository, engine: Engine) -> None:
    change = without(EVERY_FIELD, "username")
    for key in CROWD[:3]:
        await store.create(record(key), herself(key))
    alone = await store.change(CROWD[0], change, OPERATOR, LATER)
    others = await at_once(store.change(key, change, OPERATOR, LATER) for key in CROWD[1:3])
    assert alone is not None
    assert others == [msgspec.structs.replace(alone, user_id=key.user_id) for key in CROWD[1:3]]
    noted = [each for each in await rows(engine, AuditRow) if each["action"] == "change"]
    assert len({(each["fields"], each["version"], each["actor_kind"], each["face"]) for each in noted}) == 1


async def test_of_changes_of_one_record_none_is_lost_and_the_last_stands(store: ProfileRepository) -> None:
    await store.create(record(ANN), herself(ANN))
    made = await at_once(store.change(ANN, ProfileChange(name=f"{n}"), herself(ANN), LATER + n) for n in range(20))
    assert sorted(each.version for each in made) == [*range(2, 22)]
    last = await store.get(ANN)
    assert isinstance(last, Profile)
    assert (last.name, last.version) == ("19", 21)


async def test_changes_of_different_fields_of_one_record_are_all_there(store: ProfileRepository) -> None:
    await store.create(record(ANN), herself(ANN))
    changes = [ProfileChange(name="A"), ProfileChange(avatar="https://a.test/a"), ProfileChange(custom_data={"a": [1]})]
    changes.append(ProfileChange(oidc_profile={"locale": "de", "website": None}))
    await at_once(store.change(ANN, each, herself(ANN), LATER) for each in changes)
    found = await store.get(ANN)
    assert isinstance(found, Profile)
    assert (found.name, found.avatar, found.custom_data) == ("A", "https://a.test/a", {"a": [1]})
    assert (found.oidc_profile, found.version) == ({"locale": "de"}, 5)


async def test_each_gets_the_own_refusal_and_nobody_elses(store: ProfileRepository, engine: Engine) -> None:
    await at_once(store.create(record(key), herself(key)) for key in (ANN, BOB, CAROL))
    await store.erase(CAROL, herself(CAROL), LATER)
    stale = store.change(ANN, ProfileChange(name="Stale"), herself(ANN), MUCH_LATER, expected=9)
    good = store.change(BOB, ProfileChange(name="Good"), herself(BOB), MUCH_LATER, expected=1)
    erased = store.change(CAROL, ProfileChange(name="Erased"), herself(CAROL), MUCH_LATER)
    nobody = store.change(STRANGER, ProfileChange(name="Nobody"), herself(STRANGER), MUCH_LATER)
    one, two, three, four = await at_once([stale, good, erased, nobody])
    assert isinstance(one, PreconditionFailed)
    assert (two.name, three, four) == ("Good", None, None)
    assert [each["user_id"] for each in await audit(engine) if each["action"] == "change"] == ["bob"]


async def test_what_changes_nothing_leaves_the_version_and_no_trace(store: ProfileRepository, engine: Engine) -> None:
    await everybody(store)
    await at_once(store.change(key, ProfileChange(name="Same"), herself(key), LATER) for key in CROWD)
    before = await everything(engine)
    again = await at_once(store.change(key, ProfileChange(name="Same"), herself(key), MUCH_LATER) for key in CROWD)
    assert [each.version for each in again] == [2] * 50
    assert await everything(engine) == before


async def test_a_claim_of_a_username_among_them_is_refused_alone(store: ProfileRepository) -> None:
    await store.create(record(ANN, username="ann"), herself(ANN))
    await at_once(store.create(record(key), herself(key)) for key in (BOB, CAROL))
    claim = store.change(BOB, ProfileChange(name="Bob", username="ANN"), herself(BOB), LATER)
    other = store.change(CAROL, ProfileChange(name="Carol"), herself(CAROL), LATER)
    refused, made = await at_once([claim, other])
    assert isinstance(refused, UsernameTaken)
    assert made.name == "Carol"


async def test_a_row_that_somebody_holds_keeps_nobody_else_waiting(postgres_settings: DatabaseSettings) -> None:
    async with opened(postgres_settings) as engine, connected(postgres_settings) as other:
        store = repository(engine)
        await everybody(store)
        held, *free = CROWD
        async with other.transaction():
            await other.execute("UPDATE profilegate_profile SET has_password = TRUE WHERE user_id = $1", held.user_id)
            waiting = asyncio.create_task(store.change(held, named(held), herself(held), LATER))
            async with asyncio.timeout(20):
                made = await at_once(store.change(key, named(key), herself(key), LATER) for key in free)
            assert [each.version for each in made] == [2] * 49
            assert not waiting.done()
        found = await waiting
        assert found is not None
        assert (found.name, found.has_password, found.version) == (f"I am {held.user_id}", True, 2)


async def test_two_workers_who_change_the_same_crowd_lose_nothing_and_stop_nowhere(
    postgres_settings: DatabaseSettings,
) -> None:
    async with opened(postgres_settings) as one, opened(postgres_settings) as two:
        stores = [repository(engine) for engine in (one, two)]
        await everybody(stores[0])
        change = [
            store.change(key, ProfileChange(name=f"{n}-{round_}"), herself(key), LATER)
            for round_ in range(5)
            for n, store in enumerate(stores)
            for key in (CROWD if n else reversed(CROWD))
        ]
        made = await at_once(change)
        assert {type(each) for each in made} == {Profile}
        last = await stores[0].get_many(CROWD)
        assert [getattr(last[key], "version", None) for key in CROWD] == [1 + 5 * 2] * 50


def asked(user_id: str, *fields: str) -> Asked:
    return Asked(ProfileKey("acme", user_id), fields or ("name",), {})


@pytest.mark.parametrize(
    ("waiting", "picked"),
    [
        ([asked("a")], [0]),
        ([asked("a"), asked("b"), asked("c")], [0, 1, 2]),
        ([asked("a"), asked("a"), asked("b")], [0, 2]),
        ([asked("a"), asked("b", "avatar"), asked("c")], [0, 2]),
        ([asked("a"), asked("b", "avatar"), asked("b"), asked("c")], [0, 3]),
        ([asked(f"u{n}") for n in range(200)], [*range(128)]),
        ([asked(f"{n:0200d}") for n in range(100)], [*range(MOST_TOLD // (204 + SAID_BESIDE))]),
        ([asked("a" * 10_000), asked("b")], [0]),
    ],
    ids=["one", "others", "twice", "other fields", "behind its own", "too many", "too long", "one too long"],
)
def test_who_goes_together(waiting: list[Asked], picked: list[int]) -> None:
    assert together(waiting) == picked


async def test_fifty_who_change_nothing_ask_twice_altogether(postgres_settings: DatabaseSettings) -> None:
    async with opened(postgres_settings) as engine:
        counting = Counting(engine)
        store = repository(counting)
        await everybody(store)
        same = ProfileChange(name="Same", custom_data={"a": 1}, oidc_profile={"locale": "de"})
        await at_once(store.change(key, same, herself(key), LATER) for key in CROWD)
        counting.written.clear()
        again = await at_once(store.change(key, same, herself(key), MUCH_LATER) for key in CROWD)
        assert {(each.name, each.version) for each in again} == {("Same", 2)}
        assert len(counting.written) <= 2


@pytest.mark.parametrize(("before", "after"), [({"a": 1}, {"a": True}), ({"a": 0}, {"a": False}), ({}, {"a": None})])
async def test_what_only_python_takes_for_the_same_is_a_change(
    store: ProfileRepository, before: dict[str, Any], after: dict[str, Any]
) -> None:
    await store.create(record(ANN, custom_data=before), herself(ANN))
    changed = await store.change(ANN, ProfileChange(custom_data=after), herself(ANN), LATER)
    assert changed is not None
    assert (msgspec.json.encode(changed.custom_data), changed.version) == (msgspec.json.encode(after), 2)
