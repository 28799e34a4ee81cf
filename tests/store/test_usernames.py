"""A username belongs to one user of a tenant, and the database decides who is first."""

import asyncio
from collections.abc import Awaitable

import pytest
from tests.store.databases import at_once, audit, connected, everything, opened, repository, somebody_waits
from tests.store.people import ANN, BOB, CAROL, CROWD, LATER, MUCH_LATER, STRANGER, herself, record

from profilegate.errors import UsernameTaken
from profilegate.profiles.record import Profile, ProfileChange, ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository


def claim(
    store: ProfileRepository, key: ProfileKey, username: str | None, name: str = "Claimant"
) -> Awaitable[Profile | None]:
    return store.change(key, ProfileChange(username=username, name=name), herself(key), LATER)


async def two_people(store: ProfileRepository) -> None:
    await store.create(record(ANN, username="Ann"), herself(ANN))
    await store.create(record(BOB), herself(BOB))


async def test_of_fifty_who_claim_one_username_exactly_one_gets_it(store: ProfileRepository, engine: Engine) -> None:
    for key in CROWD:
        await store.create(record(key), herself(key))
    answers = await at_once(claim(store, key, "Popular") for key in CROWD)
    (winner,) = (each for each in answers if isinstance(each, Profile))
    assert [type(each) for each in answers if each is not winner] == [UsernameTaken] * 49
    owners = [each for each in (await store.get_many(CROWD)).values() if getattr(each, "username", None)]
    assert owners == [winner]
    assert [entry["user_id"] for entry in await audit(engine) if entry["action"] == "change"] == [winner.user_id]


async def test_of_fifty_who_claim_it_in_fifty_spellings_exactly_one_gets_it(store: ProfileRepository) -> None:
    for key in CROWD:
        await store.create(record(key), herself(key))
    spellings = ["".join(c.upper() if n >> i & 1 else c for i, c in enumerate("popular")) for n in range(len(CROWD))]
    answers = await at_once(claim(store, key, name) for key, name in zip(CROWD, spellings, strict=True))
    assert sum(isinstance(each, Profile) for each in answers) == 1
    assert sum(isinstance(each, UsernameTaken) for each in answers) == 49


async def test_of_fifty_who_are_created_with_one_username_exactly_one_is(store: ProfileRepository) -> None:
    answers = await at_once(store.create(record(key, username="popular"), herself(key)) for key in CROWD)
    assert answers.count(True) == 1
    assert sum(isinstance(each, UsernameTaken) for each in answers) == 49
    assert list(await store.get_many(CROWD)) == [CROWD[answers.index(True)]]


async def test_a_refused_claim_writes_nothing_not_even_an_audit_row(store: ProfileRepository, engine: Engine) -> None:
    await two_people(store)
    before = await everything(engine)
    with pytest.raises(UsernameTaken):
        await store.change(BOB, ProfileChange(username="ann", name="Bobby"), herself(BOB), LATER)
    assert await everything(engine) == before


async def test_usernames_that_differ_only_in_case_are_the_same(store: ProfileRepository) -> None:
    await two_people(store)
    for spelling in ("ann", "ANN", "aNn"):
        with pytest.raises(UsernameTaken):
            await store.change(BOB, ProfileChange(username=spelling), herself(BOB), LATER)


async def test_where_case_counts_they_are_two(engine: Engine) -> None:
    store = repository(engine, case_sensitive=True)
    await two_people(store)
    changed = await store.change(BOB, ProfileChange(username="ann"), herself(BOB), LATER)
    assert changed is not None
    assert changed.username == "ann"


async def test_a_user_may_respell_her_own_username(store: ProfileRepository) -> None:
    await two_people(store)
    changed = await store.change(ANN, ProfileChange(username="aNN"), herself(ANN), LATER)
    assert changed is not None
    assert (changed.username, changed.version) == ("aNN", 2)


async def test_another_tenant_may_have_the_same_username(store: ProfileRepository) -> None:
    await two_people(store)
    assert await store.create(record(STRANGER, username="Ann"), herself(STRANGER)) is True
    assert await store.get(STRANGER) == record(STRANGER, username="Ann")


async def test_any_number_of_users_live_without_a_username(store: ProfileRepository) -> None:
    answers = await at_once(store.create(record(key), herself(key)) for key in CROWD)
    assert answers == [True] * 50


async def test_a_username_given_up_is_free(store: ProfileRepository) -> None:
    await two_people(store)
    for given_up_for in ("anna", None):
        await store.change(ANN, ProfileChange(username=given_up_for), herself(ANN), LATER)
        changed = await store.change(BOB, ProfileChange(username="ann"), herself(BOB), LATER)
        assert changed is not None
        assert changed.username == "ann"
        await store.change(BOB, ProfileChange(username=None), herself(BOB), LATER)
        await store.change(ANN, ProfileChange(username="Ann"), herself(ANN), LATER)


async def test_a_username_freed_by_erasure_goes_to_exactly_one_of_those_who_want_it(store: ProfileRepository) -> None:
    await two_people(store)
    await store.create(record(CAROL), herself(CAROL))
    await store.erase(ANN, herself(ANN), LATER)
    answers = await at_once(claim(store, key, "ann") for key in (BOB, CAROL))
    assert sorted(type(each).__name__ for each in answers) == ["Profile", "UsernameTaken"]


async def test_users_who_swap_usernames_at_once_are_refused_and_keep_their_own(store: ProfileRepository) -> None:
    """Each claim meets the other's row: PostgreSQL may call that a deadlock, for the users it is a taken name."""
    for key in CROWD:
        await store.create(record(key, username=key.user_id), herself(key))
    await at_once(store.get(ANN) for _ in range(50))  # every connection of the pool is open
    partners = [CROWD[number ^ 1] for number in range(len(CROWD))]
    answers = await at_once(claim(store, key, partner.user_id) for key, partner in zip(CROWD, partners, strict=True))
    assert {type(each) for each in answers} == {UsernameTaken}
    found = await store.get_many(CROWD)
    assert [getattr(found[key], "username", None) for key in CROWD] == [key.user_id for key in CROWD]


async def test_a_claim_broken_off_by_postgresql_as_a_deadlock_is_made_again(
    postgres_settings: DatabaseSettings,
) -> None:
    async with opened(postgres_settings) as engine, connected(postgres_settings) as other:
        store = repository(engine)
        await two_people(store)
        async with other.transaction():
            await other.execute("UPDATE profilegate_profile SET username_key = 'bob' WHERE user_id = 'bob'")
            claiming = asyncio.create_task(store.change(ANN, ProfileChange(username="Bob"), herself(ANN), LATER))
            await somebody_waits(postgres_settings)
            await other.execute("UPDATE profilegate_profile SET updated_at = updated_at WHERE user_id = 'ann'")
        with pytest.raises(UsernameTaken):
            await claiming


async def test_a_claim_names_the_same_conflict_with_and_without_an_expected_version(store: ProfileRepository) -> None:
    await two_people(store)
    with pytest.raises(UsernameTaken):
        await store.change(BOB, ProfileChange(username="ann"), herself(BOB), MUCH_LATER, expected=1)
