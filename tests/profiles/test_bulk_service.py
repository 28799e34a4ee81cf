"""A bulk before its transaction: what is refused, what is the same twice, and what is told of it."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.profiles.memory import MemoryStore

from profilegate.errors import BodyTooLarge, MalformedBody
from profilegate.profiles.app_service import AppService
from profilegate.profiles.applications import Application
from profilegate.profiles.bulk import BulkItem, Outcome, Refused
from profilegate.profiles.bulk_service import CHUNK, MOST_TOLD, BulkOrder, BulkResult, BulkService, Place
from profilegate.profiles.json_stream import Item, ItemStream
from profilegate.profiles.json_text import Limits
from profilegate.profiles.record import Actor
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.service import ProfileService
from profilegate.profiles.usernames import UsernameRule
from profilegate.store.spool import IN_MEMORY, FileSpool

ROOT = Actor("operator", "root", "test")
STRICT = '{"type":"object","properties":{"n":{"type":"integer"}}}'


class Applications:
    """`ApplicationStore` with app 0, which takes anything, and app 1 with a schema."""

    async def all(self, tenant_id: str) -> list[Application]:
        return [
            Application(tenant_id=tenant_id, app_id=0, name="Any"),
            Application(tenant_id=tenant_id, app_id=1, name="Strict", schema=STRICT),
        ]


class Documents:
    """`DocumentStore.bulk` in memory: `stored` changes only when a transaction ends well."""

    def __init__(self, *taken: str) -> None:
        self.stored: list[BulkItem] = []
        self.taken = set(taken)
        self.transactions = 0

    @asynccontextmanager
    async def bulk(self, tenant_id: str, actor: Actor, now: int) -> AsyncIterator[Any]:
        transaction = Pending(self.taken)
        self.transactions += 1
        yield transaction
        self.stored += transaction.written


class Pending:
    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.written: list[BulkItem] = []

    async def put(self, chunk: Sequence[BulkItem], on_conflict: str, generate: Any) -> Outcome:
        left = [each for each in chunk if each.user_id in self.taken and on_conflict != "replace"]
        written = [each for each in chunk if each not in left]
        self.written += written
        refused = [Refused(each.index, "taken", 409) for each in left] if on_conflict == "error" else []
        return Outcome(written, [] if refused else left, refused)


class Spooled(FileSpool):
    """A spool that tells when it is closed."""

    closed = 0

    def close(self) -> None:
        super().close()
        type(self).closed += 1


def bulks(documents: Documents, most: int = 250_000) -> BulkService:
    profiles = ProfileService(MemoryStore(), ProfileRules(UsernameRule(), avatar_base="https://a.test"), lambda: 0)
    apps = AppService(Applications(), documents, profiles, Limits(), lambda: 0)  # type: ignore[arg-type]
    return BulkService(apps, Spooled, most)


def entry(user_id: object, data: object = None, app_id: object = 0) -> dict[str, object]:
    return {"app_id": app_id, "profile_data": {} if data is None else data, "user_id": user_id}


async def stream(*entries: object, text: str | None = None) -> AsyncIterator[Item]:
    reader = ItemStream()
    body = text if text is not None else json.dumps({"profiles": entries})
    for item in reader.feed(body.encode()):
        yield item
    for item in reader.end():
        yield item


async def written(documents: Documents, *entries: object, **options: Any) -> BulkResult:
    return await bulks(documents).write(stream(*entries), BulkOrder("acme", ROOT, **options))


def places(result: BulkResult) -> list[tuple[int, str]]:
    return [(each.app_id, each.user_id) for each in result.written]


async def test_all_that_is_good_is_written_in_one_transaction_and_in_its_order() -> None:
    documents = Documents()
    entries = [entry(f"u{n % 3000}", {"n": n % 3000}, n // 3000) for n in range(6000)]
    result = await written(documents, *entries)
    assert places(result) == [(n // 3000, f"u{n % 3000}") for n in range(6000)]
    assert (documents.transactions, len(documents.stored)) == (1, 6000)


async def test_the_same_item_twice_counts_once() -> None:
    documents = Documents()
    result = await written(documents, *[entry("string", {"additionalProp1": {}})] * 2)
    assert (result.written, result.repeated, result.refusals) == ([Place(0, 0, "string")], 1, 0)
    assert len(documents.stored) == 1


async def test_white_space_does_not_make_two_items_different() -> None:
    text = '{"profiles":[{"app_id":0,"profile_data":{"a":[1]},"user_id":"u"},' + (
        '{ "user_id" : "u" , "profile_data" : { "a" : [ 1 ] } , "app_id" : 0 }]}'
    )
    result = await bulks(Documents()).write(stream(text=text), BulkOrder("acme", ROOT))
    assert (places(result), result.repeated) == ([(0, "u")], 1)


async def test_a_second_item_that_differs_is_an_error_at_its_own_place() -> None:
    documents = Documents()
    result = await written(documents, entry("u", 1), entry("v", 1), entry("u", 2), entry("u", 1))
    assert [(each.index, each.status) for each in result.refused] == [(2, 422)]
    assert "and differs" in result.refused[0].reason
    assert documents.stored == []


async def test_the_same_user_may_have_a_document_of_each_application() -> None:
    result = await written(Documents(), entry("u", {}, 0), entry("u", {}, 1))
    assert places(result) == [(0, "u"), (1, "u")]


async def test_a_user_and_application_that_only_look_alike_together_are_two() -> None:
    result = await written(Documents(), entry("1 u", 1, 0), entry("u", 2, 0), entry("0 u", 3, 0))
    assert len(result.written) == 3


BAD = [
    (entry("é"), "user_id"),
    (entry("u", {}, 5), "app_id is not a registered application"),
    (entry("u", {"n": "x"}, 1), "profile_data does not satisfy the application's schema: /n"),
    (entry("u", "\0"), "profile_data must not contain NUL"),
    (entry("u", "\ud800"), "profile_data must not contain lone surrogates"),
    ([], "item must be an object"),
    ({}, "user_id is missing"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[reason for _, reason in BAD])
async def test_one_bad_item_keeps_all_from_being_written_and_is_named(bad: object, reason: str) -> None:
    documents = Documents()
    result = await written(documents, entry("a"), bad, entry("b"))
    assert [each.index for each in result.refused] == [1]
    assert result.refused[0].reason.startswith(reason)
    assert (documents.transactions, documents.stored, result.written) == (0, [], [])


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[reason for _, reason in BAD])
async def test_a_partial_bulk_leaves_out_what_is_bad(bad: object, reason: str) -> None:
    documents = Documents()
    result = await written(documents, entry("a"), bad, entry("b"), mode="partial")
    assert [each.index for each in result.refused] == [1]
    assert places(result) == [(0, "a"), (0, "b")]
    assert [each.user_id for each in documents.stored] == ["a", "b"]


async def test_a_thousand_refusals_are_told_of_and_all_are_counted() -> None:
    result = await written(Documents(), *[entry(f"u{n}", 1, 9) for n in range(MOST_TOLD + 500)])
    assert (len(result.refused), result.refusals) == (1_000, 1_500)
    assert [each.index for each in result.refused] == [*range(1_000)]


async def test_a_conflict_found_late_undoes_what_was_written_before() -> None:
    documents = Documents("u4500")
    result = await written(documents, *[entry(f"u{n}") for n in range(5000)])
    assert (result.refused, result.written, documents.stored) == ([Refused(4500, "taken", 409)], [], [])


@pytest.mark.parametrize(("on_conflict", "left", "put"), [("skip", 1, 2), ("replace", 0, 3)])
async def test_conflicts_are_met_as_asked(on_conflict: str, left: int, put: int) -> None:
    result = await written(Documents("b"), *map(entry, "abc"), on_conflict=on_conflict)
    assert (len(result.skipped), len(result.written), result.refusals) == (left, put, 0)


async def test_a_partial_bulk_has_a_transaction_for_each_chunk() -> None:
    documents = Documents()
    await written(documents, *[entry(f"u{n}") for n in range(2 * CHUNK + 1)], mode="partial")
    assert documents.transactions == 3


async def test_there_may_be_no_item() -> None:
    assert await written(Documents()) == BulkResult()


async def test_more_items_than_allowed_are_too_many_and_nothing_is_written() -> None:
    documents = Documents()
    with pytest.raises(BodyTooLarge, match="at most 3 items"):
        await bulks(documents, most=3).write(stream(*map(entry, "abcd")), BulkOrder("acme", ROOT))
    assert len((await bulks(documents, most=3).write(stream(*map(entry, "abc")), BulkOrder("acme", ROOT))).written) == 3
    assert documents.transactions == 1


@pytest.mark.parametrize("mode", ["all", "partial"])
async def test_a_body_that_is_malformed_at_its_end_writes_nothing(mode: Any) -> None:
    documents = Documents()
    text = json.dumps({"profiles": [entry(f"u{n}") for n in range(3000)]})[:-1]
    with pytest.raises(MalformedBody):
        await bulks(documents).write(stream(text=text), BulkOrder("acme", ROOT, mode))
    assert documents.transactions == 0


async def test_the_spool_is_closed_whatever_happens() -> None:
    before = Spooled.closed
    await written(Documents(), entry("a"))
    await written(Documents(), entry("é"))
    with pytest.raises(MalformedBody):
        await bulks(Documents()).write(stream(text="{"), BulkOrder("acme", ROOT))
    assert Spooled.closed == before + 3


ITEMS = st.builds(BulkItem, st.integers(0, 10**6), st.text(max_size=5), st.integers(0, 10), st.text(max_size=20))


@given(st.lists(ITEMS.filter(lambda each: "\ud800" not in each.data), max_size=20), st.integers(1, 7))
def test_what_is_spooled_comes_back_in_chunks(items: list[BulkItem], size: int) -> None:
    spool = FileSpool()
    for each in items:
        spool.add(each)
    chunks = [*spool.chunks(size)]
    spool.close()
    assert [each for chunk in chunks for each in chunk] == items
    assert [len(chunk) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)


def test_what_is_too_much_for_memory_comes_back_from_the_file() -> None:
    spool = FileSpool()
    items = [BulkItem(n, f"u{n}", 0, json.dumps("é\n\u2028" * 20_000)) for n in range(3 * IN_MEMORY // 100_000)]
    for each in items:
        spool.add(each)
    assert [each for chunk in spool.chunks(4) for each in chunk] == items
    spool.close()
