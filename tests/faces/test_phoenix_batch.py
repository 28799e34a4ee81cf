"""POST /v1/profiles/batch: many profiles by one question, and nothing is made."""

from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Service, address
from tests.store.databases import everything

from profilegate.settings import PhoenixSettings

PATH = "/v1/profiles/batch"


async def asked(client: httpx.AsyncClient, user_ids: list[str]) -> list[dict[str, Any]]:
    answer = await client.post(PATH, json={"user_ids": user_ids})
    assert (answer.status_code, list(answer.json())) == (200, ["profiles"])
    return list(answer.json()["profiles"])


@BOTH
async def test_the_order_is_kept_and_an_id_may_stand_twice(client: httpx.AsyncClient) -> None:
    wanted = ["bob", "alice", "bob", "carol", "bob"]
    assert [each["user_id"] for each in await asked(client, wanted)] == wanted


@BOTH
async def test_known_profiles_come_as_get_shows_them(client: httpx.AsyncClient) -> None:
    await client.put(address("alice"), json={"name": "John Doe", "regenerate_avatar": True})
    single = (await client.get(address("alice"))).json()
    assert await asked(client, ["alice", "alice"]) == [single, single]


@BOTH
async def test_an_unknown_id_comes_as_its_first_access_would_store_it(client: httpx.AsyncClient) -> None:
    (preview,) = await asked(client, ["bob"])
    stored = (await client.get(address("bob"))).json()
    assert preview == stored | {"created_at": None, "updated_at": None}
    assert list(preview) == list(stored)


@BOTH
async def test_nothing_is_made(client: httpx.AsyncClient, service: Service) -> None:
    await asked(client, ["alice", "bob"])
    assert await everything(service.gate.engine) == ([], [])


@pytest.mark.parametrize("count", [1, 200])
async def test_up_to_200_ids_are_taken(client: httpx.AsyncClient, count: int) -> None:
    assert len(await asked(client, [f"user-{n}" for n in range(count)])) == count


REFUSED = [
    ({"user_ids": []}, "user_ids"),
    ({"user_ids": ["x"] * 201}, "user_ids"),
    ({"user_ids": "alice"}, "user_ids"),
    ({"user_ids": None}, "user_ids"),
    ({"user_ids": {"0": "alice"}}, "user_ids"),
    ({"user_ids": [1]}, "user_ids"),
    ({"user_ids": ["alice", None]}, "user_ids"),
    ({"user_ids": [["alice"]]}, "user_ids"),
    ({}, "user_ids"),
    ({"ids": ["alice"]}, "user_ids"),
    ([], "body"),
    (["alice"], "body"),
    ({"user_ids": ["alice", ""]}, "user_id"),
    ({"user_ids": ["alice", "x" * 256]}, "user_id"),
    ({"user_ids": ["é"]}, "user_id"),
    ({"user_ids": ["a\0b"]}, "user_id"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
async def test_another_body_is_refused_and_the_field_is_named(
    client: httpx.AsyncClient, body: object, field: str
) -> None:
    answer = await client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_001")
    assert field in answer.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"user_ids": ["alice"', b'{"user_ids": ["\xff"]}'])
async def test_what_is_not_json_is_a_bad_request(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(PATH, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")


async def test_it_may_be_kept_like_a_profile(client: httpx.AsyncClient) -> None:
    headers = (await client.post(PATH, json={"user_ids": ["alice"]})).headers
    assert (headers["cache-control"], headers["vary"]) == ("private, no-cache", "Authorization, Origin")


async def test_it_is_never_limited(serve: Serve) -> None:
    service = await serve(phoenix=PhoenixSettings(creations_per_hour=0, create_on_read="self"))
    assert len(await asked(service.client("alice"), ["bob", "carol"])) == 2


@pytest.mark.caller("alice", name="Alice Moreau")
async def test_the_callers_token_says_nothing_here(client: httpx.AsyncClient) -> None:
    assert (await asked(client, ["alice"]))[0]["name"] != "Alice Moreau"
