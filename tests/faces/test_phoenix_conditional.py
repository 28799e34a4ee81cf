"""ETag, If-None-Match and If-Match on the Phoenix face (RFC 9110, section 13)."""

import asyncio

import httpx
import pytest
from tests.faces.fixtures import BOTH
from tests.faces.running import Service, address
from tests.store.databases import everything

HERE = address("alice")


async def read(client: httpx.AsyncClient, *values: str, name: str = "if-none-match") -> httpx.Response:
    return await client.get(HERE, headers=[(name, value) for value in values])


async def put(client: httpx.AsyncClient, *values: str, name: str = "if-match") -> httpx.Response:
    return await client.put(HERE, json={"name": "John Doe"}, headers=[(name, value) for value in values])


@BOTH
async def test_the_tag_is_strong_and_counts_changes(client: httpx.AsyncClient) -> None:
    tags = [(await client.get(HERE)).headers["etag"]]
    tags += [(await client.put(HERE, json={"name": name})).headers["etag"] for name in ("One", "Two", "Two")]
    assert tags == ['"1-phoenix-0"', '"2-phoenix-0"', '"3-phoenix-0"', '"3-phoenix-0"']


KNOWN = ['"1-phoenix-0"', 'W/"1-phoenix-0"', '"x", "1-phoenix-0"', 'W/"x" , W/"1-phoenix-0"', "*", " * "]
UNKNOWN = ['"2-phoenix-0"', '"1-phoenix-1"', '"1-logto-0"', '"1-phoenix-0', "1-phoenix-0", "", '""', "x", '"1"', ",,,"]


@pytest.mark.parametrize("given", KNOWN)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_the_caller_has_is_not_sent_again(client: httpx.AsyncClient, given: str, method: str) -> None:
    await client.get(HERE)
    answer = await client.request(method, HERE, headers={"if-none-match": given})
    assert (answer.status_code, answer.content) == (304, b"")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("given", UNKNOWN)
async def test_what_the_caller_has_not_is_sent(client: httpx.AsyncClient, given: str) -> None:
    assert (await read(client, given)).status_code == 200


async def test_a_304_says_what_a_200_would(client: httpx.AsyncClient) -> None:
    full = await client.get(HERE)
    short = await read(client, full.headers["etag"])
    for name in ("etag", "cache-control", "vary"):
        assert short.headers[name] == full.headers[name]


async def test_tags_may_come_in_several_lines(client: httpx.AsyncClient) -> None:
    assert (await read(client, '"x"', '"1-phoenix-0"')).status_code == 304


async def test_a_change_is_sent(client: httpx.AsyncClient) -> None:
    tag = (await client.get(HERE)).headers["etag"]
    await put(client)
    assert (await read(client, tag)).status_code == 200


MET = ['"1-phoenix-0"', '"1-logto-7"', '"x", "1-phoenix-0"', '"9-phoenix-0","1-phoenix-0"', "*", " * "]
UNMET = ['"2-phoenix-0"', 'W/"1-phoenix-0"', '"0-phoenix-0"', '"-1-phoenix-0"', '"1"', '""', "", "x", "1-phoenix-0"]
UNMET += ['"01"', '"99999999999999999999-phoenix-0"', '"1e0-phoenix-0"', '"\xb2-phoenix-0"']


@pytest.mark.parametrize("given", MET)
async def test_a_version_that_still_stands_is_changed(client: httpx.AsyncClient, given: str) -> None:
    await client.get(HERE)
    assert (await put(client, given)).json()["name"] == "John Doe"


@pytest.mark.parametrize("given", UNMET)
async def test_another_version_is_left_alone(client: httpx.AsyncClient, service: Service, given: str) -> None:
    await client.get(HERE)
    stored = await everything(service.gate.engine)
    answer = await client.put(HERE, json={"name": "John Doe"}, headers={b"if-match": given.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert await everything(service.gate.engine) == stored


async def test_a_condition_holds_for_an_empty_change_too(client: httpx.AsyncClient) -> None:
    await client.get(HERE)
    answer = await client.put(HERE, json={}, headers={"if-match": '"7-phoenix-0"'})
    assert answer.status_code == 412


@BOTH
async def test_no_version_stands_where_nothing_is(client: httpx.AsyncClient, service: Service) -> None:
    assert (await put(client, '"1-phoenix-0"')).status_code == 412
    assert await everything(service.gate.engine) == ([], [])


async def test_any_version_may_be_one_that_is_made_now(client: httpx.AsyncClient) -> None:
    assert (await put(client, "*")).status_code == 200


async def test_a_change_answers_in_full_whatever_the_caller_has(client: httpx.AsyncClient) -> None:
    await client.get(HERE)
    answer = await put(client, '"2-phoenix-0"', name="if-none-match")
    assert (answer.status_code, answer.json()["name"]) == (200, "John Doe")


@BOTH
async def test_of_two_that_saw_the_same_version_one_changes_it(client: httpx.AsyncClient) -> None:
    await client.get(HERE)
    given = {"if-match": '"1-phoenix-0"'}
    changes = [client.put(HERE, json={"name": f"Name {n}"}, headers=given) for n in range(10)]
    statuses = [answer.status_code for answer in await asyncio.gather(*changes)]
    assert sorted(statuses) == [200] + [412] * 9
