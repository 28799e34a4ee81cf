"""Many documents in one transaction, on both databases, beside everybody else."""

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.store.databases import at_once, audit, everything, opened, profiles
from tests.store.documents import APP, OTHER_APP, apps_on, bulk, items, key, owner, registered, stored, users
from tests.store.people import ANN, LATER, NOW, OPERATOR, STRANGER, herself, record

from profilegate.errors import DocumentExists, StoreUnavailable
from profilegate.profiles.applications import AppDocument
from profilegate.profiles.bulk import BulkItem, OnConflict, Refused
from profilegate.profiles.record import Profile, ProfileChange, Tombstone
from profilegate.settings import DatabaseSettings
from profilegate.store.documents import DocumentRepository
from profilegate.store.engine import Engine
from profilegate.store.profiles import JSON_COLUMNS, ProfileRepository

MANY = [f"user-{n:04}" for n in range(1_000)]


@pytest.fixture
async def documents(engine: Engine, store: ProfileRepository) -> DocumentRepository:
    await registered(engine)
    await store.create(record(ANN, name="Ann", username="ann"), herself(ANN))
    return DocumentRepository(engine, lambda: NOW)


async def test_documents_are_stored_with_the_records_that_they_need(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    (outcome,) = await bulk(documents, items(["zoe", "ann", "bob"], '{"n":1.10}'))
    assert users(outcome) == (["zoe", "ann", "bob"], [], [])
    assert {row["data"] for row in await stored(engine)} == {'{"n":1.10}'}
    made = await store.get(key("bob"))
    assert isinstance(made, Profile)
    assert (made.name, made.avatar, made.version) == ("Name of bob", "https://avatars.test/bob", 1)
    assert await store.get(ANN) == record(ANN, name="Ann", username="ann")


async def test_a_record_made_by_a_bulk_is_one_as_any_other(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    """Its own user finds it, and may change and fill it, as if it were made at the first access."""
    bulk_made, first_access = key("bulk"), key("first")
    await bulk(documents, items(["bulk"]))
    apps = apps_on(engine, store)
    await apps.profiles.get_or_create(first_access, herself(first_access))
    # An operator's word is no sign that the provider knows the user; a token is.
    own = {"id", "user_id", "name", "avatar", "changed_fields", "seen_version"}
    one, other = [
        {name: json.loads(value) if name in JSON_COLUMNS else value for name, value in row.items() if name not in own}
        for row in await profiles(engine)
        if row["user_id"] in {"bulk", "first"}
    ]
    assert one == other
    changed = await apps.profiles.change(bulk_made, ProfileChange(name="Chosen"), herself(bulk_made))
    assert (changed.name, changed.version) == ("Chosen", 2)
    assert await store.fill(first_access, ProfileChange(username="new"), OPERATOR, LATER) is not None


async def test_what_was_written_is_audited_for_each(documents: DocumentRepository, engine: Engine) -> None:
    await bulk(documents, items(["ann", "bob"], '"marker"'))
    entries = [(each["user_id"], each["action"], each["fields"], each["actor_id"]) for each in await audit(engine)]
    assert sorted(entries[1:]) == [
        ("ann", "document-bulk", "app:0", "root"),
        ("bob", "create", "", "root"),
        ("bob", "document-bulk", "app:0", "root"),
    ]
    assert "marker" not in str(await audit(engine))


@pytest.mark.parametrize(
    ("on_conflict", "written", "skipped", "refused", "data"),
    [
        ("error", ["bob"], [], [(0, 409)], "1"),
        ("skip", ["bob"], ["ann"], [], "1"),
        ("replace", ["ann", "bob"], [], [], "2"),
    ],
)
async def test_a_document_that_is_there_is_met_as_asked(
    documents: DocumentRepository,
    on_conflict: OnConflict,
    written: list[str],
    skipped: list[str],
    refused: list[tuple[int, int]],
    data: str,
) -> None:
    await documents.create(ANN, APP, "1", herself(ANN), NOW)
    (outcome,) = await bulk(documents, items(["ann", "bob"], "2"), on_conflict=on_conflict, now=LATER)
    assert users(outcome) == (written, skipped, refused)
    found = await documents.get(ANN, APP)
    assert found is not None
    assert found.data == data
    assert (found.version, found.updated_at) == ((NOW + 1, LATER) if data == "2" else (NOW, NOW))
    assert found.created_at == NOW


async def test_an_erased_user_is_not_brought_back(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    await store.erase(ANN, OPERATOR, LATER)
    (outcome,) = await bulk(documents, items(["ann", "bob"]), now=LATER)
    assert outcome.refused == [Refused(0, "the user was deleted")]
    assert isinstance(await store.get(ANN), Tombstone)
    assert len(await stored(engine)) == 1


async def test_an_application_that_is_not_there_is_refused(documents: DocumentRepository, engine: Engine) -> None:
    await registered(engine, "other", app_ids=[5])
    (outcome,) = await bulk(documents, [*items(["ann"], app_id=5), BulkItem(1, "ann", APP, "{}")])
    assert users(outcome) == (["ann"], [], [(0, 422)])


async def test_a_bulk_stays_within_its_tenant(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    await store.create(record(STRANGER), herself(STRANGER))
    await bulk(documents, items(["ann"], "1"))
    assert await documents.get(STRANGER, APP) is None
    await bulk(documents, items(["ann"], "2"), tenant="other")
    assert [getattr(await documents.get(each, APP), "data", None) for each in (ANN, STRANGER)] == ["1", "2"]


async def test_a_user_may_have_documents_of_several_applications_in_one_chunk(
    documents: DocumentRepository, engine: Engine
) -> None:
    await bulk(documents, [*items(["bob"], "1", APP), *items(["bob"], "2", OTHER_APP)])
    assert len(await stored(engine)) == 2
    assert len([row for row in await profiles(engine) if row["user_id"] == "bob"]) == 1


async def test_odd_users_and_documents_are_kept_letter_by_letter(documents: DocumentRepository) -> None:
    odd = [" ", '"', "\\", "'", "{}", "a,b", "NULL", "%s", "x" * 255, "$1", "null", "0", "é".encode().hex()]
    data = '{"n":1e400,"é\\u00e9":"😀\\\\\\"{},NULL\'$1"}'
    await bulk(documents, items(odd, data))
    for user in odd:
        found = await documents.get(key(user), APP)
        assert found is not None
        assert found.data == data


async def test_many_chunks_are_one_transaction(documents: DocumentRepository, engine: Engine) -> None:
    before = await everything(engine)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with documents.bulk("acme", OPERATOR, NOW) as transaction:
            await transaction.put(items(MANY[:500]), "error", owner)
            await transaction.put(items(MANY[500:]), "error", owner)
            raise ZeroDivisionError
    assert (await stored(engine), await everything(engine)) == ([], before)


async def test_a_bulk_that_is_cancelled_midway_writes_nothing_and_others_go_on(
    documents: DocumentRepository, engine: Engine
) -> None:
    before = await everything(engine)
    for delay in (0, 0.002, 0.01, 0.03):
        task = asyncio.create_task(bulk(documents, *(items([f"{user}-{n}" for user in MANY]) for n in range(20))))
        await asyncio.sleep(delay)
        task.cancel()
        assert isinstance((await at_once([task]))[0], asyncio.CancelledError)
    assert (await stored(engine), await everything(engine)) == ([], before)
    (outcome,) = await bulk(documents, items(MANY))
    assert len(outcome.written) == 1_000


async def test_two_bulks_in_opposite_orders_do_not_wait_for_each_other(
    documents: DocumentRepository, engine: Engine
) -> None:
    one = [items(MANY[n : n + 100], "1") for n in range(0, 1_000, 100)]
    other = [items(MANY[n : n + 100], "2") for n in range(900, -1, -100)]
    for _ in range(3):
        answers = await at_once(bulk(documents, *each, on_conflict="replace") for each in (one, other, one, other))
        assert [each for each in answers if isinstance(each, BaseException)] == []
    assert len(await stored(engine)) == 1_000
    assert len({row["data"] for row in await stored(engine)}) == 1


async def test_bulks_of_different_tenants_do_not_wait_for_each_other(documents: DocumentRepository) -> None:
    async with asyncio.timeout(30):
        answers = await at_once(bulk(documents, items(MANY), tenant=tenant) for tenant in ("acme", "other"))
    assert [len(each[0].written) for each in answers] == [1_000, 1_000]


@pytest.mark.parametrize("existing", [True, False], ids=["old users", "new users"])
async def test_of_a_bulk_and_the_users_own_creation_one_wins_and_the_other_is_told(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository, existing: bool
) -> None:
    apps, keys = apps_on(engine, store), [key(user) for user in MANY[:40]]
    if existing:
        for each in keys:
            await store.create(record(each), herself(each))
    own = [apps.create(each, APP, '"own"', herself(each)) for each in keys]
    given: Any = bulk(documents, items(MANY[:20], '"bulk"'), items(MANY[20:40], '"bulk"'))
    *answers, outcomes = await at_once([*own[:20], *own[20:], given])
    assert {type(each) for each in answers} <= {AppDocument, DocumentExists}
    written = {item.user_id for outcome in outcomes for item in outcome.written}
    refused = {(each.index, each.status) for outcome in outcomes for each in outcome.refused}
    assert {status for _, status in refused} <= {409}
    assert len(written) + len([each for each in answers if isinstance(each, AppDocument)]) == 40
    for each in keys:
        found = await documents.get(each, APP)
        assert found is not None
        assert (found.data == '"bulk"') == (each.user_id in written)


async def test_a_user_who_comes_while_the_bulk_has_not_ended_waits_for_it(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    apps, bob = apps_on(engine, store), key("bob")
    async with documents.bulk("acme", OPERATOR, NOW) as transaction:
        await transaction.put(items(["bob"], "1"), "error", owner)
        own = asyncio.create_task(apps.create(bob, APP, "2", herself(bob)))
        await asyncio.sleep(0.05)
        assert not own.done()
    with pytest.raises(DocumentExists):
        await own
    assert len(await stored(engine)) == 1


async def test_of_a_bulk_that_is_undone_the_waiting_user_sees_nothing(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    apps, bob = apps_on(engine, store), key("bob")
    own = None
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with documents.bulk("acme", OPERATOR, NOW) as transaction:
            await transaction.put(items(["bob"], "1"), "error", owner)
            own = asyncio.create_task(apps.create(bob, APP, "2", herself(bob)))
            await asyncio.sleep(0.05)
            raise ZeroDivisionError
    assert own is not None
    assert (await own).data == "2"


async def test_erasures_during_a_bulk_leave_no_document_behind(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    keys = [key(user) for user in MANY[:60]]
    for each in keys:
        await store.create(record(each), herself(each))
    chunks = [items(MANY[n : n + 10]) for n in range(0, 60, 10)]
    answers = await at_once([bulk(documents, *chunks), *(store.erase(each, OPERATOR, LATER) for each in keys)])
    assert [each for each in answers if isinstance(each, BaseException)] == []
    assert await stored(engine) == []


async def test_reading_goes_on_while_a_bulk_is_under_way(documents: DocumentRepository) -> None:
    await documents.create(ANN, APP, "1", herself(ANN), NOW)
    async with documents.bulk("acme", OPERATOR, NOW) as transaction:
        await transaction.put(items(["ann"], "2"), "replace", owner)
        async with asyncio.timeout(20):
            found = await documents.get(ANN, APP)
        assert found is not None
        assert found.data == "1"


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_user_of_whom_a_bulk_writes_may_change_the_name_meanwhile(
    documents: DocumentRepository, store: ProfileRepository
) -> None:
    async with documents.bulk("acme", OPERATOR, NOW) as transaction:
        await transaction.put(items(["ann"], "2"), "error", owner)
        renaming = asyncio.create_task(store.change(ANN, ProfileChange(name="New"), herself(ANN), LATER))
        try:
            async with asyncio.timeout(20):
                assert (await asyncio.shield(renaming)) is not None
        except TimeoutError:
            pytest.fail("an open bulk keeps its users' records from any change")
        finally:
            renaming.cancel()


async def test_a_second_bulk_that_waits_too_long_is_told_to_come_again_and_writes_nothing(
    settings: DatabaseSettings,
) -> None:
    async with opened(replace(settings, statement_timeout=1.0)) as engine:
        await registered(engine)
        documents = DocumentRepository(engine)
        async with documents.bulk("acme", OPERATOR, NOW) as transaction:
            await transaction.put(items(["bob"], "1"), "error", owner)
            (answer,) = await at_once([bulk(documents, items(["zoe"], "1"))])
        assert isinstance(answer, StoreUnavailable)
        assert len(await stored(engine)) == 1
        (outcome,) = await bulk(documents, items(["zoe"], "1"))
        assert users(outcome) == (["zoe"], [], [])
