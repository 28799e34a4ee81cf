"""An erased user leaves nothing but a tombstone, and comes back only by her own newer token."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.store.databases import at_once, audit, everything, profiles, service_on
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
    STRANGER,
    SYSTEM,
    WHOLE,
    herself,
    record,
)

from profilegate.errors import ProfileNotFound
from profilegate.profiles.record import Actor, Profile, ProfileChange, Standing, Tombstone, field_version
from profilegate.profiles.service import ProfileService
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository

KEPT = {
    "id", "tenant_id", "user_id", "version", "deleted_at", "deleted_by", "revoked_before", "seen_version",
    "deleted_version", "suspended_by_idp", "suspended_by_operator",
}  # fmt: skip
EMPTY: list[Any] = [None, False, 0, "", "{}", "[]"]

# A token made in the second after LATER, and the moment of the access it is used for.
NEWER, RETURN = LATER // 1000 + 1, MUCH_LATER


def tombstone(version: int = 2, deleted_by: Any = "user") -> Tombstone:
    return Tombstone(tenant_id="acme", user_id="ann", version=version, deleted_at=LATER, deleted_by=deleted_by)


def reborn(version: int = 3, **fields: Any) -> Profile:
    return replace(record(ANN, **fields), created_at=RETURN, updated_at=RETURN, version=version)


def left_over(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in KEPT and value not in EMPTY}


async def erased(store: ProfileRepository, actor: Actor | None = None) -> None:
    await store.create(WHOLE, herself(ANN))
    await store.erase(ANN, actor or herself(ANN), LATER)


async def test_only_key_version_suspension_and_deletion_are_left_in_the_row(
    store: ProfileRepository, engine: Engine
) -> None:
    await store.create(WHOLE, herself(ANN))
    await store.change(ANN, ProfileChange(name="Marker"), herself(ANN), LATER)
    assert await store.erase(ANN, herself(ANN), LATER) == tombstone(version=3)
    (row,) = await profiles(engine)
    assert left_over(row) == {}
    assert (row["tenant_id"], row["user_id"], row["version"]) == ("acme", "ann", 3)
    assert (row["deleted_at"], row["deleted_by"]) == (LATER, "user")
    assert (row["seen_version"], row["deleted_version"]) == (field_version(NOW), field_version(LATER))


async def test_nothing_of_the_person_is_left_in_any_row(store: ProfileRepository, engine: Engine) -> None:
    await store.create(WHOLE, herself(ANN))
    await store.change(ANN, EVERY_FIELD, herself(ANN), LATER)
    await store.erase(ANN, herself(ANN), LATER)
    stored = str(await everything(engine)).lower()
    assert [word for word in ("marker", "ann_1", "ann_2", "ann two", "two.test", "5550102") if word in stored] == []


async def test_the_erasure_is_audited_once(store: ProfileRepository, engine: Engine) -> None:
    await erased(store, OPERATOR)
    entries = await audit(engine)
    assert [(entry["action"], entry["fields"], entry["version"]) for entry in entries] == [
        ("create", "", 1),
        ("erase", "", 2),
    ]
    assert (entries[1]["at"], entries[1]["actor_kind"], entries[1]["actor_id"]) == (LATER, "operator", "root")


@pytest.mark.parametrize(
    ("actor", "deleted_by"),
    [(herself(ANN), "user"), (PROVIDER, "idp"), (OPERATOR, "operator"), (SYSTEM, "operator")],
    ids=["user", "provider", "operator", "system"],
)
async def test_what_is_read_afterwards_is_a_tombstone_that_says_who_erased(
    store: ProfileRepository, actor: Actor, deleted_by: str
) -> None:
    await erased(store, actor)
    assert await store.get(ANN) == tombstone(deleted_by=deleted_by)
    assert await store.get_many([ANN]) == {ANN: tombstone(deleted_by=deleted_by)}
    assert await store.standing(ANN) == Standing(
        suspended=True, tombstone=tombstone(deleted_by=deleted_by), revoked_before=tombstone().deleted_at
    )


async def test_the_username_is_free_again(store: ProfileRepository) -> None:
    await erased(store)
    assert await store.create(record(BOB, username=WHOLE.username), herself(BOB)) is True


async def test_there_is_nothing_to_erase_where_there_is_no_record(store: ProfileRepository, engine: Engine) -> None:
    await erased(store)
    before = await everything(engine)
    for key in (ANN, BOB, STRANGER):
        assert await store.erase(key, OPERATOR, MUCH_LATER) is None
    assert await everything(engine) == before


async def test_who_was_suspended_is_suspended_still(store: ProfileRepository) -> None:
    await store.create(WHOLE, herself(ANN))
    await store.suspend(ANN, OPERATOR, LATER)
    await store.erase(ANN, OPERATOR, LATER)
    assert (await store.standing(ANN)).suspended


async def test_an_erasure_touches_no_other_record(store: ProfileRepository) -> None:
    await store.create(record(STRANGER, name="Other"), herself(STRANGER))
    await store.create(record(BOB, name="Bob"), herself(BOB))
    await erased(store)
    assert await store.get(STRANGER) == record(STRANGER, name="Other")
    assert await store.get(BOB) == record(BOB, name="Bob")


async def test_of_many_who_erase_one_record_exactly_one_does(store: ProfileRepository, engine: Engine) -> None:
    await store.create(WHOLE, herself(ANN))
    answers = await at_once(store.erase(ANN, OPERATOR, LATER) for _ in range(50))
    assert [each for each in answers if each is not None] == [tombstone(deleted_by="operator")]
    assert len(await audit(engine)) == 2


async def test_an_erasure_of_another_version_erases_nothing(store: ProfileRepository, engine: Engine) -> None:
    await store.create(WHOLE, herself(ANN))
    before = await everything(engine)
    assert await store.erase(ANN, herself(ANN), LATER, expected=2) is None
    assert await everything(engine) == before
    assert await store.erase(ANN, herself(ANN), LATER, expected=1) == tombstone()


async def test_changes_made_during_the_erasure_leave_nothing_behind(store: ProfileRepository, engine: Engine) -> None:
    await store.create(WHOLE, herself(ANN))
    changes = [store.change(ANN, ProfileChange(name=f"Marker {n}"), herself(ANN), LATER) for n in range(40)]
    await at_once([*changes[:20], store.erase(ANN, herself(ANN), LATER), *changes[20:]])
    (row,) = await profiles(engine)
    assert left_over(row) == {}
    assert row["version"] == len(await audit(engine))


async def test_first_accesses_by_others_during_the_erasure_never_bring_the_user_back(
    service: ProfileService, store: ProfileRepository
) -> None:
    for key in CROWD:
        await store.create(record(key), herself(key))
    reads = [service.get_or_create(key, OPERATOR) for key in CROWD for _ in range(2)]
    erasures = [store.erase(key, herself(key), LATER) for key in CROWD]
    answers = await at_once([*reads[:50], *erasures, *reads[50:]])
    assert {type(each) for each in answers} <= {Profile, ProfileNotFound, Tombstone}
    assert {type(each) for each in (await store.get_many(CROWD)).values()} == {Tombstone}


async def test_first_accesses_by_the_user_herself_with_the_old_token_do_not_either(
    service: ProfileService, store: ProfileRepository
) -> None:
    await erased(store)
    answers = await at_once(service.get_or_create(ANN, herself(ANN, LATER // 1000)) for _ in range(10))
    assert [type(each) for each in answers] == [ProfileNotFound] * 10
    assert await store.get(ANN) == tombstone()


async def test_a_newer_token_of_the_user_herself_puts_a_record_in_the_tombstones_place(
    store: ProfileRepository, engine: Engine
) -> None:
    await erased(store)
    back = reborn(username="ann", name="Again", sources={"name": "user"})
    assert await store.revive(back, herself(ANN, NEWER)) is True
    assert await store.get(ANN) == back
    assert await store.standing(ANN) == Standing(revoked_before=tombstone().deleted_at)  # old tokens stay refused
    (row,) = await profiles(engine)
    assert (row["deleted_at"], row["deleted_by"], row["username_key"]) == (None, None, "ann")
    assert [(entry["action"], entry["version"]) for entry in await audit(engine)] == [
        ("create", 1),
        ("erase", 2),
        ("create", 3),
    ]


@pytest.mark.parametrize(
    ("deleted_by", "issued_at"),
    [
        (PROVIDER, NEWER),
        (OPERATOR, NEWER),
        (SYSTEM, NEWER),
        (herself(ANN), NOW // 1000),
        (herself(ANN), LATER // 1000),
        (herself(ANN), None),
    ],
    ids=["by the provider", "by an operator", "by the system", "older token", "same second", "token without time"],
)
async def test_nothing_else_revives_and_nothing_is_written(
    store: ProfileRepository, engine: Engine, deleted_by: Actor, issued_at: int | None
) -> None:
    await erased(store, deleted_by)
    before = await everything(engine)
    assert await store.revive(reborn(), herself(ANN, issued_at)) is False
    assert await everything(engine) == before


async def test_only_a_tombstone_is_revived(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN), herself(ANN))
    before = await everything(engine)
    assert await store.revive(reborn(version=2), herself(ANN, NEWER)) is False
    assert await store.revive(replace(reborn(), user_id="bob"), herself(BOB, NEWER)) is False
    assert await everything(engine) == before


async def test_a_record_made_for_an_older_tombstone_is_not_stored(store: ProfileRepository, engine: Engine) -> None:
    await erased(store)
    await store.revive(reborn(), herself(ANN, NEWER))
    await store.erase(ANN, herself(ANN), LATER)
    before = await everything(engine)
    assert await store.revive(reborn(version=3), herself(ANN, NEWER)) is False
    assert await everything(engine) == before


async def test_of_many_who_revive_one_record_exactly_one_does(store: ProfileRepository, engine: Engine) -> None:
    await erased(store)
    answers = await at_once(store.revive(reborn(name=str(n)), herself(ANN, NEWER)) for n in range(50))
    assert sorted(answers) == [False] * 49 + [True]
    assert await store.get(ANN) == reborn(name=str(answers.index(True)))
    assert len(await audit(engine)) == 3


async def test_fifty_first_accesses_after_the_erasure_agree_on_one_record_that_continues_the_version(
    store: ProfileRepository,
) -> None:
    await erased(store)
    service = service_on(store, now=RETURN)
    answers = await at_once(service.get_or_create(ANN, herself(ANN, NEWER)) for _ in range(50))
    assert answers == [await store.get(ANN)] * 50
    assert (answers[0].version, answers[0].created_at) == (3, RETURN)


async def test_a_change_after_the_erasure_makes_the_record_again_with_what_was_asked_for(
    store: ProfileRepository,
) -> None:
    await erased(store)
    made = await service_on(store, now=RETURN).change(ANN, ProfileChange(name="Again"), herself(ANN, NEWER))
    assert made == await store.get(ANN)
    assert (made.name, made.version, made.custom_data) == ("Again", 3, {})


async def test_a_change_made_while_the_record_returns_is_not_lost(store: ProfileRepository) -> None:
    for key in CROWD:
        await store.create(record(key), herself(key))
        await store.erase(key, herself(key), LATER)
    service = service_on(store, now=RETURN)
    reads = [service.get_or_create(key, herself(key, NEWER)) for key in CROWD]
    changes = [service.change(key, ProfileChange(name="Chosen"), herself(key, NEWER)) for key in CROWD]
    await at_once(each for pair in zip(reads, changes, strict=True) for each in pair)
    found = (await store.get_many(CROWD)).values()
    assert [getattr(each, "name", None) for each in found] == ["Chosen"] * 50
