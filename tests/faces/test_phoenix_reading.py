"""GET /v1/profiles/user/{user_id}: anybody's profile, made on first access."""

import asyncio
import string

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Clock, Service, address, key
from tests.store.databases import audit, everything, profiles

from profilegate.profiles.record import Actor, ProfileChange
from profilegate.settings import PhoenixSettings

MEMBERS = ["tenant_id", "user_id", "name", "avatar_url", "created_at", "updated_at"]


@BOTH
async def test_the_first_read_makes_the_profile(client: httpx.AsyncClient) -> None:
    first = await client.get(address("alice"))
    assert (first.status_code, list(first.json())) == (200, MEMBERS)
    assert first.json()["created_at"] == first.json()["updated_at"] == "2026-01-28T10:00:00Z"


@BOTH
async def test_a_second_read_changes_nothing(client: httpx.AsyncClient, clock: Clock) -> None:
    first = await client.get(address("alice"))
    clock.seconds += 600
    second = await client.get(address("alice"))
    assert (second.content, second.headers["etag"]) == (first.content, first.headers["etag"])


@pytest.mark.caller("alice", client_id="another-app", auth_time=1_769_594_000)
async def test_the_owners_first_read_of_what_others_made_changes_nothing(
    service: Service, client: httpx.AsyncClient, clock: Clock
) -> None:
    """Unless the token has a name, a picture or a username."""
    first = await service.client("bob").get(address("alice"))
    clock.seconds += 600
    second = await client.get(address("alice"))
    assert (second.content, second.headers["etag"]) == (first.content, first.headers["etag"])


async def test_times_are_whole_seconds_rounded_down(client: httpx.AsyncClient, clock: Clock) -> None:
    clock.seconds += 0.999
    assert (await client.get(address("alice"))).json()["created_at"] == "2026-01-28T10:00:00Z"


async def test_anybody_of_the_tenant_may_read_anybody(service: Service, client: httpx.AsyncClient) -> None:
    by_alice = await client.get(address("bob"))
    assert (await service.client("bob").get(address("bob"))).content == by_alice.content


@BOTH
async def test_racing_first_reads_make_one_profile(service: Service, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get(address("alice")) for _ in range(20)))
    assert {(each.status_code, each.content) for each in answers} == {(200, answers[0].content)}
    assert [row["action"] for row in await audit(service.gate.engine)] == ["create"]


@pytest.mark.caller("alice", name="Alice Moreau", picture="https://a.example/a.png", preferred_username="alice")
async def test_the_owners_token_fills_the_profile(client: httpx.AsyncClient) -> None:
    profile = (await client.get(address("alice"))).json()
    assert (profile["name"], profile["avatar_url"]) == ("Alice Moreau", "https://a.example/a.png")


async def test_what_was_generated_gives_way_to_the_owners_token(service: Service) -> None:
    await service.client("bob").get(address("alice"))
    named = await service.client("alice", name="Alice Moreau").get(address("alice"))
    assert named.json()["name"] == "Alice Moreau"


@pytest.mark.caller("alice", name="Alice Moreau")
async def test_the_callers_names_are_not_put_on_others(client: httpx.AsyncClient) -> None:
    assert (await client.get(address("bob"))).json()["name"] != "Alice Moreau"


@pytest.mark.caller("alice", name="a\0b", picture="javascript:alert(1)", preferred_username="no spaces")
async def test_odd_values_of_the_token_are_passed_over(client: httpx.AsyncClient, service: Service) -> None:
    profile = (await client.get(address("alice"))).json()
    preview = service.gate.profiles.preview(key("alice"))
    assert (profile["name"], profile["avatar_url"]) == (preview.name, preview.avatar)


@BOTH
async def test_a_name_that_another_face_cleared_shows_as_generated(client: httpx.AsyncClient, service: Service) -> None:
    generated = (await client.get(address("alice"))).json()
    owner = Actor("user", "alice", "test")
    await service.gate.profiles.change(key("alice"), ProfileChange(name=None, avatar=None), owner)
    assert (await client.get(address("alice"))).json() == generated


async def test_head_answers_as_get_without_a_body(client: httpx.AsyncClient) -> None:
    head, get = await client.head(address("alice")), await client.get(address("alice"))
    assert (head.status_code, head.content, head.headers) == (200, b"", get.headers)


async def test_a_profile_may_be_kept_but_is_asked_about_each_time(client: httpx.AsyncClient) -> None:
    headers = (await client.get(address("alice"))).headers
    shown = {name: headers[name] for name in ("cache-control", "vary", "x-content-type-options", "content-type")}
    assert shown == {
        "cache-control": "private, no-cache",
        "vary": "Authorization, Origin",
        "x-content-type-options": "nosniff",
        "content-type": "application/json",
    }


ODD_IDS = [
    "auth0|507f1f77",
    "a@b.example",
    "a b",
    " ",
    "%",
    "%2F",
    "%41",
    "a%00b",
    "a+b",
    "a?b#c",
    "a;b=c&d",
    "'; DROP TABLE x; --",
    '"',
    "\\",
    "{user_id}",
    "$1",
    "batch",
    "~",
    "...",
    "x" * 255,
    string.punctuation.replace("/", ""),
]


@pytest.mark.parametrize("user_id", ODD_IDS)
@BOTH
async def test_any_printable_id_names_its_own_user(client: httpx.AsyncClient, user_id: str) -> None:
    answer = await client.get(address(user_id))
    assert (answer.status_code, answer.json()["user_id"]) == (200, user_id)


@pytest.mark.parametrize("user_id", ["a/b", "/a", "a/", "a//b", "https://id.example/people/1"])
async def test_an_encoded_slash_is_part_of_the_id(client: httpx.AsyncClient, user_id: str) -> None:
    answer = await client.get(address(user_id))
    assert (answer.status_code, answer.json().get("user_id")) == (200, user_id)


@pytest.mark.parametrize("user_id", ["x" * 256, "x" * 2000, "a\0b", "a\nb", "\x7f", "é", "用户", "\u202eb", "a\u00a0b"])
async def test_what_cannot_be_an_id_is_refused_by_name(
    client: httpx.AsyncClient, service: Service, user_id: str
) -> None:
    answer = await client.get(address(user_id))
    assert (answer.status_code, answer.json()) == (
        422,
        {"error": "user_id must be 1 to 255 printable ASCII characters.", "code": "VALIDATION_001"},
    )
    assert await everything(service.gate.engine) == ([], [])


async def test_ids_differ_by_case(client: httpx.AsyncClient, service: Service) -> None:
    await client.get(address("alice"))
    await client.get(address("Alice"))
    assert [row["user_id"] for row in await profiles(service.gate.engine)] == ["alice", "Alice"]


async def test_with_self_only_the_owner_makes_a_profile(serve: Serve) -> None:
    service = await serve(phoenix=PhoenixSettings(create_on_read="self"))
    unknown = await service.client("bob").get(address("alice"))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
    assert (await service.client("alice").get(address("alice"))).status_code == 200
    assert (await service.client("bob").get(address("alice"))).status_code == 200


@BOTH
async def test_a_caller_makes_so_many_profiles_of_others_an_hour(serve: Serve, clock: Clock) -> None:
    client = (await serve(phoenix=PhoenixSettings(creations_per_hour=2))).client("alice")
    statuses = [(await client.get(address(f"user-{n}"))).status_code for n in range(4)]
    assert statuses == [200, 200, 429, 429]
    clock.seconds += 3601
    again = await client.get(address("user-2"), headers={"if-none-match": "no"})
    assert again.status_code == 200


async def test_who_made_too_many_is_told_when_to_come_again(serve: Serve, clock: Clock) -> None:
    client = (await serve(phoenix=PhoenixSettings(creations_per_hour=1))).client("alice")
    await client.get(address("user-0"))
    clock.seconds += 600
    answer = await client.get(address("user-1"))
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("RATE_LIMITED", "3000")


async def test_the_limit_never_stops_reading_what_is_there(serve: Serve) -> None:
    service = await serve(phoenix=PhoenixSettings(creations_per_hour=0))
    await service.client("bob").get(address("bob"))
    alice = service.client("alice")
    assert (await alice.get(address("carol"))).status_code == 429
    assert {(await alice.get(address("bob"))).status_code for _ in range(5)} == {200}
    assert (await alice.get(address("alice"))).status_code == 200


async def test_the_limit_is_each_callers_own(serve: Serve) -> None:
    service = await serve(phoenix=PhoenixSettings(creations_per_hour=1))
    for caller in ("alice", "bob"):
        assert (await service.client(caller).get(address(f"friend-of-{caller}"))).status_code == 200


async def test_a_refused_creation_leaves_no_record(serve: Serve) -> None:
    service = await serve(phoenix=PhoenixSettings(creations_per_hour=0))
    await service.client("alice").get(address("bob"))
    assert await everything(service.gate.engine) == ([], [])
