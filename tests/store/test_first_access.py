"""However many come first, a user gets one record."""

from tests.store.databases import at_once, audit, opened, profiles, repository, service_on
from tests.store.people import ANN, BOB, CROWD, OPERATOR, herself, record

from profilegate.profiles.record import Profile, ProfileChange
from profilegate.profiles.service import ProfileService
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository

CLAIMED = ProfileChange(username="ann", name="Ann", avatar="https://claims.test/ann.png")


async def test_fifty_first_accesses_of_one_user_make_one_record(service: ProfileService, engine: Engine) -> None:
    answers = await at_once(service.get_or_create(ANN, herself(ANN)) for _ in range(50))
    assert answers == [await service.store.get(ANN)] * 50
    assert len(await profiles(engine)) == 1
    assert [entry["action"] for entry in await audit(engine)] == ["create"]


async def test_fifty_first_accesses_with_claims_agree_too(service: ProfileService, engine: Engine) -> None:
    answers = await at_once(service.get_or_create(ANN, herself(ANN), CLAIMED) for _ in range(50))
    assert answers == [await service.store.get(ANN)] * 50
    assert answers[0].username == "ann"
    assert [entry["action"] for entry in await audit(engine)] == ["create"]


async def test_first_accesses_by_the_user_and_by_others_at_once_make_one_record(
    service: ProfileService, engine: Engine
) -> None:
    answers = await at_once(service.get_or_create(ANN, who) for _ in range(25) for who in (herself(ANN), herself(BOB)))
    assert answers == [await service.store.get(ANN)] * 50
    assert [entry["action"] for entry in await audit(engine)] == ["create"]


async def test_first_accesses_in_two_processes_make_one_record(postgres_settings: DatabaseSettings) -> None:
    async with opened(postgres_settings) as here, opened(postgres_settings) as there:
        services = [service_on(repository(engine)) for engine in (here, there)]
        answers = await at_once(each.get_or_create(ANN, herself(ANN)) for _ in range(25) for each in services)
        assert answers == [await services[0].store.get(ANN)] * 50
        assert [entry["action"] for entry in await audit(here)] == ["create"]


async def test_of_fifty_new_users_whose_tokens_say_one_username_one_gets_it(service: ProfileService) -> None:
    claimed = ProfileChange(username="popular", name="Somebody")
    answers = await at_once(service.get_or_create(key, herself(key), claimed) for key in CROWD)
    assert [each.key for each in answers] == CROWD
    assert sorted(str(each.username) for each in answers) == ["None"] * 49 + ["popular"]
    assert {each.name for each in answers} == {"Somebody"}


async def test_a_change_made_while_the_first_access_creates_the_record_is_not_lost(service: ProfileService) -> None:
    reads = [service.get_or_create(key, herself(key)) for key in CROWD]
    changes = [service.change(key, ProfileChange(name="Chosen"), herself(key)) for key in CROWD]
    await at_once(each for pair in zip(reads, changes, strict=True) for each in pair)
    found = await service.store.get_many(CROWD)
    assert [getattr(each, "name", None) for each in found.values()] == ["Chosen"] * 50


async def test_a_claimed_username_that_was_given_away_after_an_erasure_does_not_bar_the_return(
    service: ProfileService, store: ProfileRepository
) -> None:
    await store.create(record(ANN, username="ann"), herself(ANN))
    await store.erase(ANN, herself(ANN), 1_000)
    await store.create(record(BOB, username="ann"), herself(BOB))
    back = await service.get_or_create(ANN, herself(ANN, issued_at=2), CLAIMED)
    assert isinstance(back, Profile)
    assert (back.username, back.name, back.version) == (None, "Ann", 3)
    assert await store.get(ANN) == back


async def test_a_reading_operator_does_not_bring_an_erased_user_back(
    service: ProfileService, store: ProfileRepository
) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.erase(ANN, herself(ANN), 1_000)
    assert await service.read_many([ANN], BOB) == [None]
    (refused,) = await at_once([service.get_or_create(ANN, OPERATOR)])
    assert type(refused).__name__ == "ProfileNotFound"
