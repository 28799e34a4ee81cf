"""PATCH /api/profile/profile: the standard claims of OpenID Connect, merged one level deep."""

from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH
from tests.faces.running import Clock, Service
from tests.logto.asking import CLAIMS, EVERY_SCOPE, HERE, NEWER, refusal
from tests.store.databases import everything

ADDRESS = {
    "formatted": "1 High Street\r\nStockholm",
    "streetAddress": "1 High Street",
    "locality": "Stockholm",
    "region": "Stockholm County",
    "postalCode": "111 22",
    "country": "SE",
}
WHOLE: dict[str, Any] = {
    "familyName": "Cooper",
    "givenName": "Alice",
    "middleName": "Ann",
    "nickname": "Al",
    "preferredUsername": "alice",
    "profile": "https://example.com/alice",
    "website": "https://alice.example",
    "gender": "female",
    "birthdate": "1970-01-01",
    "zoneinfo": "Europe/Stockholm",
    "locale": "sv-SE",
    "address": ADDRESS,
}
"""Every claim, in the order in which Logto shows them."""

LIMIT = 2048


async def set_to(client: httpx.AsyncClient, claims: Any, path: str = CLAIMS) -> Any:
    answer = await client.patch(path, json=claims)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", [CLAIMS, f"{NEWER}/profile"])
@BOTH
async def test_every_claim_is_kept_and_shown_as_it_was_sent(client: httpx.AsyncClient, path: str) -> None:
    assert await set_to(client, WHOLE, path) == WHOLE
    assert (await client.get(HERE)).json()["profile"] == WHOLE


@BOTH
async def test_the_members_stand_in_logtos_order(client: httpx.AsyncClient) -> None:
    backwards = dict(reversed(WHOLE.items())) | {"address": dict(reversed(ADDRESS.items()))}
    assert list(await set_to(client, backwards)) == list(WHOLE)
    shown = (await client.get(HERE)).json()["profile"]
    assert (list(shown), list(shown["address"])) == (list(WHOLE), list(ADDRESS))


@pytest.mark.parametrize("claim", WHOLE)
@BOTH
async def test_one_claim_leaves_the_others_alone(client: httpx.AsyncClient, claim: str) -> None:
    await set_to(client, WHOLE)
    new = {"country": "NO"} if claim == "address" else "new"
    assert await set_to(client, {claim: new}) == WHOLE | {claim: new}


@pytest.mark.parametrize("claim", WHOLE)
@BOTH
async def test_null_removes_a_claim(client: httpx.AsyncClient, claim: str) -> None:
    await set_to(client, WHOLE)
    assert await set_to(client, {claim: None}) == {name: value for name, value in WHOLE.items() if name != claim}


@BOTH
async def test_null_for_what_is_not_set_changes_nothing(client: httpx.AsyncClient, service: Service) -> None:
    await set_to(client, {"nickname": "Al"})
    before = await everything(service.gate.engine)
    assert await set_to(client, {"locale": None}) == {"nickname": "Al"}
    assert await everything(service.gate.engine) == before


@BOTH
async def test_the_address_is_replaced_as_a_whole(client: httpx.AsyncClient) -> None:
    await set_to(client, {"address": ADDRESS})
    assert await set_to(client, {"address": {"country": "NO"}}) == {"address": {"country": "NO"}}


@BOTH
async def test_an_empty_address_is_an_address(client: httpx.AsyncClient) -> None:
    await set_to(client, {"address": ADDRESS})
    assert await set_to(client, {"address": {}}) == {"address": {}}
    assert (await client.get(HERE)).json()["profile"] == {"address": {}}


async def test_an_empty_text_stays_one(client: httpx.AsyncClient) -> None:
    assert await set_to(client, {"website": "", "address": {"region": ""}}) == {
        "website": "",
        "address": {"region": ""},
    }


async def test_a_claim_may_be_any_text(client: httpx.AsyncClient) -> None:
    odd = {"website": "HI", "birthdate": "0000-02-30", "zoneinfo": "Mars/Base", "nickname": "Zoë 🐯"}
    assert await set_to(client, odd) == odd


@pytest.mark.parametrize("nothing", [{}, {"unknown": 1}, {"name": 5, "username": "1bad"}, {"sub": "bob"}])
@BOTH
async def test_nothing_recognised_is_answered_and_changes_nothing(
    client: httpx.AsyncClient, service: Service, clock: Clock, nothing: dict[str, Any]
) -> None:
    await set_to(client, WHOLE)
    before, tag = await everything(service.gate.engine), (await client.get(HERE)).headers["etag"]
    clock.seconds += 1
    answer = await client.patch(CLAIMS, json=nothing)
    assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, WHOLE, tag)
    assert await everything(service.gate.engine) == before


@BOTH
async def test_nothing_for_a_user_who_was_never_here_still_makes_the_record(client: httpx.AsyncClient) -> None:
    assert await set_to(client, {}) == {}
    assert (await client.get(HERE)).headers["etag"].startswith('"1-')


@BOTH
async def test_the_same_again_moves_neither_time_nor_version(client: httpx.AsyncClient, clock: Clock) -> None:
    await set_to(client, WHOLE)
    before = await client.get(HERE)
    clock.seconds += 1
    await set_to(client, dict(reversed(WHOLE.items())))
    after = await client.get(HERE)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


@BOTH
async def test_a_change_of_claims_is_a_change_of_the_record(client: httpx.AsyncClient, clock: Clock) -> None:
    before = (await client.get(HERE)).json()
    clock.seconds += 1
    answer = await client.patch(CLAIMS, json={"nickname": "Al"})
    after = await client.get(HERE)
    assert after.json() == before | {"updatedAt": before["updatedAt"] + 1000, "profile": {"nickname": "Al"}}
    assert answer.headers["etag"] == after.headers["etag"]


async def test_unknown_members_are_dropped(client: httpx.AsyncClient) -> None:
    sent = {"nickname": "Al", "shoeSize": 42, "given_name": "Alice", "address": {"country": "SE", "planet": 3}}
    assert await set_to(client, sent) == {"nickname": "Al", "address": {"country": "SE"}}


async def test_the_preferred_username_is_not_the_username(client: httpx.AsyncClient) -> None:
    await client.patch(HERE, json={"username": "alice"})
    await set_to(client, {"preferredUsername": "anything at all"})
    assert (await client.get(HERE)).json()["username"] == "alice"


INVALID = [
    ({"nickname": 5}, "nickname", "invalid_type"),
    ({"nickname": ["Al"]}, "nickname", "invalid_type"),
    ({"nickname": "A\0l"}, "nickname", "custom"),
    ({"nickname": "A\nl"}, "nickname", "custom"),
    ({"nickname": "A\u202el"}, "nickname", "custom"),
    ({"address": "SE"}, "address", "invalid_type"),
    ({"address": []}, "address", "invalid_type"),
    ({"address": {"country": 5}}, "address.country", "invalid_type"),
    ({"address": {"country": None}}, "address.country", "invalid_type"),
    ({"address": {"formatted": "A\0"}}, "address.formatted", "custom"),
    ({"address": {"country": "\u2066SE"}}, "address.country", "custom"),
]


@pytest.mark.parametrize(("body", "place", "issue"), INVALID)
@BOTH
async def test_what_is_not_as_documented_is_refused(
    client: httpx.AsyncClient, service: Service, body: dict[str, Any], place: str, issue: str
) -> None:
    await set_to(client, WHOLE)
    before = await everything(service.gate.engine)
    answer = await client.patch(CLAIMS, json={"givenName": "Zoe"} | body)
    assert refusal(answer) == (400, "guard.invalid_input")
    assert [(".".join(each["path"]), each["code"]) for each in answer.json()["data"]["issues"]] == [(place, issue)]
    assert answer.json()["details"].startswith(f'Error in key path "{place}": ({issue}) ')
    assert await everything(service.gate.engine) == before


async def test_every_issue_is_told_at_once_in_the_order_of_the_claims(client: httpx.AsyncClient) -> None:
    bad = {"address": {"country": 1, "formatted": 2}, "locale": 3, "familyName": 4}
    answer = await client.patch(CLAIMS, json=bad)
    paths = [".".join(each["path"]) for each in answer.json()["data"]["issues"]]
    assert paths == ["familyName", "locale", "address.formatted", "address.country"]
    assert len(answer.json()["details"].split("\n")) == 4


@pytest.mark.parametrize("claim", ["nickname", "address"])
async def test_a_claim_has_a_limit(client: httpx.AsyncClient, claim: str) -> None:
    fits = {claim: {"formatted": "🐯" * LIMIT} if claim == "address" else "🐯" * LIMIT}
    longer = {claim: {"formatted": "x" * (LIMIT + 1)} if claim == "address" else "x" * (LIMIT + 1)}
    assert await set_to(client, fits) == fits
    assert refusal(await client.patch(CLAIMS, json=longer)) == (422, "entity.value_too_long")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"null", "guard.invalid_json"),
        (b'"x"', "guard.invalid_json"),
        (b"{", "guard.invalid_json"),
        (b"[]", "guard.invalid_input"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(client: httpx.AsyncClient, body: bytes, code: str) -> None:
    assert refusal(await client.patch(CLAIMS, content=body)) == (400, code)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_patch_is_there(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, CLAIMS)).status_code == 405


@pytest.mark.parametrize("address", [ADDRESS, {}, None])
@BOTH
async def test_an_address_takes_its_own_permission(scoped: Service, address: Any) -> None:
    before = await set_to(scoped.client(scope=EVERY_SCOPE), WHOLE)
    answer = await scoped.client(scope="openid profile").patch(CLAIMS, json={"nickname": "Zo", "address": address})
    assert refusal(answer) == (403, "auth.forbidden")
    assert 'scope="address"' in answer.headers["www-authenticate"]
    assert await set_to(scoped.client(scope=EVERY_SCOPE), {}) == before


async def test_the_address_is_not_shown_without_its_permission(scoped: Service) -> None:
    await set_to(scoped.client(scope=EVERY_SCOPE), WHOLE)
    usual = scoped.client(scope="openid profile")
    rest = {name: value for name, value in WHOLE.items() if name != "address"}
    assert await set_to(usual, {}) == rest
    assert (await usual.get(HERE)).json()["profile"] == rest


async def test_a_change_without_the_permission_keeps_the_address(scoped: Service) -> None:
    await set_to(scoped.client(scope=EVERY_SCOPE), WHOLE)
    await set_to(scoped.client(scope="openid profile"), {"nickname": "Zo"})
    assert await set_to(scoped.client(scope=EVERY_SCOPE), {}) == WHOLE | {"nickname": "Zo"}
