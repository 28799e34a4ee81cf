"""What may happen to a record: first access, claims, changes, erasure, reading many."""

from typing import Any

import pytest

from profilegate.errors import (
    FieldNotEditable,
    InvalidField,
    PreconditionFailed,
    ProfileNotFound,
    StoreUnavailable,
    TooManyCreations,
    UsernameTaken,
)
from profilegate.profiles.record import Actor, Profile, ProfileChange, ProfileKey
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.service import ProfileService
from profilegate.profiles.usernames import UsernameRule

from .memory import MemoryStore

BASE = "https://avatars.example/svg"
ALICE, BOB = ProfileKey("t", "alice"), ProfileKey("t", "bob")
OWNER, OTHER = Actor("user", "alice", "phoenix"), Actor("user", "bob", "phoenix")
OPERATOR = Actor("operator", "root", "phoenix")
CLAIMS = ProfileChange(username="alice", name="Alice Liddell", avatar="https://example.com/alice.png")


class Clock:
    """Seconds, as often and as late as the test says."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def service_of(store: MemoryStore, clock: Clock, **rules: Any) -> ProfileService:
    return ProfileService(store, ProfileRules(UsernameRule(), BASE, **rules), clock)


@pytest.fixture
def service(store: MemoryStore, clock: Clock) -> ProfileService:
    return service_of(store, clock)


def token_of(issued_at: float, user_id: str = "alice") -> Actor:
    return Actor("user", user_id, "phoenix", int(issued_at))


# First access


async def test_a_first_access_stores_a_generated_name_and_avatar(service: ProfileService, store: MemoryStore) -> None:
    made = await service.get_or_create(ALICE, OWNER)
    assert made == store.records[ALICE]
    assert (made.name, made.avatar, made.username) == (service.preview(ALICE).name, f"{BASE}?seed=t_alice", None)
    assert made.sources == {"name": "generated", "avatar": "generated"}
    assert (made.created_at, made.updated_at, made.version) == (1_700_000_000_000, 1_700_000_000_000, 1)


async def test_a_second_access_changes_nothing(service: ProfileService, clock: Clock) -> None:
    made = await service.get_or_create(ALICE, OWNER, CLAIMS)
    clock.now += 60
    assert await service.get_or_create(ALICE, OWNER, CLAIMS) == made


async def test_the_owners_first_access_takes_what_the_token_says(service: ProfileService) -> None:
    made = await service.get_or_create(ALICE, OWNER, CLAIMS)
    assert (made.username, made.name, made.avatar) == (CLAIMS.username, CLAIMS.name, CLAIMS.avatar)
    assert set(made.sources.values()) == {"claims"}


async def test_a_first_access_by_somebody_else_takes_nothing_from_their_token(service: ProfileService) -> None:
    made = await service.get_or_create(ALICE, OTHER, ProfileChange(username="bob", name="Bob"))
    assert (made.user_id, made.username, made.name) == ("alice", None, service.preview(ALICE).name)


async def test_claims_that_break_the_rules_are_passed_over(service: ProfileService) -> None:
    made = await service.get_or_create(ALICE, OWNER, ProfileChange(username="no good", name="\0", avatar="data:,"))
    assert made.sources == {"name": "generated", "avatar": "generated"}


async def test_a_claimed_username_that_is_taken_does_not_stop_a_first_access(service: ProfileService) -> None:
    await service.get_or_create(BOB, OTHER, ProfileChange(username="ALICE"))
    made = await service.get_or_create(ALICE, OWNER, CLAIMS)
    assert (made.username, made.name, made.avatar) == (None, CLAIMS.name, CLAIMS.avatar)


async def test_a_preview_is_what_somebody_elses_access_stores_apart_from_the_times(
    service: ProfileService, store: MemoryStore
) -> None:
    shown = service.preview(ALICE)
    assert not store.records
    made = await service.get_or_create(ALICE, OTHER)
    assert (shown.name, shown.avatar, shown.created_at, shown.updated_at) == (made.name, made.avatar, 0, 0)


class Beaten(MemoryStore):
    """Somebody else makes the record just before the first creation, as a twin of the request would."""

    async def create(self, profile: Profile, actor: Actor) -> bool:
        await super().create(profile, actor)
        return await super().create(profile, actor)


class BeatenByName(MemoryStore):
    """The same, in a store that notices the twin's username before its key."""

    async def create(self, profile: Profile, actor: Actor) -> bool:
        if not await super().create(profile, actor):
            return False
        raise UsernameTaken


@pytest.mark.parametrize("kind", [Beaten, BeatenByName])
async def test_who_loses_a_race_to_create_gets_the_winners_record(kind: type[MemoryStore], clock: Clock) -> None:
    store = kind()
    service = service_of(store, clock)
    assert await service.get_or_create(ALICE, OWNER, CLAIMS) == store.records[ALICE]
    changed = await service.change(BOB, ProfileChange(username="bob", name="Bob"), OTHER)
    assert (changed, changed.username) == (store.records[BOB], "bob")


class Contradictory(MemoryStore):
    """A store that holds nothing and yet takes nothing."""

    async def create(self, profile: Profile, actor: Actor) -> bool:
        return False


async def test_a_store_that_contradicts_itself_counts_as_unavailable(clock: Clock) -> None:
    service = service_of(Contradictory(), clock)
    with pytest.raises(StoreUnavailable):
        await service.get_or_create(ALICE, OWNER)
    with pytest.raises(StoreUnavailable):
        await service.change(ALICE, ProfileChange(name="Alice"), OWNER)


# Claims on a later access


async def test_generated_values_give_way_to_claims_on_the_owners_access_only(service: ProfileService) -> None:
    made = await service.get_or_create(ALICE, OTHER)
    assert await service.get_or_create(ALICE, OTHER, CLAIMS) == made
    assert await service.get_or_create(ALICE, OPERATOR, CLAIMS) == made
    filled = await service.get_or_create(ALICE, OWNER, CLAIMS)
    assert (filled.username, filled.name, filled.avatar) == (CLAIMS.username, CLAIMS.name, CLAIMS.avatar)


async def test_generated_values_give_way_to_claims_when_the_owner_changes_something_else(
    service: ProfileService,
) -> None:
    await service.get_or_create(ALICE, OTHER)
    changed = await service.change(ALICE, ProfileChange(name="Al"), OWNER, CLAIMS)
    assert (changed.username, changed.name, changed.avatar) == (CLAIMS.username, "Al", CLAIMS.avatar)


@pytest.mark.parametrize("actor", [OWNER, OPERATOR])
async def test_claims_never_replace_what_somebody_has_set(service: ProfileService, actor: Actor) -> None:
    await service.change(ALICE, ProfileChange(name="Al", avatar=None), actor)
    found = await service.get_or_create(ALICE, OWNER, CLAIMS)
    assert (found.name, found.avatar, found.username) == ("Al", None, "alice")


class WriteProtected(MemoryStore):
    """A store in which filling in claims is a fault."""

    async def fill(self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int) -> Profile | None:
        raise StoreUnavailable


@pytest.mark.parametrize("claimed", [
    ProfileChange(), ProfileChange(name="Alice"), ProfileChange(avatar="data:,"), ProfileChange(username="no good"),
    ProfileChange(avatar=f"{BASE}?seed=t_alice"),
])  # fmt: skip
async def test_claims_without_effect_write_nothing(clock: Clock, claimed: ProfileChange) -> None:
    service = service_of(WriteProtected(), clock)
    made = await service.change(ALICE, ProfileChange(name="Al"), OWNER)
    assert await service.get_or_create(ALICE, OWNER, claimed) == made


async def test_a_claimed_username_that_is_taken_leaves_the_other_claims_their_effect(service: ProfileService) -> None:
    await service.change(BOB, ProfileChange(username="Alice"), OTHER)
    await service.get_or_create(ALICE, OTHER)
    filled = await service.get_or_create(ALICE, OWNER, CLAIMS)
    assert (filled.username, filled.name) == (None, CLAIMS.name)


# Records of other people


async def test_others_find_nothing_where_only_the_owner_creates(store: MemoryStore, clock: Clock) -> None:
    service = service_of(store, clock, create_on_read="self")
    with pytest.raises(ProfileNotFound):
        await service.get_or_create(ALICE, OTHER)
    made = await service.get_or_create(ALICE, OWNER)
    assert await service.get_or_create(ALICE, OTHER) == made


async def test_creations_for_others_are_limited_per_caller_and_hour(store: MemoryStore, clock: Clock) -> None:
    service = service_of(store, clock, creations_per_hour=2)
    for n in range(2):
        await service.get_or_create(ProfileKey("t", f"user-{n}"), OTHER)
    clock.now += 3599.5
    with pytest.raises(TooManyCreations) as refusal:
        await service.get_or_create(ALICE, OTHER)
    assert refusal.value.retry_after == 1
    assert ALICE not in store.records
    clock.now += refusal.value.retry_after
    assert (await service.get_or_create(ALICE, OTHER)).user_id == "alice"


async def test_the_limit_leaves_reading_one_self_and_other_callers_alone(store: MemoryStore, clock: Clock) -> None:
    service = service_of(store, clock, creations_per_hour=1)
    made = await service.get_or_create(ALICE, OTHER)
    assert await service.get_or_create(ALICE, OTHER) == made
    assert (await service.get_or_create(BOB, OTHER)).user_id == "bob"
    assert (await service.get_or_create(ProfileKey("t", "carol"), OWNER)).user_id == "carol"


async def test_a_limit_of_zero_forbids_creations_for_others(store: MemoryStore, clock: Clock) -> None:
    with pytest.raises(TooManyCreations) as refusal:
        await service_of(store, clock, creations_per_hour=0).get_or_create(ALICE, OTHER)
    assert refusal.value.retry_after == 3600


# Erased records


async def test_nobody_elses_access_and_no_older_token_raises_the_erased(
    service: ProfileService, store: MemoryStore, clock: Clock
) -> None:
    await service.get_or_create(ALICE, OWNER)
    await store.erase(ALICE, OWNER, int(clock.now * 1000))
    buried = store.records[ALICE]
    for actor in (OWNER, token_of(clock.now), token_of(clock.now + 60, "bob"), OPERATOR):
        with pytest.raises(ProfileNotFound):
            await service.get_or_create(ALICE, actor)
        with pytest.raises(ProfileNotFound):
            await service.change(ALICE, ProfileChange(name="Alice"), actor)
    assert store.records[ALICE] == buried


async def test_a_newer_token_of_the_owner_starts_anew_from_the_tombstones_version(
    service: ProfileService, store: MemoryStore, clock: Clock
) -> None:
    await service.change(ALICE, ProfileChange(name="Al", username="al"), OWNER)
    await store.erase(ALICE, OWNER, int(clock.now * 1000))
    clock.now += 2
    again = await service.get_or_create(ALICE, token_of(clock.now), CLAIMS)
    assert (again.name, again.username, again.created_at, again.version) == (
        CLAIMS.name, "alice", 1_700_000_002_000, 3,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["idp", "operator", "system"])
async def test_what_others_deleted_no_token_brings_back(
    service: ProfileService, store: MemoryStore, clock: Clock, kind: Any
) -> None:
    await service.get_or_create(ALICE, OWNER)
    await store.erase(ALICE, Actor(kind, "x", "sync"), int(clock.now * 1000))
    with pytest.raises(ProfileNotFound):
        await service.get_or_create(ALICE, token_of(clock.now + 60))


async def test_the_erased_ones_username_is_free_and_a_taken_claim_does_not_stop_the_return(
    service: ProfileService, store: MemoryStore, clock: Clock
) -> None:
    await service.get_or_create(ALICE, OWNER, CLAIMS)
    await store.erase(ALICE, OWNER, int(clock.now * 1000))
    await service.change(BOB, ProfileChange(username="alice"), OTHER)
    again = await service.get_or_create(ALICE, token_of(clock.now + 60), CLAIMS)
    assert (again.username, again.name) == (None, CLAIMS.name)


# Changes


async def test_a_change_sets_the_given_fields_and_notes_by_whom(service: ProfileService, clock: Clock) -> None:
    made = await service.get_or_create(ALICE, OWNER)
    clock.now += 1
    changed = await service.change(ALICE, ProfileChange(name="A\u030a", avatar=None), OWNER)
    assert (changed.name, changed.avatar, changed.version) == ("Å", None, 2)
    assert changed.sources == {"name": "user", "avatar": "user"}
    assert (changed.created_at, changed.updated_at) == (made.created_at, made.updated_at + 1000)


async def test_a_change_to_the_same_values_moves_nothing(service: ProfileService, clock: Clock) -> None:
    changed = await service.change(ALICE, ProfileChange(name="Al"), OWNER)
    clock.now += 1
    assert await service.change(ALICE, ProfileChange(name="Al"), OWNER) == changed


async def test_a_change_of_a_missing_record_creates_it_with_the_values(service: ProfileService) -> None:
    made = await service.change(ALICE, ProfileChange(name="Al"), OWNER, CLAIMS)
    assert (made.name, made.username, made.avatar, made.version) == ("Al", "alice", CLAIMS.avatar, 1)
    assert made.sources == {"name": "user", "username": "claims", "avatar": "claims"}


async def test_an_operators_change_of_a_missing_record_takes_no_claims(service: ProfileService) -> None:
    made = await service.change(ALICE, ProfileChange(name="Al"), OPERATOR, CLAIMS)
    assert (made.name, made.username, made.avatar) == ("Al", None, f"{BASE}?seed=t_alice")
    assert made.sources == {"name": "operator", "avatar": "generated"}


async def test_an_empty_change_reads(service: ProfileService) -> None:
    made = await service.change(ALICE, ProfileChange(), OWNER, CLAIMS)
    assert made == await service.get_or_create(ALICE, OWNER)
    assert made.name == CLAIMS.name


@pytest.mark.parametrize("exists", [True, False])
async def test_a_username_that_is_taken_changes_and_creates_nothing(
    service: ProfileService, store: MemoryStore, exists: bool
) -> None:
    await service.change(BOB, ProfileChange(username="bob"), OTHER)
    if exists:
        await service.get_or_create(ALICE, OWNER)
    before = store.records.get(ALICE)
    with pytest.raises(UsernameTaken):
        await service.change(ALICE, ProfileChange(name="Al", username="BOB"), OWNER, CLAIMS)
    assert store.records.get(ALICE) == before


async def test_a_username_of_another_tenant_is_free(service: ProfileService) -> None:
    await service.change(BOB, ProfileChange(username="bob"), OTHER)
    changed = await service.change(ProfileKey("u", "alice"), ProfileChange(username="bob"), OWNER)
    assert changed.username == "bob"


async def test_a_value_that_breaks_its_rule_is_refused_before_anything_is_made(
    service: ProfileService, store: MemoryStore
) -> None:
    with pytest.raises(InvalidField):
        await service.change(ALICE, ProfileChange(name="Al", avatar="javascript:alert(1)"), OWNER)
    assert not store.records


async def test_a_field_that_is_not_the_owners_is_refused_to_them_but_not_to_an_operator(
    store: MemoryStore, clock: Clock
) -> None:
    service = service_of(store, clock, editing={"name": "read_only"})
    with pytest.raises(FieldNotEditable):
        await service.change(ALICE, ProfileChange(name="Al"), OWNER)
    assert not store.records
    assert (await service.change(ALICE, ProfileChange(name="Al"), OPERATOR)).name == "Al"


# Expected versions


@pytest.mark.parametrize("seen", [{2}, {1, 2}, {2, 99}])
async def test_a_change_passes_when_the_caller_has_seen_the_version(service: ProfileService, seen: set[int]) -> None:
    await service.get_or_create(ALICE, OWNER)
    await service.change(ALICE, ProfileChange(name="Al"), OWNER)
    changed = await service.change(ALICE, ProfileChange(name="Ali"), OWNER, seen=frozenset(seen))
    assert (changed.name, changed.version) == ("Ali", 3)


@pytest.mark.parametrize("change", [ProfileChange(name="Ali"), ProfileChange(name="Al"), ProfileChange()])
@pytest.mark.parametrize("seen", [set(), {1}, {1, 3}])
async def test_a_change_fails_when_the_caller_has_not_seen_the_version(
    service: ProfileService, seen: set[int], change: ProfileChange
) -> None:
    await service.get_or_create(ALICE, OWNER)
    before = await service.change(ALICE, ProfileChange(name="Al"), OWNER)
    with pytest.raises(PreconditionFailed):
        await service.change(ALICE, change, OWNER, seen=frozenset(seen))
    assert await service.get_or_create(ALICE, OWNER) == before


@pytest.mark.parametrize("erased", [True, False])
async def test_no_version_matches_a_record_that_is_not_there(
    service: ProfileService, store: MemoryStore, erased: bool
) -> None:
    if erased:
        await service.get_or_create(ALICE, OWNER)
        await store.erase(ALICE, OWNER, 1)
    before = dict(store.records)
    with pytest.raises(PreconditionFailed):
        await service.change(ALICE, ProfileChange(name="Al"), OWNER, seen=frozenset({1, 2}))
    assert store.records == before


class Overtaken(MemoryStore):
    """Somebody else's change, or erasure, comes between the look and the change."""

    erases = False

    async def change(
        self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int, expected: int | None = None
    ) -> Profile | None:
        if self.erases:
            await self.erase(key, OPERATOR, now)
        else:
            await super().change(key, ProfileChange(name="Quicker"), OPERATOR, now)
        return await super().change(key, change, actor, now, expected)


@pytest.mark.parametrize("erases", [True, False])
async def test_the_store_and_not_the_first_look_decides_about_the_version(clock: Clock, erases: bool) -> None:
    store = Overtaken()
    store.erases = erases
    service = service_of(store, clock)
    made = await service.get_or_create(ALICE, OWNER)
    with pytest.raises(PreconditionFailed):
        await service.change(ALICE, ProfileChange(name="Al"), OWNER, seen=frozenset({made.version}))


# The rest


async def test_a_fresh_avatar_differs_by_the_millisecond(service: ProfileService, clock: Clock) -> None:
    first = service.fresh_avatar(ALICE)
    clock.now += 0.001
    assert first == f"{BASE}?seed=t_alice_1700000000000"
    assert service.fresh_avatar(ALICE) == f"{BASE}?seed=t_alice_1700000000001"


async def test_many_are_read_in_order_and_nothing_is_made(service: ProfileService, store: MemoryStore) -> None:
    alice, bob = await service.get_or_create(ALICE, OWNER), await service.get_or_create(BOB, OTHER)
    missing, erased = ProfileKey("t", "missing"), ProfileKey("t", "erased")
    await service.get_or_create(erased, OWNER)
    await store.erase(erased, OPERATOR, 1)
    assert await service.read_many([BOB, missing, ALICE, erased, BOB], ALICE) == [bob, None, alice, None, bob]
    assert await service.read_many([], ALICE) == []
    assert missing not in store.records
