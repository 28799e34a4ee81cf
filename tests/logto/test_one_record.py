"""The Logto face and the Phoenix face show one and the same record."""

from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH
from tests.faces.running import OTHER_TENANT, Clock, Service, address
from tests.logto.asking import CLAIMS, HERE, NEWER
from tests.store.databases import everything

THERE = address("alice")


async def here(client: httpx.AsyncClient) -> Any:
    return (await client.get(HERE)).json()


async def there(client: httpx.AsyncClient) -> Any:
    return (await client.get(THERE)).json()


@BOTH
async def test_a_name_set_here_is_the_name_there(client: httpx.AsyncClient) -> None:
    await client.patch(HERE, json={"name": "Ann"})
    assert (await there(client))["name"] == "Ann"


@BOTH
async def test_a_name_set_there_is_the_name_here(client: httpx.AsyncClient) -> None:
    await client.put(THERE, json={"name": "Ann"})
    for path in (HERE, NEWER):
        assert (await client.get(path)).json()["name"] == "Ann"


@BOTH
async def test_an_avatar_set_here_is_the_avatar_there_and_the_other_way_round(client: httpx.AsyncClient) -> None:
    await client.patch(HERE, json={"avatar": "https://a.example/ann.png"})
    assert (await there(client))["avatar_url"] == "https://a.example/ann.png"
    await client.put(THERE, json={"regenerate_avatar": True})
    assert (await here(client))["avatar"] == (await there(client))["avatar_url"]


@BOTH
async def test_others_see_it_too(client: httpx.AsyncClient, service: Service) -> None:
    await client.patch(HERE, json={"name": "Ann"})
    assert (await service.client("bob").get(THERE)).json()["name"] == "Ann"
    batch = await service.client("bob").post("/v1/profiles/batch", json={"user_ids": ["alice"]})
    assert batch.json()["profiles"][0]["name"] == "Ann"


@pytest.mark.parametrize("first", [HERE, NEWER, THERE])
@BOTH
async def test_whichever_face_is_asked_first_makes_the_same_record(
    client: httpx.AsyncClient, service: Service, first: str
) -> None:
    await client.get(first)
    shown, public = await here(client), await there(client)
    assert (shown["id"], shown["name"], shown["avatar"]) == (public["user_id"], public["name"], public["avatar_url"])
    rows, audit = await everything(service.gate.engine)
    assert (len(rows), len(audit)) == (1, 1)


@BOTH
async def test_null_here_shows_the_generated_value_there(client: httpx.AsyncClient) -> None:
    generated = await there(client)
    await client.patch(HERE, json={"name": "Ann", "avatar": "https://a.example/"})
    await client.patch(HERE, json={"name": None, "avatar": None})
    assert ((await here(client))["name"], (await here(client))["avatar"]) == (None, None)
    assert await there(client) == generated
    batch = (await client.post("/v1/profiles/batch", json={"user_ids": ["alice"]})).json()["profiles"][0]
    assert batch == generated


async def test_null_here_stays_null_whatever_is_asked_there(client: httpx.AsyncClient) -> None:
    await client.patch(HERE, json={"name": None})
    await client.put(THERE, json={"name": None})
    await client.put(THERE, json={"regenerate_avatar": True})
    assert (await here(client))["name"] is None


@BOTH
async def test_a_null_name_for_a_new_user_is_null(client: httpx.AsyncClient) -> None:
    answer = await client.patch(HERE, json={"name": None, "avatar": None})
    assert (answer.json()["name"], answer.json()["avatar"]) == (None, None)


@BOTH
async def test_both_faces_tell_the_same_times(client: httpx.AsyncClient, clock: Clock) -> None:
    await client.get(HERE)
    clock.seconds += 3600.5
    await client.patch(CLAIMS, json={"nickname": "Al"})
    public, shown = await there(client), await here(client)
    assert (public["created_at"], shown["createdAt"]) == ("2026-01-28T10:00:00Z", 1_769_594_400_000)
    assert (public["updated_at"], shown["updatedAt"]) == ("2026-01-28T11:00:00Z", 1_769_598_000_500)


@BOTH
async def test_every_change_is_audited_with_its_face_and_fields(client: httpx.AsyncClient, service: Service) -> None:
    await client.get(HERE)
    await client.patch(HERE, json={"name": "Ann", "username": "ann"})
    await client.patch(CLAIMS, json={"nickname": "Al", "address": {"country": "SE"}})
    await client.put(THERE, json={"name": "Zoe"})
    _, audit = await everything(service.gate.engine)
    assert [(each["face"], each["action"], each["actor_id"], each["version"]) for each in audit] == [
        ("logto", "create", "alice", 1),
        ("logto", "change", "alice", 2),
        ("logto", "change", "alice", 3),
        ("phoenix", "change", "alice", 4),
    ]


async def test_both_faces_keep_tenants_apart(service: Service) -> None:
    await service.client("alice").patch(HERE, json={"name": "Ann"})
    other = service.client("alice", tenant=OTHER_TENANT)
    assert (await there(other))["name"] != "Ann"


@pytest.mark.parametrize("user_id", ["a/b", "a%2Fb", "auth0|5f7c8ec7", "user name", "a?b#c", "x" * 255])
@BOTH
async def test_any_subject_has_its_record_here(service: Service, user_id: str) -> None:
    client = service.client(user_id)
    assert (await client.patch(HERE, json={"name": "Ann"})).json()["id"] == user_id
    assert (await client.get(address(user_id))).json()["name"] == "Ann"
