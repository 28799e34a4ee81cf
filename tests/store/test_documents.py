"""One document for each user and application, on both databases, whoever comes at the same moment."""

import asyncio
from typing import Any

import asyncpg
import pytest
from tests.store.databases import at_once, audit, everything
from tests.store.documents import APP, OTHER_APP, apps_on, registered, stored
from tests.store.people import ANN, BOB, CROWD, LATER, MUCH_LATER, NOW, OPERATOR, STRANGER, herself, record

from profilegate.errors import DocumentExists, DocumentNotFound, PreconditionFailed, StoreUnavailable
from profilegate.profiles.applications import AppDocument
from profilegate.profiles.json_text import value_of
from profilegate.profiles.record import ProfileKey, Tombstone
from profilegate.store.document_queries import lock_owner
from profilegate.store.documents import DocumentRepository
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository
from profilegate.store.statements import Statement

HARD = '{"n":[1.10,1e400,-0,' + "9" * 50 + '],"":"\\u00e9é😀\\"\\\\/","b":null,"a":1}'


@pytest.fixture
async def documents(engine: Engine, store: ProfileRepository) -> DocumentRepository:
    await registered(engine)
    for key in (ANN, BOB, STRANGER):
        await store.create(record(key), herself(key))
    return DocumentRepository(engine, lambda: NOW)


def document(data: str, key: ProfileKey = ANN, version: int = NOW, updated_at: int = NOW) -> AppDocument:
    return AppDocument(key=key, app_id=APP, data=data, version=version, created_at=NOW, updated_at=updated_at)


async def made(documents: DocumentRepository, data: str = "{}", key: ProfileKey = ANN, now: int = NOW) -> AppDocument:
    found = await documents.create(key, APP, data, herself(key), now)
    assert found is not None
    return found


async def actions(engine: Engine) -> list[tuple[Any, ...]]:
    """What was done to documents, as the audit tells."""
    entries = [entry for entry in await audit(engine) if entry["action"].startswith("document")]
    return [(each["user_id"], each["action"], each["fields"], each["version"]) for each in entries]


async def test_a_document_is_read_letter_by_letter_as_it_was_written(documents: DocumentRepository) -> None:
    assert await made(documents, HARD) == document(HARD)
    assert await documents.get(ANN, APP) == document(HARD)


async def test_documents_of_other_users_applications_and_tenants_are_others(documents: DocumentRepository) -> None:
    await made(documents)
    assert await documents.get(BOB, APP) is None
    assert await documents.get(ANN, OTHER_APP) is None
    assert await documents.get(STRANGER, APP) is None
    assert await documents.get(ANN, 99) is None


async def test_there_is_one_document_for_each_user_and_application(documents: DocumentRepository) -> None:
    await made(documents, "1")
    assert await documents.create(ANN, APP, "2", herself(ANN), LATER) is None
    assert await documents.get(ANN, APP) == document("1")
    assert await documents.create(ANN, OTHER_APP, "3", herself(ANN), NOW) is not None


async def test_there_is_none_without_a_record_or_an_application(documents: DocumentRepository, engine: Engine) -> None:
    before = await everything(engine)
    assert await documents.create(CROWD[0], APP, "1", OPERATOR, NOW) is None
    assert await documents.create(ANN, 99, "1", OPERATOR, NOW) is None
    assert (await stored(engine), await everything(engine)) == ([], before)


async def test_an_application_of_another_tenant_is_none(documents: DocumentRepository, engine: Engine) -> None:
    await registered(engine, "other", app_ids=[5])
    assert await documents.create(ANN, 5, "1", herself(ANN), NOW) is None
    assert await documents.create(STRANGER, 5, "1", herself(STRANGER), NOW) is not None


async def test_a_replacement_counts_the_version_up(documents: DocumentRepository) -> None:
    await made(documents, "1")
    assert await documents.replace(ANN, APP, "2", herself(ANN), LATER) == document("2", ANN, NOW + 1, LATER)


async def test_what_is_not_there_is_not_replaced_and_not_deleted(documents: DocumentRepository, engine: Engine) -> None:
    assert await documents.replace(ANN, APP, "2", herself(ANN), LATER) is None
    assert await documents.delete(ANN, APP, herself(ANN), LATER) is None
    assert (await stored(engine), await actions(engine)) == ([], [])


@pytest.mark.parametrize("expected", [0, NOW - 1, NOW + 1, -1])
async def test_another_version_than_the_expected_is_left_alone(
    documents: DocumentRepository, engine: Engine, expected: int
) -> None:
    await made(documents, "1")
    before = await actions(engine)
    assert await documents.replace(ANN, APP, "2", herself(ANN), LATER, expected) is None
    assert await documents.delete(ANN, APP, herself(ANN), LATER, expected) is None
    assert await documents.get(ANN, APP) == document("1")
    assert await actions(engine) == before


async def test_the_expected_version_is_replaced_and_deleted(documents: DocumentRepository) -> None:
    await made(documents, "1")
    changed = await documents.replace(ANN, APP, "2", herself(ANN), LATER, NOW)
    assert changed == document("2", ANN, NOW + 1, LATER)
    assert await documents.delete(ANN, APP, herself(ANN), LATER, NOW + 1) == changed
    assert await documents.get(ANN, APP) is None


async def test_each_change_is_audited_without_its_data(documents: DocumentRepository, engine: Engine) -> None:
    await made(documents, '"marker"')
    await documents.replace(ANN, APP, '"marker 2"', herself(ANN), LATER)
    await documents.delete(ANN, APP, OPERATOR, MUCH_LATER)
    assert await actions(engine) == [
        ("ann", "document-create", "app:0", NOW),
        ("ann", "document-change", "app:0", NOW + 1),
        ("ann", "document-delete", "app:0", NOW + 1),
    ]
    assert "marker" not in str(await audit(engine))


async def test_the_record_itself_is_not_changed(documents: DocumentRepository, store: ProfileRepository) -> None:
    before = await store.get(ANN)
    await made(documents)
    await documents.delete(ANN, APP, herself(ANN), LATER)
    assert await store.get(ANN) == before


async def test_a_version_is_never_there_again(engine: Engine, documents: DocumentRepository) -> None:
    documents = DocumentRepository(engine)
    seen = {(await made(documents)).version}
    for n in range(1, 4):
        changed = await documents.replace(ANN, APP, f"{n}", herself(ANN), LATER)
        assert changed is not None
        seen.add(changed.version)
        await documents.delete(ANN, APP, herself(ANN), LATER)
        version = (await made(documents, f"{n + 10}", now=LATER + n * 1000)).version
        assert version not in seen
        seen.add(version)


@pytest.mark.parametrize("back", [0, 1], ids=["the clock stands still", "the clock was set back"])
async def test_a_version_is_never_there_again_whatever_the_clock_says(
    engine: Engine, documents: DocumentRepository, back: int
) -> None:
    """What was seen under one version must not be taken for something else: If-Match relies on it."""
    documents = DocumentRepository(engine)
    seen = {(await made(documents, "1", now=LATER)).version}
    changed = await documents.replace(ANN, APP, "2", herself(ANN), LATER)
    assert changed is not None
    seen.add(changed.version)
    await documents.delete(ANN, APP, herself(ANN), LATER)
    again = {(await made(documents, "3", now=LATER - back)).version}
    changed = await documents.replace(ANN, APP, "4", herself(ANN), LATER)
    assert changed is not None
    again.add(changed.version)
    assert seen & again == set()


async def test_of_fifty_who_create_one_document_one_does(documents: DocumentRepository, engine: Engine) -> None:
    answers = await at_once(documents.create(ANN, APP, f"{n}", herself(ANN), NOW) for n in range(50))
    assert [type(each) for each in answers].count(AppDocument) == 1
    assert answers.count(None) == 49
    (winner,) = filter(None, answers)
    assert await documents.get(ANN, APP) == winner
    assert len(await actions(engine)) == 1


async def test_of_fifty_who_create_one_document_of_a_new_user_one_does(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    apps, key = apps_on(engine, store), CROWD[0]
    answers = await at_once(apps.create(key, APP, f"{n}", herself(key)) for n in range(50))
    assert [type(each) for each in answers].count(AppDocument) == 1
    assert [type(each) for each in answers].count(DocumentExists) == 49
    assert len(await stored(engine)) == 1


async def test_of_those_who_saw_one_version_one_replaces_it(documents: DocumentRepository) -> None:
    await made(documents)
    answers = await at_once(documents.replace(ANN, APP, f"{n}", herself(ANN), LATER, NOW) for n in range(50))
    assert len([each for each in answers if each is not None]) == 1
    found = await documents.get(ANN, APP)
    assert found == next(filter(None, answers))


async def test_replacements_without_expectation_all_count(documents: DocumentRepository) -> None:
    await made(documents)
    answers = await at_once(documents.replace(ANN, APP, f"{n}", herself(ANN), LATER) for n in range(30))
    assert sorted(each.version for each in answers) == [NOW + n for n in range(1, 31)]


async def test_patches_of_different_members_at_once_are_all_there_in_the_end(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    apps = apps_on(engine, store)
    await made(documents, '{"kept":1.10}')
    answers = await at_once(apps.patch(ANN, APP, f'{{"m{n}":{n}.0}}', herself(ANN)) for n in range(20))
    assert [each for each in answers if isinstance(each, BaseException)] == []
    found = await documents.get(ANN, APP)
    assert found is not None
    assert value_of(found.data) == {"kept": "1.10", **{f"m{n}": f"{n}.0" for n in range(20)}}


async def test_puts_at_once_make_one_document_and_none_fails(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    apps = apps_on(engine, store)
    answers = await at_once(apps.put(CROWD[1], APP, f"{n}", herself(CROWD[1])) for n in range(20))
    assert sorted(is_new for _, is_new in answers) == [False] * 19 + [True]
    assert len(await stored(engine)) == 1


async def test_puts_and_deletes_at_once_leave_none_or_one(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    apps = apps_on(engine, store)
    puts = [apps.put(ANN, APP, f"{n}", herself(ANN)) for n in range(15)]
    deletes = [documents.delete(ANN, APP, herself(ANN), NOW) for _ in range(15)]
    answers = await at_once(each for pair in zip(puts, deletes, strict=True) for each in pair)
    assert [
        each for each in answers if isinstance(each, BaseException) and not isinstance(each, StoreUnavailable)
    ] == []
    assert len(await stored(engine)) <= 1


async def test_an_erased_user_has_no_document(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    await made(documents, '"marker"')
    await documents.create(ANN, OTHER_APP, '"marker"', herself(ANN), NOW)
    await made(documents, "1", BOB)
    assert await store.erase(ANN, OPERATOR, LATER)
    assert [row["data"] for row in await stored(engine)] == ["1"]
    assert await documents.get(ANN, APP) is None
    assert await documents.create(ANN, APP, "2", OPERATOR, LATER) is None
    assert await documents.replace(ANN, APP, "2", OPERATOR, LATER) is None


async def test_the_documents_do_not_come_back_with_the_user(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    await made(documents, '"marker"')
    await store.erase(ANN, herself(ANN), LATER)
    returned = herself(ANN, LATER // 1000 + 1)
    await apps_on(engine, store, MUCH_LATER).profiles.get_or_create(ANN, returned)
    assert await documents.get(ANN, APP) is None
    assert await made(documents, "2", now=MUCH_LATER) is not None


async def test_a_document_made_during_the_erasure_is_not_left_behind(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    for key in CROWD:
        await store.create(record(key), herself(key))
    creations = [documents.create(key, APP, '"marker"', herself(key), NOW) for key in CROWD]
    erasures = [store.erase(key, OPERATOR, LATER) for key in CROWD]
    answers = await at_once(each for pair in zip(creations, erasures, strict=True) for each in pair)
    assert [each for each in answers if isinstance(each, BaseException)] == []
    assert await stored(engine) == []
    assert {type(each) for each in (await store.get_many(CROWD)).values()} == {Tombstone}


async def test_a_creation_that_waits_for_an_erasure_finds_nobody(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    """The other order: the erasure has the row while the creation asks for it."""
    erase = Statement("UPDATE profilegate_profile SET deleted_at = 1 WHERE user_id = 'ann' RETURNING id", ())
    async with engine.session() as session:
        await session.run(lock_owner(engine.engine_type), {"tenant_id": "acme", "user_id": "ann"})
        await session.run(erase, {})
        waiting = asyncio.create_task(documents.create(ANN, APP, "1", herself(ANN), NOW))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert await waiting is None
    assert await stored(engine) == []


async def test_all_documents_of_an_application_are_read_page_by_page(
    documents: DocumentRepository, monkeypatch: pytest.MonkeyPatch, store: ProfileRepository
) -> None:
    monkeypatch.setattr("profilegate.store.documents.PAGE", 7)
    for n, key in enumerate(CROWD):
        await store.create(record(key), herself(key))
        await made(documents, f"{n}", key)
    await documents.create(STRANGER, APP, "0", herself(STRANGER), NOW)
    await documents.create(ANN, OTHER_APP, "0", herself(ANN), NOW)
    found = [each async for each in documents.all_of("acme", APP)]
    assert [each.key.user_id for each in found] == sorted(key.user_id for key in CROWD)
    assert {each.data for each in found} == {f"{n}" for n in range(50)}


async def test_a_failed_change_leaves_no_trace(documents: DocumentRepository, engine: Engine) -> None:
    before = await everything(engine)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with engine.session() as session:
            await session.run(Statement("DELETE FROM profilegate_profile", ()), {})
            raise ZeroDivisionError
    assert await everything(engine) == before
    assert await documents.create(ANN, APP, "1", herself(ANN), NOW) is not None


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8])
async def test_a_change_that_is_cancelled_midway_is_undone_or_whole_and_others_go_on(
    documents: DocumentRepository, engine: Engine, steps: int
) -> None:
    task = asyncio.create_task(documents.create(ANN, APP, "1", herself(ANN), NOW))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    (answer,) = await at_once([task])
    there = await documents.create(BOB, APP, "2", herself(BOB), NOW)
    assert there == document("2", BOB)
    assert isinstance(answer, (asyncio.CancelledError, AppDocument))
    mine = [each for each in await actions(engine) if each[0] == "ann"]
    assert (await documents.get(ANN, APP) is not None) == bool(mine)


async def test_a_transaction_that_is_cancelled_between_its_statements_is_undone(
    documents: DocumentRepository, engine: Engine
) -> None:
    begun = asyncio.Event()

    async def long() -> None:
        async with engine.session() as session:
            await session.run(Statement("DELETE FROM profilegate_profile", ()), {})
            begun.set()
            await asyncio.Event().wait()

    before = await everything(engine)
    task = asyncio.create_task(long())
    await begun.wait()
    waiting = asyncio.create_task(documents.create(ANN, APP, "1", herself(ANN), NOW))
    await asyncio.sleep(0.02)
    task.cancel()
    (cancelled,) = await at_once([task])
    assert isinstance(cancelled, asyncio.CancelledError)
    assert await waiting == document("1")
    assert [row["user_id"] for row in (await everything(engine))[0]] == [row["user_id"] for row in before[0]]


async def test_a_statement_that_fails_undoes_those_before_it_and_others_go_on(
    documents: DocumentRepository, engine: Engine
) -> None:
    before = await everything(engine)
    with pytest.raises((StoreUnavailable, asyncpg.UndefinedTableError)):  # noqa: PT012
        async with engine.session() as session:
            await session.run(Statement("DELETE FROM profilegate_audit", ()), {})
            await session.run(Statement("DELETE FROM profilegate_nothing", ()), {})
    assert await everything(engine) == before
    assert await made(documents) == document("{}")


async def test_the_version_that_if_match_names_must_be_there(
    documents: DocumentRepository, engine: Engine, store: ProfileRepository
) -> None:
    apps = apps_on(engine, store)
    for seen in (frozenset[int](), frozenset({NOW})):
        with pytest.raises(PreconditionFailed):
            await apps.put(ANN, APP, "1", herself(ANN), seen=seen)
        with pytest.raises(DocumentNotFound):  # it would be refused without the condition too
            await apps.patch(ANN, APP, "1", herself(ANN), seen)
        with pytest.raises(DocumentNotFound):
            await apps.delete(ANN, APP, herself(ANN), seen)
    assert await stored(engine) == []
