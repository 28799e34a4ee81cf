"""A change sets exactly what it says, whoever else changes the same record."""

import sqlite3

import asyncpg
import pytest
from msgspec import UnsetType
from msgspec.structs import replace
from tests.store.databases import Watched, at_once, audit, everything, profiles, repository
from tests.store.people import (
    ANN,
    BOB,
    CROWD,
    EVERY_FIELD,
    LATER,
    MUCH_LATER,
    NOW,
    OPERATOR,
    PROVIDER,
    SYSTEM,
    WHOLE,
    herself,
    record,
)

from profilegate.errors import PreconditionFailed, ProfileGateError, StoreUnavailable
from profilegate.profiles.record import MEMBER, Actor, Profile, ProfileChange, field_version
from profilegate.profiles.service import ProfileService
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository

FIELDS = list(EVERY_FIELD.given())


def only(field: str) -> ProfileChange:
    return ProfileChange.of({field: EVERY_FIELD.given()[field]})


def having(profile: Profile, change: ProfileChange) -> Profile:
    """The record with the change's values in it, told without the store."""
    values = {field: value for field, value in change.given().items() if not field.startswith(MEMBER)}
    claims = {} if isinstance(change.oidc_profile, UnsetType) else change.oidc_profile
    return replace(profile, **values, oidc_profile=profile.oidc_profile | claims)


async def fields_noted(engine: Engine) -> list[tuple[str, str, int]]:
    return [(entry["action"], entry["fields"], entry["version"]) for entry in await audit(engine)]


@pytest.mark.parametrize("field", FIELDS)
async def test_a_change_of_one_field_changes_that_field_and_nothing_else(store: ProfileRepository, field: str) -> None:
    await store.create(WHOLE, herself(ANN))
    changed = await store.change(ANN, only(field), herself(ANN), LATER)
    expected = replace(
        having(WHOLE, only(field)),
        updated_at=LATER,
        version=2,
        sources=WHOLE.sources | {field: "user"},
        versions=WHOLE.versions | {field: field_version(LATER)},
    )
    assert changed == await store.get(ANN) == expected


async def test_all_fields_change_at_once_as_one_version(store: ProfileRepository, engine: Engine) -> None:
    await store.create(WHOLE, herself(ANN))
    changed = await store.change(ANN, EVERY_FIELD, PROVIDER, LATER)
    assert changed is not None
    assert EVERY_FIELD.given() == {field: changed.value(field) for field in FIELDS}
    assert (changed.version, changed.created_at, changed.updated_at) == (2, NOW, LATER)
    assert (changed.sources, set(changed.versions.values())) == (dict.fromkeys(FIELDS, "idp"), {field_version(LATER)})
    assert await fields_noted(engine) == [("create", "", 1), ("change", " ".join(FIELDS), 2)]


async def test_a_claim_is_a_field_of_its_own(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN, oidc_profile={"givenName": "Ann", "locale": "en"}), herself(ANN))
    change = ProfileChange(oidc_profile={"givenName": "Ann", "locale": "de", "zoneinfo": "UTC"})
    changed = await store.change(ANN, change, herself(ANN), LATER)
    assert changed is not None
    assert changed.oidc_profile == {"givenName": "Ann", "locale": "de", "zoneinfo": "UTC"}
    assert changed.sources == {"oidc_profile.locale": "user", "oidc_profile.zoneinfo": "user"}
    assert (await audit(engine))[1]["fields"] == "oidc_profile.locale oidc_profile.zoneinfo"


async def test_none_removes_a_claim(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN, oidc_profile={"givenName": "Ann", "locale": "en"}), herself(ANN))
    change = ProfileChange(oidc_profile={"locale": None, "zoneinfo": None})
    changed = await store.change(ANN, change, herself(ANN), LATER)
    assert changed is not None
    assert changed.oidc_profile == {"givenName": "Ann"}
    assert (await audit(engine))[1]["fields"] == "oidc_profile.locale"


async def test_an_address_is_replaced_as_a_whole(store: ProfileRepository) -> None:
    await store.create(record(ANN, oidc_profile={"address": {"country": "FR", "region": "X"}}), herself(ANN))
    change = ProfileChange(oidc_profile={"address": {"locality": "Y", "country": "FR"}})
    changed = await store.change(ANN, change, herself(ANN), LATER)
    assert changed is not None
    assert changed.oidc_profile == {"address": {"locality": "Y", "country": "FR"}}
    again = await store.change(ANN, change, herself(ANN), MUCH_LATER)
    assert again == changed


@pytest.mark.parametrize("name", ["it's", 'a"b', "{}", "{0}", "$1", "?", "a.b", "$.name", "none", "x') || ('y", ""])
async def test_a_claims_name_is_never_read_as_sql(store: ProfileRepository, name: str) -> None:
    """It is kept to the letter or refused before the database sees it; the other claims stay as they are."""
    before = record(ANN, oidc_profile={"givenName": "Ann"})
    await store.create(before, herself(ANN))
    (answer,) = await at_once([store.change(ANN, ProfileChange(oidc_profile={name: "x"}), herself(ANN), LATER)])
    found = await store.get(ANN)
    assert isinstance(found, Profile)
    if isinstance(answer, Profile):
        assert found.oidc_profile == {"givenName": "Ann", name: "x"}
    else:
        assert isinstance(answer, ProfileGateError | ValueError | KeyError)
        assert not isinstance(answer, StoreUnavailable)
        assert found == before


async def test_none_clears_a_field(store: ProfileRepository) -> None:
    await store.create(WHOLE, herself(ANN))
    changed = await store.change(ANN, ProfileChange(name=None, username=None), herself(ANN), LATER)
    assert changed is not None
    assert (changed.name, changed.username, changed.avatar) == (None, None, WHOLE.avatar)
    assert (changed.sources["name"], changed.sources["username"]) == ("user", "user")


@pytest.mark.parametrize("field", FIELDS)
async def test_setting_what_is_there_already_moves_and_writes_nothing(
    store: ProfileRepository, engine: Engine, field: str
) -> None:
    await store.create(WHOLE, herself(ANN))
    before = await everything(engine)
    same = ProfileChange.of({field: WHOLE.value(field)})
    assert await store.change(ANN, same, OPERATOR, LATER) == WHOLE
    assert await store.change(ANN, same, OPERATOR, LATER, expected=1) == WHOLE
    assert await everything(engine) == before


async def test_a_change_of_nothing_returns_the_record_and_writes_nothing(
    store: ProfileRepository, engine: Engine
) -> None:
    await store.create(WHOLE, herself(ANN))
    before = await everything(engine)
    assert await store.change(ANN, ProfileChange(), OPERATOR, LATER) == WHOLE
    assert await everything(engine) == before


async def test_an_object_with_its_keys_in_another_order_is_the_same(store: ProfileRepository) -> None:
    await store.create(record(ANN, custom_data={"a": {"x": 1, "y": 2}, "b": 3}), herself(ANN))
    same = ProfileChange(custom_data={"b": 3, "a": {"y": 2, "x": 1}})
    changed = await store.change(ANN, same, herself(ANN), LATER)
    assert changed is not None
    assert changed.version == 1


async def test_only_the_fields_that_really_changed_get_a_new_source_and_are_audited(
    store: ProfileRepository, engine: Engine
) -> None:
    await store.create(WHOLE, herself(ANN))
    changed = await store.change(ANN, ProfileChange(name=WHOLE.name, avatar="https://new.test/"), OPERATOR, LATER)
    assert changed is not None
    assert changed.sources == WHOLE.sources | {"avatar": "operator"}
    assert changed.versions == WHOLE.versions | {"avatar": field_version(LATER)}
    assert await fields_noted(engine) == [("create", "", 1), ("change", "avatar", 2)]


async def test_an_audit_row_names_the_fields_of_its_own_change_only(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.change(ANN, ProfileChange(name="One", username="one"), herself(ANN), LATER)
    await store.change(ANN, ProfileChange(name="Two", username="one"), herself(ANN), MUCH_LATER)
    assert await fields_noted(engine) == [("create", "", 1), ("change", "username name", 2), ("change", "name", 3)]


async def test_a_change_is_audited_with_who_where_and_when_but_without_values(
    store: ProfileRepository, engine: Engine
) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.change(ANN, EVERY_FIELD, Actor("operator", "root", "phoenix"), LATER)
    entry = (await audit(engine))[1]
    assert (entry["tenant_id"], entry["user_id"], entry["at"]) == ("acme", "ann", LATER)
    assert (entry["actor_kind"], entry["actor_id"], entry["face"]) == ("operator", "root", "phoenix")
    assert "two" not in str(entry).lower()


async def test_the_system_acts_as_an_operator(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN), herself(ANN))
    changed = await store.change(ANN, ProfileChange(name="Set"), SYSTEM, LATER)
    assert changed is not None
    assert changed.sources == {"name": "operator"}
    assert (await audit(engine))[1]["actor_kind"] == "system"


async def test_a_change_whose_audit_row_is_refused_is_not_made(store: ProfileRepository, engine: Engine) -> None:
    await store.create(WHOLE, herself(ANN))
    before = await everything(engine)
    nobody = Actor("user", None, "test")  # type: ignore[arg-type]  # the audit's column is NOT NULL
    with pytest.raises((sqlite3.IntegrityError, asyncpg.NotNullViolationError)):
        await store.change(ANN, EVERY_FIELD, nobody, LATER)
    assert await everything(engine) == before


async def test_there_is_nothing_to_change_where_there_is_no_record(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(BOB), herself(BOB))
    await store.erase(BOB, herself(BOB), LATER)
    before = await everything(engine)
    for key in (ANN, BOB):
        assert await store.change(key, EVERY_FIELD, OPERATOR, MUCH_LATER) is None
        assert await store.change(key, EVERY_FIELD, OPERATOR, MUCH_LATER, expected=2) is None
        assert await store.fill(key, EVERY_FIELD, herself(key), MUCH_LATER) is None
    assert await everything(engine) == before


async def test_a_change_touches_no_other_record(store: ProfileRepository) -> None:
    others = [record(BOB, name="Bob"), record(CROWD[0], name="User")]
    for each in (record(ANN), *others):
        await store.create(each, OPERATOR)
    await store.change(ANN, EVERY_FIELD, OPERATOR, LATER)
    assert [await store.get(each.key) for each in others] == others


async def test_many_changes_of_different_fields_at_once_are_all_kept(store: ProfileRepository, engine: Engine) -> None:
    people = CROWD[:8]
    for key in people:
        await store.create(record(key, has_password=True), herself(key))
    changes = {key: replace(EVERY_FIELD, username=f"name_{number}") for number, key in enumerate(people)}
    singles = [
        (key, ProfileChange.of({field: value})) for key in people for field, value in changes[key].given().items()
    ]
    await at_once(store.change(key, change, herself(key), LATER) for key, change in singles)
    for key in people:
        found = await store.get(key)
        assert isinstance(found, Profile)
        assert {field: found.value(field) for field in FIELDS} == changes[key].given()
        assert set(found.sources) == set(found.versions) == set(FIELDS)
        noted = [entry for entry in await audit(engine) if entry["user_id"] == key.user_id]
        assert [entry["version"] for entry in noted] == list(range(1, len(FIELDS) + 2))
        assert sorted(entry["fields"] for entry in noted) == sorted(["", *FIELDS])


async def test_many_changes_of_one_field_at_once_each_count_and_the_last_stands(
    store: ProfileRepository, engine: Engine
) -> None:
    await store.create(record(ANN), herself(ANN))
    answers = await at_once(store.change(ANN, ProfileChange(name=str(n)), herself(ANN), LATER) for n in range(50))
    assert sorted(each.version for each in answers) == list(range(2, 52))
    assert await store.get(ANN) == max(answers, key=lambda each: int(each.version))
    assert len(await audit(engine)) == 51


async def test_of_many_who_change_one_version_exactly_one_does(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN), herself(ANN))
    for version in (1, 2, 3):
        answers = await at_once(
            store.change(ANN, ProfileChange(name=f"{version}.{n}"), herself(ANN), LATER, expected=version)
            for n in range(50)
        )
        assert sum(isinstance(each, PreconditionFailed) for each in answers) == 49
        (won,) = (each for each in answers if isinstance(each, Profile))
        assert won == await store.get(ANN)
        assert won.version == version + 1
    assert len(await profiles(engine)) == 1
    assert len(await audit(engine)) == 4


@pytest.mark.parametrize("expected", [0, 1, 3, 2**40])
async def test_another_version_than_the_expected_one_is_refused_and_nothing_is_written(
    store: ProfileRepository, engine: Engine, expected: int
) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.change(ANN, ProfileChange(name="Two"), herself(ANN), LATER)
    before = await everything(engine)
    for change in (EVERY_FIELD, ProfileChange(name="Two")):
        with pytest.raises(PreconditionFailed):
            await store.change(ANN, change, herself(ANN), MUCH_LATER, expected)
    assert await everything(engine) == before


async def test_the_expected_version_is_changed(store: ProfileRepository) -> None:
    await store.create(record(ANN), herself(ANN))
    changed = await store.change(ANN, ProfileChange(name="Two"), herself(ANN), LATER, expected=1)
    assert changed is not None
    assert (changed.name, changed.version) == ("Two", 2)


async def test_a_change_overtaken_by_the_creation_of_its_record_never_looks_made(engine: Engine) -> None:
    """It answers None or makes the change; a record without the change would tell its user of a success."""
    watched = Watched(engine)
    watched.after_write = repository(engine).create(record(ANN, name="First"), OPERATOR)
    answer = await repository(watched).change(ANN, ProfileChange(name="Chosen"), herself(ANN), LATER)
    assert answer is None or answer.name == "Chosen"


async def test_an_expected_version_that_comes_true_too_late_never_looks_changed(engine: Engine) -> None:
    store, watched = repository(engine), Watched(engine)
    await store.create(record(ANN), herself(ANN))
    watched.after_write = store.change(ANN, ProfileChange(avatar="https://other.test/"), OPERATOR, LATER)
    (answer,) = await at_once(
        [repository(watched).change(ANN, ProfileChange(name="Chosen"), herself(ANN), LATER, expected=2)]
    )
    assert isinstance(answer, PreconditionFailed) or answer.name == "Chosen"


async def test_the_service_makes_a_record_with_what_was_asked_for(service: ProfileService, engine: Engine) -> None:
    made = await service.change(ANN, ProfileChange(name="Chosen"), herself(ANN))
    assert made == await service.store.get(ANN)
    assert (made.name, made.sources["name"], made.sources["avatar"], made.version) == ("Chosen", "user", "generated", 1)
    assert [entry["action"] for entry in await audit(engine)] == ["create"]
