"""Many documents in one request over HTTP, on both databases: all or nothing, or whatever is good."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.faces.apps import BULK, CREATE, HERE, JSON, OTHERS, body, item, operator, put, refusal, register, stored
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, Service, key

from profilegate.settings import AppsSettings

SEED = {"app_id": 0, "profile_data": {"additionalProp1": {}}, "user_id": "string"}


@pytest.fixture
async def service(serve: Serve) -> Service:
    service = await serve()
    await register(service, 0)
    await register(service, 1, schema={"type": "object", "required": ["n"]})
    return service


@pytest.fixture
def root(service: Service) -> httpx.AsyncClient:
    return operator(service)


async def send(root: httpx.AsyncClient, *items: object, **query: str) -> httpx.Response:
    return await root.post(BULK, content=json.dumps(body(items)), headers=JSON, params=query)


def reasons(answer: httpx.Response) -> dict[int, str]:
    """The refused items of a bulk that is all or nothing."""
    assert (answer.status_code, answer.json()["code"]) == (422, "bulk_refused"), answer.text
    return {each["index"]: each["error"] for each in answer.json()["details"]["items"]}


@BOTH
async def test_the_documented_body_with_the_same_item_twice_stores_one_document(
    root: httpx.AsyncClient, service: Service
) -> None:
    answer = await root.post(BULK, json={"profiles": [SEED, SEED]})
    assert answer.status_code == 201
    assert answer.json()["created"] == 1
    assert answer.json()["profiles"] == [{"app_id": 0, "user_id": "string"}]
    shown = await root.get(OTHERS.format("string", 0))
    assert (shown.status_code, shown.json()["profile_data"]) == (200, {"additionalProp1": {}})
    own = (await service.client("string").get(HERE)).json()["profiles"]
    assert own == [shown.json()]


@BOTH
async def test_numbers_are_kept_digit_for_digit(root: httpx.AsyncClient) -> None:
    data = '{"n":[1.10,1e400,-0,' + "9" * 50 + '],"é":"\\u00e9"}'
    text = f'{{"profiles":[{{"user_id":"ann","profile_data": {data} ,"app_id":0}}]}}'
    assert (await root.post(BULK, content=text.encode(), headers=JSON)).status_code == 201
    assert f'"profile_data":{data},' in (await root.get(OTHERS.format("ann", 0))).text


@BOTH
async def test_three_thousand_items_with_errors_at_known_places_write_nothing(
    root: httpx.AsyncClient, service: Service
) -> None:
    items: list[Any] = [item(f"u{n}", {"n": n}, n % 2) for n in range(3_000)]
    items[0] = item("é")
    items[7] = item("u7", {}, 9)
    items[1_999] = item("u1999", {"m": 1}, 1)
    items[2_000] = "nothing"
    items[2_001] = item("u1", {"n": 2}, 1)
    items[2_002] = {**item("u2002"), "more": 1}
    items[2_999] = item("u2999", "\0")
    before = await stored(service)
    told = reasons(await send(root, *items))
    assert list(told) == [0, 7, 1_999, 2_000, 2_001, 2_002, 2_999]
    wanted = [
        "user_id",
        "app_id",
        "profile_data does not",
        "item must be",
        "item is the second",
        "item must",
        "profile",
    ]
    assert [reason.startswith(start) for reason, start in zip(told.values(), wanted, strict=True)] == [True] * 7
    assert await stored(service) == before


@BOTH
async def test_the_same_three_thousand_in_part_leave_only_the_bad_ones_out(root: httpx.AsyncClient) -> None:
    items: list[Any] = [item(f"u{n}", {"n": n}) for n in range(3_000)]
    items[5], items[2_500] = item("é"), item("u2500", "\0")
    answer = await send(root, *items, mode="partial")
    assert answer.status_code == 207
    told = answer.json()
    assert (told["created"], told["skipped"], told["failed"]) == (2_998, 0, 2)
    assert [each["index"] for each in told["results"]] == [*range(3_000)]
    failed = {each["index"]: each["status"] for each in told["results"] if each["status"] != 201}
    assert failed == {5: 422, 2_500: 422}
    assert (await root.get(OTHERS.format("u2999", 0))).json()["profile_data"] == {"n": 2_999}
    assert (await root.get(OTHERS.format("u2500", 0))).status_code == 404


@BOTH
async def test_three_thousand_good_items_are_all_there(root: httpx.AsyncClient, service: Service) -> None:
    answer = await send(root, *(item(f"u{n}", {"n": n}) for n in range(3_000)))
    assert (answer.status_code, answer.json()["created"]) == (201, 3_000)
    assert answer.json()["profiles"] == [{"app_id": 0, "user_id": f"u{n}"} for n in range(3_000)]
    assert len((await stored(service))[0]) == 3_000


async def test_a_thousand_errors_are_told_of_and_all_are_counted(root: httpx.AsyncClient) -> None:
    answer = await send(root, *(item(f"u{n}", {}, 9) for n in range(1_500)))
    assert list(reasons(answer)) == [*range(1_000)]
    assert answer.json()["details"]["total"] == 1_500


@BOTH
async def test_a_document_that_is_there_already_keeps_all_from_being_written(
    root: httpx.AsyncClient, service: Service
) -> None:
    await put(service.client("bob"), '"own"')
    before = await stored(service)
    answer = await send(root, item("ann"), item("bob"), item("zoe"))
    assert list(reasons(answer)) == [1]
    assert await stored(service) == before


@BOTH
@pytest.mark.parametrize(
    ("on_conflict", "created", "skipped", "data"), [("skip", 2, 1, "own"), ("replace", 3, 0, "new")]
)
async def test_a_document_that_is_there_is_met_as_asked(
    root: httpx.AsyncClient, service: Service, on_conflict: str, created: int, skipped: int, data: str
) -> None:
    old = (await put(service.client("bob"), '"own"')).headers["etag"]
    answer = await send(root, *(item(user, "new") for user in ("ann", "bob", "zoe")), on_conflict=on_conflict)
    assert (answer.status_code, answer.json()["created"], answer.json()["skipped"]) == (201, created, skipped)
    found = await service.client("bob").get(HERE)
    assert found.json()["profiles"][0]["profile_data"] == data
    assert (found.headers["etag"] == old) == (on_conflict == "skip")


@BOTH
async def test_in_part_every_item_has_a_status(root: httpx.AsyncClient, service: Service) -> None:
    await put(service.client("bob"), '"own"')
    items = [item("ann", 1), item("bob", 1), item("é"), item("ann", 1), item("ann", 2)]
    told = (await send(root, *items, mode="partial")).json()
    assert (told["created"], told["skipped"], told["failed"]) == (1, 0, 3)
    statuses = {each["index"]: each["status"] for each in told["results"]}
    assert statuses == {0: 201, 1: 409, 2: 422, 4: 422}
    told = (await send(root, item("ann", 3), item("zoe", 3), mode="partial", on_conflict="skip")).json()
    assert [each["status"] for each in told["results"]] == [200, 201]


@BOTH
async def test_an_erased_user_is_refused(root: httpx.AsyncClient, service: Service) -> None:
    await put(service.client("bob"), "1")
    await service.gate.repository.erase(key("bob"), OPERATOR, service.clock.milliseconds)
    assert reasons(await send(root, item("ann"), item("bob"))) == {1: "the user was deleted"}


async def test_there_may_be_no_item(root: httpx.AsyncClient) -> None:
    answer = await send(root)
    assert (answer.status_code, answer.json()["created"], answer.json()["profiles"]) == (201, 0, [])


BAD_ITEMS = {
    "twice": ('{"app_id":0,"user_id":"a","profile_data":{"x":1,"x":2}}', "twice"),
    "app_id twice": ('{"app_id":0,"app_id":0,"user_id":"a","profile_data":1}', "twice"),
    "NUL": ('{"app_id":0,"user_id":"a","profile_data":"\\u0000"}', "NUL"),
    "half a character": ('{"app_id":0,"user_id":"a","profile_data":"\\ud800"}', "lone surrogates"),
    "half a character in a name": ('{"app_id":0,"user_id":"a","profile_data":{"\\udfff":1}}', "lone surrogates"),
    "half a character in the user": ('{"app_id":0,"user_id":"\\ud800","profile_data":1}', "user_id"),
    "half a character elsewhere": ('{"app_id":0,"user_id":"a","profile_data":1,"\\ud800":1}', "other members"),
    "too deep": ('{"app_id":0,"user_id":"a","profile_data":' + "[" * 33 + "]" * 33 + "}", "32 levels"),
    "much too deep": ('{"app_id":0,"user_id":"a","profile_data":' + "[" * 3_000 + "]" * 3_000 + "}", "nested"),
    "too long": ('{"app_id":0,"user_id":"a","profile_data":"' + "x" * 65_535 + '"}', "65536 bytes"),
    "too many": (
        '{"app_id":0,"user_id":"a","profile_data":{' + ",".join(f'"{n}":0' for n in range(4_097)) + "}}",
        "4096 members",
    ),
    "a huge number for a schema": ('{"app_id":1,"user_id":"a","profile_data":1e99999999999999999999}', "profile_data"),
    "no number": ('{"app_id":0,"user_id":"a","profile_data":NaN}', "JSON"),
}


@pytest.mark.parametrize("name", BAD_ITEMS)
async def test_a_bad_item_is_named_with_its_rule_and_the_others_are_not_blamed(
    root: httpx.AsyncClient, service: Service, name: str
) -> None:
    text, rule = BAD_ITEMS[name]
    good = '{{"app_id":0,"user_id":"{}","profile_data":1}}'
    content = f'{{"profiles":[{good.format("y")},{text},{good.format("z")}]}}'
    before = await stored(service)
    told = reasons(await root.post(BULK, content=content, headers=JSON))
    assert list(told) == [1]
    assert rule in told[1]
    assert await stored(service) == before
    partly = await root.post(BULK, content=content, headers=JSON, params={"mode": "partial"})
    assert (partly.status_code, partly.json()["created"], partly.json()["failed"]) == (207, 2, 1)


NO_BULK = [
    "",
    "{}",
    "[]",
    "null",
    '{"profiles":{}}',
    '{"profiles":[]',
    '{"profiles":[],"x":1}',
    '{"profiles":[1,]}',
    "{",
]


@BOTH
@pytest.mark.parametrize("content", NO_BULK)
async def test_what_is_no_bulk_is_malformed(root: httpx.AsyncClient, content: str) -> None:
    assert refusal(await root.post(BULK, content=content, headers=JSON)) == (400, "malformed_body", None)


@BOTH
@pytest.mark.parametrize("query", [{}, {"mode": "partial"}])
async def test_a_body_that_ends_in_the_middle_is_malformed_and_nothing_is_written(
    root: httpx.AsyncClient, service: Service, query: dict[str, str]
) -> None:
    content = json.dumps(body(item(f"u{n}", {"n": "é" * 50}) for n in range(3_000)), ensure_ascii=False).encode()
    before = await stored(service)
    for end in (len(content) // 2, len(content) - 1, 1, 100):
        answer = await root.post(BULK, content=content[:end], headers=JSON, params=query)
        assert refusal(answer) == (400, "malformed_body", None), end
    assert await stored(service) == before


@BOTH
async def test_a_body_may_come_in_pieces_of_any_size(root: httpx.AsyncClient) -> None:
    content = json.dumps(body(item(f"u{n}", {"é😀": n}) for n in range(40)), ensure_ascii=False).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for n in range(0, len(content), 3):
            yield content[n : n + 3]

    answer = await root.post(BULK, content=pieces(), headers=JSON)
    assert (answer.status_code, answer.json()["created"]) == (201, 40)


@pytest.mark.parametrize("query", [{"mode": "some"}, {"mode": ""}, {"on_conflict": "ignore"}, {"mode": "ALL"}])
async def test_an_unknown_query_value_is_refused(
    root: httpx.AsyncClient, service: Service, query: dict[str, str]
) -> None:
    before = await stored(service)
    answer = await send(root, item("ann"), **query)
    assert answer.status_code == 400
    refusal(answer)
    assert await stored(service) == before


async def test_the_usual_query_values_may_be_said(root: httpx.AsyncClient) -> None:
    assert (await send(root, item("ann"), mode="all", on_conflict="error")).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-ndjson", "text/csv"])
async def test_other_content_types_are_refused(root: httpx.AsyncClient, kind: str) -> None:
    answer = await root.post(BULK, content='{"profiles":[]}', headers={"content-type": kind})
    assert refusal(answer) == (415, "unsupported_media_type", None)


async def test_the_limits_of_the_settings_are_kept_and_nothing_is_written(serve: Serve) -> None:
    service = await serve(apps=AppsSettings(bulk_max_body=2_000, bulk_max_items=10))
    await register(service)
    root, before = operator(service), await stored(service)
    many = await send(root, *(item(f"u{n}") for n in range(11)))
    large = await send(root, *(item(f"u{n}", "x" * 400) for n in range(5)))
    for answer in (many, large):
        assert refusal(answer) == (413, "too_large", None)
    assert await stored(service) == before
    assert (await send(root, *(item(f"u{n}") for n in range(10)))).status_code == 201


async def test_a_body_that_announces_no_length_is_limited_too(serve: Serve) -> None:
    service = await serve(apps=AppsSettings(bulk_max_body=2_000))
    await register(service)

    async def endless() -> AsyncIterator[bytes]:
        yield b'{"profiles":['
        for n in range(1_000):
            yield json.dumps(item(f"u{n}")).encode() + b","

    answer = await operator(service).post(BULK, content=endless(), headers=JSON)
    assert refusal(answer) == (413, "too_large", None)


@BOTH
async def test_of_a_bulk_and_the_users_own_creation_one_wins(root: httpx.AsyncClient, service: Service) -> None:
    names = [f"u{n}" for n in range(20)]
    own = [service.client(user).post(CREATE, json={"app_id": 0, "profile_data": "own"}) for user in names]
    *answers, bulk = await asyncio.gather(*own, send(root, *(item(user, "bulk") for user in names), mode="partial"))
    assert {each.status_code for each in answers} <= {201, 409}
    statuses = {each["status"] for each in bulk.json()["results"]}
    assert statuses <= {201, 409}
    assert bulk.json()["created"] + [each.status_code for each in answers].count(201) == 20


@BOTH
async def test_two_bulks_in_opposite_orders_both_succeed(root: httpx.AsyncClient) -> None:
    items = [item(f"u{n}", 1) for n in range(2_500)]
    bulks = [send(root, *each, on_conflict="replace") for each in (items, items[::-1], items, items[::-1])]
    assert [each.status_code for each in await asyncio.gather(*bulks)] == [201] * 4
