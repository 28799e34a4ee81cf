"""A provider's offer replaces what was generated, and never what somebody chose."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.store.databases import at_once, audit, connected, everything, opened, repository, somebody_waits
from tests.store.people import ANN, BOB, CROWD, EVERY_FIELD, LATER, MUCH_LATER, NOW, WHOLE, herself, record

from profilegate.errors import UsernameTaken
from profilegate.profiles.record import Profile, ProfileChange, Source, field_version
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository

OFFERED = ProfileChange(username="ann", name="Offered", avatar="https://offered.test/")


async def test_generated_and_unset_fields_take_the_offered_values(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN, name="Brave Tiger 42", sources={"name": "generated"}), herself(ANN))
    filled = await store.fill(ANN, OFFERED, herself(ANN), LATER)
    assert filled is not None
    assert filled == await store.get(ANN)
    assert (filled.username, filled.name, filled.avatar) == ("ann", "Offered", "https://offered.test/")
    assert filled.sources == dict.fromkeys(("username", "name", "avatar"), "claims")
    assert set(filled.versions.values()) == {field_version(NOW)}  # when the token was made
    assert (filled.version, filled.updated_at) == (2, LATER)
    entry = (await audit(engine))[1]
    assert (entry["action"], entry["fields"], entry["version"]) == ("fill", "username name avatar", 2)


def version_at(milliseconds: int) -> str:
    """Of a provider's event at that moment."""
    return f"{milliseconds:015d}.{0:019d}.0.abcdef012345"


@pytest.mark.parametrize("source", ["user", "operator"])
@pytest.mark.parametrize("version", [field_version(NOW - 1), field_version(LATER)], ids=["older", "newer"])
async def test_a_field_that_somebody_set_is_left_alone(store: ProfileRepository, source: Source, version: str) -> None:
    sources: dict[str, Source] = {"name": source, "avatar": "generated"}
    await store.create(record(ANN, name="Chosen", sources=sources, versions={"name": version}), herself(ANN))
    filled = await store.fill(ANN, OFFERED, herself(ANN), LATER)
    assert filled is not None
    assert (filled.name, filled.sources["name"]) == ("Chosen", source)
    assert (filled.avatar, filled.sources["avatar"]) == ("https://offered.test/", "claims")


@pytest.mark.parametrize("source", ["claims", "idp"])
@pytest.mark.parametrize(
    ("versions", "is_newer"),
    [
        ({}, True),
        ({"name": field_version(NOW - 1)}, True),
        ({"name": version_at(NOW - 1)}, True),
        ({"name": field_version(NOW)}, False),
        ({"name": version_at(NOW)}, False),
        ({"name": field_version(NOW + 1)}, False),
    ],
    ids=["no version", "older token", "older event", "the same token", "event of the same moment", "newer token"],
)
async def test_what_the_provider_said_gives_way_to_a_newer_token_only(
    store: ProfileRepository, source: Source, versions: dict[str, str], is_newer: bool
) -> None:
    said = record(ANN, name="Said before", sources={"name": source}, versions=versions)
    await store.create(said, herself(ANN))
    filled = await store.fill(ANN, ProfileChange(name="Offered"), herself(ANN, NOW // 1000), LATER)
    taken = record(ANN, name="Offered", sources={"name": "claims"}, versions={"name": field_version(NOW)})
    assert filled == (replace(taken, version=2, updated_at=LATER) if is_newer else None)
    assert await store.get(ANN) == (filled or said)


async def test_a_token_that_does_not_say_when_it_was_made_is_older_than_everything(store: ProfileRepository) -> None:
    sources: dict[str, Source] = {"name": "claims", "avatar": "generated"}
    versions = {"name": field_version(0)}
    await store.create(record(ANN, name="Said before", sources=sources, versions=versions), herself(ANN))
    filled = await store.fill(ANN, OFFERED, herself(ANN, None), LATER)
    assert filled is not None
    assert (filled.name, filled.avatar) == ("Said before", "https://offered.test/")
    assert filled.versions["avatar"] == field_version(0)


async def test_a_field_that_its_user_emptied_stays_empty(store: ProfileRepository) -> None:
    await store.create(record(ANN, name="Brave Tiger 42", sources={"name": "generated"}), herself(ANN))
    await store.change(ANN, ProfileChange(name=None), herself(ANN), LATER)
    filled = await store.fill(ANN, OFFERED, herself(ANN), MUCH_LATER)
    assert filled is not None
    assert (filled.name, filled.sources["name"]) == (None, "user")


@pytest.mark.parametrize("spelling", ["ann", "ANN"])
async def test_a_taken_username_is_left_alone_and_the_other_fields_are_filled(
    store: ProfileRepository, engine: Engine, spelling: str
) -> None:
    await store.create(record(BOB, username=spelling), herself(BOB))
    await store.create(record(ANN), herself(ANN))
    filled = await store.fill(ANN, OFFERED, herself(ANN), LATER)
    assert filled is not None
    assert (filled.username, filled.name, filled.avatar) == (None, "Offered", "https://offered.test/")
    assert (await audit(engine))[2]["fields"] == "name avatar"


async def test_of_fifty_who_are_offered_one_username_at_once_exactly_one_gets_it(store: ProfileRepository) -> None:
    for key in CROWD:
        await store.create(record(key), herself(key))
    answers = await at_once(store.fill(key, OFFERED, herself(key), LATER) for key in CROWD)
    assert {type(each) for each in answers} <= {Profile, UsernameTaken}
    for key in CROWD:
        await store.fill(key, OFFERED, herself(key), MUCH_LATER)
    found = [each for each in (await store.get_many(CROWD)).values() if isinstance(each, Profile)]
    assert [each.name for each in found] == ["Offered"] * 50
    assert [each.username for each in found if each.username is not None] == ["ann"]


async def test_a_username_lost_in_a_race_is_refused_and_nothing_is_filled(postgres_settings: DatabaseSettings) -> None:
    """The look whether it is free and the unique index disagree when another transaction commits in between."""
    async with opened(postgres_settings) as engine, connected(postgres_settings) as other:
        store = repository(engine)
        for key in (ANN, BOB):
            await store.create(record(key), herself(key))
        async with other.transaction():
            await other.execute(
                "UPDATE profilegate_profile SET username = 'ann', username_key = 'ann' WHERE user_id = 'bob'"
            )
            filling = asyncio.create_task(store.fill(ANN, OFFERED, herself(ANN), LATER))
            await somebody_waits(postgres_settings)
        with pytest.raises(UsernameTaken):
            await filling
        assert await store.get(ANN) == record(ANN)
        assert len(await audit(engine)) == 2


async def test_filling_what_is_full_is_none_and_writes_nothing(store: ProfileRepository, engine: Engine) -> None:
    full = record(ANN, username="chosen", name="Chosen", avatar="https://chosen.test/",
                  sources=dict.fromkeys(("username", "name", "avatar"), "user"))  # fmt: skip
    await store.create(full, herself(ANN))
    before = await everything(engine)
    assert await store.fill(ANN, OFFERED, herself(ANN), LATER) is None
    assert await everything(engine) == before


async def test_filling_with_what_was_generated_already_changes_nothing(
    store: ProfileRepository, engine: Engine
) -> None:
    await store.create(record(ANN, name="Offered", sources={"name": "generated"}), herself(ANN))
    before = await everything(engine)
    assert await store.fill(ANN, ProfileChange(name="Offered"), herself(ANN), LATER) is None
    assert await everything(engine) == before


async def test_filling_with_nothing_is_none(store: ProfileRepository) -> None:
    await store.create(WHOLE, herself(ANN))
    assert await store.fill(ANN, ProfileChange(), herself(ANN), LATER) is None


async def test_every_field_can_be_filled(store: ProfileRepository) -> None:
    await store.create(replace(WHOLE, sources={}), herself(ANN))
    filled = await store.fill(ANN, EVERY_FIELD, herself(ANN), LATER)
    assert filled is not None
    assert {field: filled.value(field) for field in EVERY_FIELD.given()} == EVERY_FIELD.given()


async def test_a_claim_that_somebody_set_is_left_alone_and_the_others_are_filled(store: ProfileRepository) -> None:
    chosen = record(ANN, oidc_profile={"locale": "de"}, sources={"oidc_profile.locale": "user"})
    await store.create(chosen, herself(ANN))
    offered = ProfileChange(oidc_profile={"locale": "en", "zoneinfo": "UTC"})
    filled = await store.fill(ANN, offered, herself(ANN), LATER)
    assert filled is not None
    assert filled.oidc_profile == {"locale": "de", "zoneinfo": "UTC"}
    assert filled.sources == {"oidc_profile.locale": "user", "oidc_profile.zoneinfo": "claims"}


async def test_a_users_change_wins_over_an_offer_made_at_the_same_moment(store: ProfileRepository) -> None:
    for key in CROWD:
        await store.create(record(key, name="Brave Tiger 42", sources={"name": "generated"}), herself(key))
    offers = [store.fill(key, ProfileChange(name="Offered"), herself(key), LATER) for key in CROWD]
    changes = [store.change(key, ProfileChange(name="Chosen"), herself(key), LATER) for key in CROWD]
    await at_once(each for pair in zip(offers, changes, strict=True) for each in pair)
    found = (await store.get_many(CROWD)).values()
    assert [(each.name, each.sources["name"]) for each in found if isinstance(each, Profile)] == [
        ("Chosen", "user")
    ] * 50
