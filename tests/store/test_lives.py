"""Events change the records within one transaction, with what only the store knows: usernames, documents, versions."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.store.databases import at_once, audit, opened, profiles, somebody_waits
from tests.store.documents import APP, bulk, items, registered
from tests.store.inboxes import beside, event, events_at, inbox_on, put_beside, told
from tests.store.people import (
    ANN,
    BOB,
    CAROL,
    CROWD,
    LATER,
    MUCH_LATER,
    NOW,
    OPERATOR,
    STRANGER,
    WHOLE,
    herself,
    record,
)

from profilegate.profiles.events import Life
from profilegate.profiles.lives import Wish
from profilegate.profiles.record import Actor, Profile, ProfileChange, ProfileKey, Standing, Tombstone
from profilegate.settings import DatabaseSettings
from profilegate.store.documents import DocumentRepository
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository

ACTOR = Actor("idp", "idp", "webhook")
LIFE = Life(profile=WHOLE, seen="seen", grave="grave", revoked_before=NOW - 5)
OVER = Life(
    profile=Profile(tenant_id="acme", user_id="ann", created_at=0, updated_at=0),
    grave="grave",
    deleted_at=NOW,
    deleted_by="idp",
    revoked_before=NOW,
)


async def life_of(engine: Engine, key: ProfileKey = ANN) -> Life | None:
    async with inbox_on(engine).lives() as lives:
        return await lives.find(key)


async def kept(engine: Engine, life: Life) -> bool:
    async with inbox_on(engine).lives() as lives:
        return await lives.add(life, ACTOR, NOW)


async def saved(engine: Engine, before: Life, after: Life, now: int = LATER) -> Life:
    async with inbox_on(engine).lives() as lives:
        await lives.save(before, after, ACTOR, now)
    found = await life_of(engine, before.profile.key)
    assert found is not None
    return found


async def username(store: ProfileRepository, key: ProfileKey) -> str | None:
    found = await store.get(key)
    assert isinstance(found, Profile)
    return found.username


async def noted(engine: Engine) -> list[tuple[str, str, str, int]]:
    return [(row["action"], row["fields"], row["actor_kind"], row["version"]) for row in await audit(engine)]


async def granted(engine: Engine, now: int = LATER) -> list[bool]:
    """What comes of all wishes that may come true."""
    async with inbox_on(engine).lives() as lives:
        return [await events_at(now).grant(lives, wish) for wish in await lives.wishes(50)]


async def wished(engine: Engine) -> list[str]:
    async with inbox_on(engine).lives() as lives:
        return [f"{each.key.user_id} {each.username}" for each in await lives.wishes(50)]


# Find, add and save


@pytest.mark.parametrize("life", [LIFE, OVER, replace(LIFE, revoked_before=None)], ids=["alive", "over", "unrevoked"])
async def test_what_was_added_is_found_with_everything_it_had(engine: Engine, life: Life) -> None:
    assert await kept(engine, life) is True
    assert await life_of(engine) == life


async def test_where_there_is_nothing_nothing_is_found(engine: Engine) -> None:
    await kept(engine, LIFE)
    for key in (BOB, STRANGER):
        assert await life_of(engine, key) is None


async def test_what_is_there_is_not_added_and_nothing_is_written(engine: Engine) -> None:
    await kept(engine, LIFE)
    assert await kept(engine, OVER) is False
    assert await life_of(engine) == LIFE
    assert len(await audit(engine)) == 1


async def test_a_life_is_what_the_api_reads(engine: Engine, store: ProfileRepository) -> None:
    await kept(engine, LIFE)
    assert await store.get(ANN) == WHOLE
    assert await store.standing(ANN) == Standing(suspended=True, revoked_before=NOW - 5)


async def test_a_life_that_is_over_is_a_tombstone(engine: Engine, store: ProfileRepository) -> None:
    await kept(engine, OVER)
    assert await store.get(ANN) == Tombstone(
        tenant_id="acme", user_id="ann", version=1, deleted_at=NOW, deleted_by="idp"
    )


async def test_a_saved_life_with_other_content_moves_its_version_and_time(engine: Engine) -> None:
    await kept(engine, LIFE)
    after = replace(LIFE, profile=replace(WHOLE, name="New"), seen="seen later")
    assert await saved(engine, LIFE, after) == replace(
        after, profile=replace(after.profile, version=2, updated_at=LATER)
    )
    assert (await noted(engine))[1:] == [("change", "name", "idp", 2)]


async def test_a_saved_life_with_the_same_content_moves_neither_and_is_not_audited(engine: Engine) -> None:
    await kept(engine, LIFE)
    after = replace(LIFE, profile=replace(WHOLE, versions={"name": "later"}), seen="seen later")
    assert await saved(engine, LIFE, after) == after
    assert len(await noted(engine)) == 1


async def test_a_revocation_is_audited_and_moves_no_version(engine: Engine) -> None:
    await told(engine, event("set"), event("revoke", 1))
    assert (await noted(engine))[1:] == [("revoke", "revoked_before", "idp", 1)]


async def test_an_end_and_a_return_are_audited_without_what_was_there(engine: Engine, store: ProfileRepository) -> None:
    await told(engine, event("set", name="Marker"), event("delete", 1))
    found = await store.get(ANN)
    assert isinstance(found, Tombstone)
    assert (found.version, found.deleted_by, found.deleted_at) == (2, "idp", NOW + 1)
    await told(engine, event("set", 2, name="Again"), now=LATER)
    assert [(action, version) for action, _, _, version in await noted(engine)] == [
        ("create", 1), ("erase", 2), ("create", 3),
    ]  # fmt: skip
    assert (await noted(engine))[1][1] == ""
    assert "Marker" not in str([*await profiles(engine), *await audit(engine)])
    back = await store.get(ANN)
    assert isinstance(back, Profile)
    assert (back.name, back.version, back.created_at, back.updated_at) == ("Again", 3, LATER, LATER)


async def test_an_event_that_is_no_news_writes_nothing(engine: Engine) -> None:
    await told(engine, event("set", name="Ann"))
    before = (await profiles(engine), await audit(engine))
    await told(engine, event("set", name="Ann"), event("set", -1, name="Old"), now=LATER)
    assert (await profiles(engine), await audit(engine)) == before


async def test_who_has_found_a_life_makes_others_wait_and_no_change_is_lost(
    postgres_settings: DatabaseSettings,
) -> None:
    async with opened(postgres_settings) as engine:
        await told(engine, event("set"))
        async with inbox_on(engine).lives() as lives:
            found = await lives.find(ANN)
            assert found is not None
            other = asyncio.create_task(told(engine, event("set", 2, primary_phone="+492")))
            await somebody_waits(postgres_settings)
            await events_at().apply(lives, event("set", 1, primary_email="one@acme.test"))
        await other
        both = await life_of(engine)
        assert both is not None
        assert (both.profile.primary_email, both.profile.primary_phone) == ("one@acme.test", "+492")


async def test_fifty_first_events_of_one_user_at_once_make_one_record_with_the_newest_word(engine: Engine) -> None:
    events = [event("set", n, delivery=str(n), name=f"Name {n}") for n in range(50)]
    assert await at_once(told(engine, each) for each in events) == [None] * 50
    (row,) = await profiles(engine)
    assert row["name"] == "Name 49"
    assert [each["action"] for each in await audit(engine)].count("create") == 1


async def test_events_and_first_accesses_at_once_agree_on_one_record(engine: Engine, store: ProfileRepository) -> None:
    events = [told(engine, event("set", key=key, name="Said")) for key in CROWD[:20]]
    accesses = [store.create(record(key, name="Made", sources={"name": "generated"}), OPERATOR) for key in CROWD[:20]]
    answers = await at_once([call for pair in zip(events, accesses, strict=True) for call in pair])
    assert [each for each in answers if isinstance(each, BaseException)] == []
    assert {row["name"] for row in await profiles(engine)} == {"Said"}
    assert len(await profiles(engine)) == 20


# Ends


async def test_with_a_record_everything_beside_it_ends(engine: Engine, store: ProfileRepository) -> None:
    await registered(engine)
    for key in (ANN, BOB, STRANGER):
        await store.create(record(key), herself(key))
        await put_beside(engine, key)
    documents = DocumentRepository(engine)
    await bulk(documents, items(["ann", "bob"]))
    await told(engine, event("delete", 1))
    assert [len(await beside(engine, key)) for key in (ANN, BOB, STRANGER)] == [0, 3, 3]
    assert await documents.get(ANN, APP) is None
    assert await documents.get(BOB, APP) is not None


async def test_a_late_end_takes_only_the_documents_from_before_it(engine: Engine, store: ProfileRepository) -> None:
    await registered(engine)
    documents = DocumentRepository(engine)
    await told(engine, event("set", 50))
    await bulk(documents, items(["ann"]), now=NOW + 10)
    await bulk(documents, items(["ann"], app_id=7), now=NOW + 11)
    await put_beside(engine, ANN)
    await told(engine, event("delete", 10))
    assert [await documents.get(ANN, app) is None for app in (0, 7)] == [True, False]
    assert len(await beside(engine, ANN)) == 3


async def test_an_erasure_by_the_user_keeps_older_events_from_bringing_anything_back(
    engine: Engine, store: ProfileRepository
) -> None:
    await told(engine, event("set", name="Marker"))
    await store.erase(ANN, herself(ANN), LATER)
    await told(engine, event("set", 5, name="Marker"), event("suspend", 6))
    assert isinstance(await store.get(ANN), Tombstone)
    assert "Marker" not in str(await profiles(engine))
    await told(engine, event("set", LATER - NOW + 1, name="Again"))
    assert isinstance(await store.get(ANN), Profile)


async def test_after_the_providers_end_a_token_brings_nobody_back(engine: Engine, store: ProfileRepository) -> None:
    await told(engine, event("set"), event("delete", 1))
    assert await store.revive(replace(record(ANN), version=3), herself(ANN, MUCH_LATER // 1000)) is False


async def test_who_used_a_token_after_the_end_that_comes_late_stays(engine: Engine, store: ProfileRepository) -> None:
    await store.create(record(ANN, name="Ann"), herself(ANN, NOW // 1000))
    await told(engine, event("delete", -1))
    assert isinstance(await store.get(ANN), Profile)
    await told(engine, event("delete", 1))
    assert isinstance(await store.get(ANN), Tombstone)


async def test_who_was_only_looked_up_by_somebody_else_was_not_seen(engine: Engine, store: ProfileRepository) -> None:
    await store.create(record(ANN, name="Ann"), OPERATOR)
    await told(engine, event("delete", -1))
    assert isinstance(await store.get(ANN), Tombstone)


# Usernames


async def test_a_username_that_somebody_has_fails_no_event_and_is_noted(
    engine: Engine, store: ProfileRepository
) -> None:
    await store.create(record(BOB, username="Taken"), herself(BOB))
    await told(engine, event("set", username="old"), event("set", 1, username="taken", name="Ann"))
    found = await store.get(ANN)
    assert isinstance(found, Profile)
    assert (found.username, found.name) == ("old", "Ann")
    (conflict,) = await inbox_on(engine).conflicts("acme", 9)
    assert (conflict.user_id, conflict.username, conflict.holder) == ("ann", "taken", "bob")


async def test_a_new_user_whose_username_is_taken_has_none_at_first(engine: Engine, store: ProfileRepository) -> None:
    await store.create(record(BOB, username="taken"), herself(BOB))
    await told(engine, event("set", username="taken", name="Ann"))
    assert await username(store, ANN) is None


async def test_another_tenants_username_is_in_nobodys_way(engine: Engine, store: ProfileRepository) -> None:
    await store.create(record(STRANGER, username="free"), herself(STRANGER))
    await told(engine, event("set", username="free"))
    assert await username(store, ANN) == "free"
    assert await inbox_on(engine).conflicts("acme", 9) == []


@pytest.mark.parametrize("how", ["renamed", "erased", "deleted"])
async def test_a_username_that_becomes_free_is_given_to_who_wished_for_it(
    engine: Engine, store: ProfileRepository, how: str
) -> None:
    await store.create(record(BOB, username="taken"), herself(BOB))
    await told(engine, event("set", username="taken"))
    assert (await wished(engine), await granted(engine)) == ([], [])
    if how == "renamed":
        await store.change(BOB, ProfileChange(username="other"), herself(BOB), LATER)
    elif how == "erased":
        await store.erase(BOB, OPERATOR, LATER)
    else:
        await told(engine, event("delete", 60_000, key=BOB))
    assert await wished(engine) == ["ann taken"]
    assert await granted(engine) == [True]
    assert await username(store, ANN) == "taken"
    assert await inbox_on(engine).conflicts("acme", 9) == []


async def test_of_two_who_wish_for_one_username_the_newer_wish_comes_true(
    engine: Engine, store: ProfileRepository
) -> None:
    await store.create(record(BOB, username="taken"), herself(BOB))
    await told(engine, event("set", 5, username="taken"), event("set", 9, key=CAROL, username="taken"))
    await store.change(BOB, ProfileChange(username="other"), herself(BOB), LATER)
    assert (await granted(engine))[0] is True
    assert (await username(store, ANN), await username(store, CAROL)) == (None, "taken")
    (conflict,) = await inbox_on(engine).conflicts("acme", 9)
    assert (conflict.user_id, conflict.holder) == ("ann", "carol")


async def test_users_who_swap_their_usernames_do_not_wait_for_each_other(
    engine: Engine, store: ProfileRepository
) -> None:
    await told(engine, event("set", username="one"), event("set", key=BOB, username="two"))
    await told(engine, event("set", 5, username="two"), event("set", 5, key=BOB, username="one"))
    assert sorted(await wished(engine)) == ["ann two", "bob one"]
    await granted(engine)
    assert (await username(store, ANN), await username(store, BOB)) == ("two", "one")
    assert await inbox_on(engine).conflicts("acme", 9) == []


async def test_three_who_pass_their_usernames_round_end_with_the_providers(
    engine: Engine, store: ProfileRepository
) -> None:
    people = [ANN, BOB, CAROL]
    await told(engine, *(event("set", key=each, username=f"name{n}") for n, each in enumerate(people)))
    await told(engine, *(event("set", 5, key=each, username=f"name{(n + 1) % 3}") for n, each in enumerate(people)))
    await granted(engine)
    assert [await username(store, each) for each in people] == ["name1", "name2", "name0"]


async def test_who_keeps_the_username_that_the_provider_gave_is_not_robbed_of_it(
    engine: Engine, store: ProfileRepository
) -> None:
    await told(engine, event("set", username="one"), event("set", 5, key=BOB, username="one"))
    assert await granted(engine) == []
    assert (await username(store, ANN), await username(store, BOB)) == ("one", None)


async def test_who_chose_the_username_is_not_robbed_of_it(engine: Engine, store: ProfileRepository) -> None:
    await told(engine, event("set", username="one"), event("set", key=BOB, username="two"))
    await told(engine, event("set", 5, username="two"))
    await store.change(ANN, ProfileChange(username="chosen"), herself(ANN), LATER)
    await told(engine, event("set", 9, key=BOB, username="chosen"))
    await granted(engine)
    assert await username(store, ANN) == "chosen"


async def test_a_wish_that_the_provider_has_taken_back_does_not_come_true(
    engine: Engine, store: ProfileRepository
) -> None:
    await store.create(record(BOB, username="taken"), herself(BOB))
    await told(engine, event("set", 5, username="taken"), event("set", 6, username="other"))
    assert await inbox_on(engine).conflicts("acme", 9) == []
    await store.erase(BOB, OPERATOR, LATER)
    assert await granted(engine) == []
    assert await username(store, ANN) == "other"


async def test_an_older_word_does_not_take_back_a_wish(engine: Engine, store: ProfileRepository) -> None:
    await store.create(record(BOB, username="taken"), herself(BOB))
    await told(engine, event("set", 5, username="taken"), event("set", 4, username="other"))
    await store.erase(BOB, OPERATOR, LATER)
    assert await granted(engine) == [True]
    assert await username(store, ANN) == "taken"


async def test_a_wish_for_what_the_user_has_edited_since_is_forgotten(engine: Engine, store: ProfileRepository) -> None:
    await store.create(record(BOB, username="taken"), herself(BOB))
    await told(engine, event("set", 5, username="taken"))
    await store.change(ANN, ProfileChange(username="chosen"), herself(ANN), LATER)
    await store.erase(BOB, OPERATOR, LATER)
    assert await granted(engine) == [False]
    assert await username(store, ANN) == "chosen"
    assert await inbox_on(engine).conflicts("acme", 9) == []


async def test_a_wish_heard_again_is_one_wish_with_its_newest_version(engine: Engine, store: ProfileRepository) -> None:
    await store.create(record(BOB, username="taken"), herself(BOB))
    newest = event("set", 7, username="TAKEN")
    await told(engine, event("set", 5, username="taken"), newest, event("set", 6, username="taken"))
    (conflict,) = await inbox_on(engine).conflicts("acme", 9)
    assert (conflict.username, conflict.noted_at) == ("TAKEN", NOW)
    await store.erase(BOB, OPERATOR, LATER)
    async with inbox_on(engine).lives() as lives:
        assert await lives.wishes(9) == [Wish(key=ANN, source="idp", username="TAKEN", version=newest.version)]


async def test_the_newest_wishes_come_first_and_no_more_than_asked_for(
    engine: Engine, store: ProfileRepository
) -> None:
    people = CROWD[:3]
    await store.create(record(BOB, username="taken"), herself(BOB))
    for n, each in zip((2, 3, 1), people, strict=True):
        await told(engine, event("set", n, key=each, username="taken"))
    await store.erase(BOB, OPERATOR, LATER)
    async with inbox_on(engine).lives() as lives:
        assert [each.key for each in await lives.wishes(2)] == [people[1], people[0]]


# Sessions


@pytest.mark.parametrize(
    ("issuer", "subject", "session_id", "ended"),
    [
        ("https://idp.test", "ann", None, ["ann"]),
        ("https://idp.test", None, "sid-bob", ["bob"]),
        ("https://idp.test", "ann", "sid-ann", ["ann"]),
        ("https://idp.test", "ann", "sid-bob", []),
        ("https://idp.test", None, None, []),
        ("https://other.test", "ann", None, []),
    ],
)
async def test_a_logout_ends_the_sessions_that_it_names_and_no_others(
    engine: Engine, issuer: str, subject: str | None, session_id: str | None, ended: list[str]
) -> None:
    for key in (ANN, BOB):
        await put_beside(engine, key)
    async with inbox_on(engine).lives() as lives:
        assert await lives.end_sessions(issuer, subject, session_id, LATER) == len(ended)
    assert [key.user_id for key in (ANN, BOB) if "profilegate_session" not in await beside(engine, key)] == ended


async def test_a_transaction_that_raises_leaves_every_record_as_it_was(engine: Engine) -> None:
    await told(engine, event("set", name="Ann"))
    before = (await profiles(engine), await audit(engine))
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with inbox_on(engine).lives() as lives:
            await events_at().apply(lives, event("set", 1, name="New"))
            await events_at().apply(lives, event("delete", 2, key=BOB))
            raise ZeroDivisionError
    assert (await profiles(engine), await audit(engine)) == before
