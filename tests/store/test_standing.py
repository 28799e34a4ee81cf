"""What the gate is told about a user: suspended, erased, tokens revoked."""

import pytest
from tests.store.databases import at_once, audit, everything
from tests.store.people import ANN, BOB, LATER, MUCH_LATER, NOW, OPERATOR, PROVIDER, STRANGER, SYSTEM, herself, record

from profilegate.profiles.record import Actor, Profile, Standing
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository


@pytest.fixture
async def ann(store: ProfileRepository) -> Profile:
    await store.create(record(ANN), herself(ANN))
    return record(ANN)


async def flags(store: ProfileRepository) -> tuple[bool, bool]:
    found = await store.get(ANN)
    assert isinstance(found, Profile)
    assert (await store.standing(ANN)).suspended is found.is_suspended
    return found.suspended_by_idp, found.suspended_by_operator


async def test_a_user_without_a_record_has_the_plain_standing(store: ProfileRepository, ann: Profile) -> None:
    assert await store.standing(BOB) == Standing()
    assert await store.standing(STRANGER) == Standing()


async def test_a_user_of_whom_nothing_ill_is_known_has_it_too(store: ProfileRepository, ann: Profile) -> None:
    assert await store.standing(ANN) == Standing()


async def test_asking_for_the_standing_writes_nothing(store: ProfileRepository, engine: Engine) -> None:
    await store.standing(ANN)
    assert await everything(engine) == ([], [])


async def test_a_record_created_suspended_stands_so(store: ProfileRepository) -> None:
    await store.create(record(ANN, suspended_by_idp=True), PROVIDER)
    assert await store.standing(ANN) == Standing(suspended=True)


async def test_either_suspension_suffices_and_neither_lifts_the_other(store: ProfileRepository, ann: Profile) -> None:
    assert await store.suspend(ANN, PROVIDER, LATER) is True
    assert await flags(store) == (True, False)
    assert await store.suspend(ANN, OPERATOR, LATER) is True
    assert await flags(store) == (True, True)
    assert await store.suspend(ANN, PROVIDER, LATER, suspended=False) is True
    assert await flags(store) == (False, True)
    assert await store.suspend(ANN, PROVIDER, LATER, suspended=False) is False
    assert await flags(store) == (False, True)
    assert await store.suspend(ANN, OPERATOR, LATER, suspended=False) is True
    assert await flags(store) == (False, False)


@pytest.mark.parametrize(
    ("actor", "field"),
    [(PROVIDER, "suspended_by_idp"), (OPERATOR, "suspended_by_operator"), (SYSTEM, "suspended_by_operator")],
    ids=["provider", "operator", "system"],
)
async def test_a_suspension_is_a_change_with_its_audit_row(
    store: ProfileRepository, engine: Engine, ann: Profile, actor: Actor, field: str
) -> None:
    await store.suspend(ANN, actor, LATER)
    await store.suspend(ANN, actor, MUCH_LATER, suspended=False)
    found = await store.get(ANN)
    assert isinstance(found, Profile)
    assert (found.version, found.created_at, found.updated_at) == (3, NOW, MUCH_LATER)
    noted = [(entry["action"], entry["fields"], entry["at"], entry["version"]) for entry in await audit(engine)]
    assert noted[1:] == [("suspend", field, LATER, 2), ("restore", field, MUCH_LATER, 3)]


async def test_suspending_the_suspended_changes_and_writes_nothing(
    store: ProfileRepository, engine: Engine, ann: Profile
) -> None:
    await store.suspend(ANN, OPERATOR, LATER)
    before = await everything(engine)
    assert await store.suspend(ANN, OPERATOR, MUCH_LATER) is False
    assert await everything(engine) == before


async def test_there_is_nobody_to_suspend_without_a_record(store: ProfileRepository, engine: Engine) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.erase(ANN, herself(ANN), LATER)
    before = await everything(engine)
    for key in (ANN, BOB):
        assert await store.suspend(key, OPERATOR, MUCH_LATER) is False
    assert await everything(engine) == before


async def test_of_many_who_suspend_one_user_exactly_one_does(
    store: ProfileRepository, engine: Engine, ann: Profile
) -> None:
    answers = await at_once(store.suspend(ANN, OPERATOR, LATER) for _ in range(50))
    assert sorted(answers) == [False] * 49 + [True]
    assert len(await audit(engine)) == 2


async def test_both_suspensions_at_once_are_both_kept(store: ProfileRepository, ann: Profile) -> None:
    await at_once(store.suspend(ANN, actor, LATER) for actor in (OPERATOR, PROVIDER))
    assert await flags(store) == (True, True)


async def test_revoking_moves_the_moment_and_never_backwards(store: ProfileRepository, ann: Profile) -> None:
    assert await store.revoke_before(ANN, LATER, OPERATOR, LATER) is True
    assert await store.standing(ANN) == Standing(revoked_before=LATER)
    for moment in (LATER, NOW, 0):
        assert await store.revoke_before(ANN, moment, OPERATOR, MUCH_LATER) is False
        assert await store.standing(ANN) == Standing(revoked_before=LATER)
    assert await store.revoke_before(ANN, MUCH_LATER, OPERATOR, MUCH_LATER) is True
    assert await store.standing(ANN) == Standing(revoked_before=MUCH_LATER)


async def test_of_many_moments_at_once_the_latest_stands(
    store: ProfileRepository, engine: Engine, ann: Profile
) -> None:
    moments = [NOW + (number * 37) % 50 for number in range(50)]
    answers = await at_once(store.revoke_before(ANN, moment, OPERATOR, LATER) for moment in moments)
    assert await store.standing(ANN) == Standing(revoked_before=max(moments))
    assert len(await audit(engine)) == 1 + answers.count(True)


async def test_revoking_leaves_the_record_as_it_is_and_is_audited_once(
    store: ProfileRepository, engine: Engine, ann: Profile
) -> None:
    await store.revoke_before(ANN, LATER, OPERATOR, LATER)
    await store.revoke_before(ANN, LATER, OPERATOR, LATER)
    assert await store.get(ANN) == ann
    assert [(entry["action"], entry["fields"]) for entry in await audit(engine)] == [
        ("create", ""),
        ("revoke", "revoked_before"),
    ]


async def test_there_is_nothing_to_revoke_without_a_record(
    store: ProfileRepository, engine: Engine, ann: Profile
) -> None:
    before = await everything(engine)
    assert await store.revoke_before(BOB, LATER, OPERATOR, LATER) is False
    assert await everything(engine) == before


async def test_an_erased_users_tokens_can_still_be_revoked(
    store: ProfileRepository, engine: Engine, ann: Profile
) -> None:
    await store.erase(ANN, herself(ANN), LATER)
    erased = await store.get(ANN)
    assert await store.revoke_before(ANN, MUCH_LATER, PROVIDER, MUCH_LATER) is True
    assert await store.get(ANN) == erased
    assert (await store.standing(ANN)).revoked_before == MUCH_LATER
    assert [entry["action"] for entry in await audit(engine)] == ["create", "erase", "revoke"]


async def test_a_revocation_outlives_erasure_and_return(store: ProfileRepository, ann: Profile) -> None:
    await store.revoke_before(ANN, LATER, OPERATOR, LATER)
    await store.erase(ANN, herself(ANN), LATER)
    assert (await store.standing(ANN)).revoked_before == LATER
    back = Profile(tenant_id="acme", user_id="ann", created_at=MUCH_LATER, updated_at=MUCH_LATER, version=3)
    assert await store.revive(back, herself(ANN, MUCH_LATER // 1000)) is True
    assert await store.standing(ANN) == Standing(revoked_before=LATER)
