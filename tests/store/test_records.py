"""What is stored reads back, and a key has one record."""

import pytest
from tests.store.databases import Watched, at_once, audit, everything, repository
from tests.store.people import ANN, BOB, CROWD, LATER, NOW, OPERATOR, STRANGER, WHOLE, herself, record

from profilegate.errors import BadInput, UsernameTaken
from profilegate.profiles.record import Profile, ProfileChange, ProfileKey, Tombstone
from profilegate.profiles.service import ProfileService
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository

TEXTS = [
    "",
    'O\'Brien "Bobby" --; DROP TABLE profilegate_profile',
    "{} {0} {name} {{}} {",
    "$1 $2 %s %(name)s ? :name",
    "100% \\ \\' \\\\ _",
    "'{}' || CASE",
    "naïve ﷽ \u202e \u200b",
    "👩‍👩‍👧‍👦",
    "𝒜" * 128,
    "null",
]

VALUES = [
    {},
    {"a": None, "b": [{}, [], {"c": {}}]},
    {"numbers": [0, -1, 2**53, 2**63 - 1, -(2**63), 2**64 - 1, 0.1, 1.5, -2.5e-7, 1e22]},
    {text: text for text in TEXTS},
    {"generated": "name", "tenant_id": 1, "$1": "?"},
    {"long": "x" * 60_000},
    {"\u2028": "\x01\x1f\x7f"},
]

IDS = ["a'b", 'a"b', "a%b", "a\\b", "a_b", "{}", "$1", "?", "auth0|1", " ", "x" * 255, "null", "a,b", "{a,b}", '["a"]']


async def test_a_created_record_reads_back_equal(store: ProfileRepository) -> None:
    assert await store.create(WHOLE, herself(ANN)) is True
    assert await store.get(ANN) == WHOLE


async def test_a_record_of_which_nothing_is_known_reads_back_equal(store: ProfileRepository) -> None:
    await store.create(record(ANN), herself(ANN))
    assert await store.get(ANN) == record(ANN)


async def test_under_a_key_that_was_never_used_there_is_nothing(store: ProfileRepository) -> None:
    await store.create(record(ANN), herself(ANN))
    assert await store.get(BOB) is None
    assert await store.get(STRANGER) is None


async def test_the_ids_of_a_key_are_compared_to_the_letter(store: ProfileRepository) -> None:
    await store.create(record(ANN), herself(ANN))
    assert await store.get(ProfileKey("ACME", "ann")) is None
    assert await store.get(ProfileKey("acme", "Ann")) is None
    assert await store.get(ProfileKey("acme", "ann ")) is None


async def test_a_creation_is_audited_with_who_where_and_when(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN), OPERATOR)
    (entry,) = await audit(engine)
    assert entry | {"id": 0} == {
        "id": 0,
        "tenant_id": "acme",
        "user_id": "ann",
        "at": NOW,
        "actor_kind": "operator",
        "actor_id": "root",
        "face": "test",
        "action": "create",
        "fields": "",
        "version": 1,
    }


async def test_creating_over_a_record_is_false_and_writes_nothing(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN, username="ann"), herself(ANN))
    before = await everything(engine)
    assert await store.create(record(ANN, username="other"), OPERATOR) is False
    assert await everything(engine) == before


async def test_creating_over_a_record_with_its_own_username_is_false_too(store: ProfileRepository) -> None:
    await store.create(record(ANN, username="ann"), herself(ANN))
    assert await store.create(record(ANN, username="ann"), herself(ANN)) is False


async def test_creating_over_a_tombstone_is_false_and_writes_nothing(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.erase(ANN, herself(ANN), LATER)
    before = await everything(engine)
    assert await store.create(record(ANN, name="Back"), herself(ANN, issued_at=LATER)) is False
    assert await everything(engine) == before


async def test_creating_with_a_username_in_use_is_refused_and_writes_nothing(
    store: ProfileRepository, engine: Engine
) -> None:
    await store.create(record(ANN, username="ann"), herself(ANN))
    before = await everything(engine)
    with pytest.raises(UsernameTaken):
        await store.create(record(BOB, username="ANN"), herself(BOB))
    assert await everything(engine) == before


async def test_of_many_who_create_one_key_exactly_one_does(store: ProfileRepository, engine: Engine) -> None:
    answers = await at_once(store.create(record(ANN, name=str(n)), herself(ANN)) for n in range(50))
    assert sorted(answers) == [False] * 49 + [True]
    found = await store.get(ANN)
    assert isinstance(found, Profile)
    assert found.name == str(answers.index(True))
    assert len(await audit(engine)) == 1


@pytest.mark.parametrize("text", TEXTS)
async def test_any_text_survives_creation_and_change(store: ProfileRepository, text: str) -> None:
    created = record(ANN, name=text, avatar=text, primary_email=text, sources={"name": "user"})
    await store.create(created, herself(ANN))
    assert await store.get(ANN) == created
    changed = await store.change(ANN, ProfileChange(primary_phone=text), herself(ANN), LATER)
    assert changed is not None
    assert (changed.name, changed.primary_phone) == (text, text)
    assert await store.get(ANN) == changed


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
async def test_any_document_survives_creation_and_change(store: ProfileRepository, value: dict[str, object]) -> None:
    created = record(ANN, custom_data=value, sso_identities=[value])
    await store.create(created, herself(ANN))
    assert await store.get(ANN) == created
    changed = await store.change(ANN, ProfileChange(identities=value, custom_data={"a": value}), OPERATOR, LATER)
    assert changed is not None
    assert (changed.identities, changed.custom_data) == (value, {"a": value})


async def test_custom_data_with_nul_is_kept_or_refused_but_never_breaks_the_database(service: ProfileService) -> None:
    (answer,) = await at_once([service.change(ANN, ProfileChange(custom_data={"a": "\x00"}), herself(ANN))])
    assert isinstance(answer, Profile | BadInput)


@pytest.mark.parametrize("user_id", IDS)
async def test_any_id_finds_its_own_record_and_no_other(store: ProfileRepository, user_id: str) -> None:
    for each in IDS:
        await store.create(record(ProfileKey("acme", each), name=each), OPERATOR)
    key = ProfileKey("acme", user_id)
    assert await store.get(key) == record(key, name=user_id)
    assert await store.get_many([key]) == {key: record(key, name=user_id)}


async def test_many_are_found_whatever_the_order_and_the_repetitions(store: ProfileRepository) -> None:
    for key in CROWD[:5]:
        await store.create(record(key), herself(key))
    wanted = [CROWD[4], CROWD[0], CROWD[4], ANN, CROWD[2]]
    expected = {key: record(key) for key in (CROWD[0], CROWD[2], CROWD[4])}
    assert await store.get_many(wanted) == await store.get_many(wanted[::-1]) == expected


async def test_among_many_an_erased_record_is_its_tombstone(store: ProfileRepository) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.create(record(BOB), herself(BOB))
    await store.erase(ANN, herself(ANN), LATER)
    found = await store.get_many([ANN, BOB])
    assert isinstance(found[ANN], Tombstone)
    assert found == {ANN: await store.get(ANN), BOB: record(BOB)}


async def test_many_never_hold_another_tenants_rows(store: ProfileRepository) -> None:
    await store.create(record(ANN, name="ours"), herself(ANN))
    await store.create(record(STRANGER, name="theirs"), herself(STRANGER))
    assert await store.get_many([ANN, BOB]) == {ANN: record(ANN, name="ours")}


async def test_many_are_read_by_one_query_that_creates_nothing(engine: Engine) -> None:
    watched = Watched(engine)
    assert await repository(watched).get_many([ProfileKey("acme", f"none-{n}") for n in range(1000)]) == {}
    assert watched.reads == 1
    assert await everything(engine) == ([], [])


async def test_of_no_keys_nothing_is_found(store: ProfileRepository) -> None:
    assert await store.get_many([]) == {}
