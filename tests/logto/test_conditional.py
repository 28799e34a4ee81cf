"""ETag, If-Match and If-None-Match on the Logto face."""

import httpx
import pytest
from tests.faces.fixtures import BOTH
from tests.faces.running import Clock, Service, address
from tests.logto.asking import CLAIMS, EVERY_SCOPE, HERE, NEWER, refusal
from tests.store.databases import everything

PATHS = [HERE, NEWER]
CHANGES = [(HERE, {"name": "Ann"}), (CLAIMS, {"nickname": "Al"})]


async def tag(client: httpx.AsyncClient, path: str = HERE) -> str:
    return (await client.get(path)).headers["etag"]


@BOTH
async def test_the_etag_is_strong_and_names_version_face_and_permissions(scoped: Service) -> None:
    assert await tag(scoped.client(scope="openid")) == '"1-logto-0"'
    assert await tag(scoped.client(scope=EVERY_SCOPE)) == '"1-logto-31"'


async def test_both_paths_have_one_etag(client: httpx.AsyncClient) -> None:
    assert await tag(client, HERE) == await tag(client, NEWER)


@pytest.mark.parametrize(("path", "body"), CHANGES)
@BOTH
async def test_every_real_change_moves_the_version_by_one(
    client: httpx.AsyncClient, path: str, body: dict[str, str]
) -> None:
    await client.get(HERE)
    for _ in range(2):
        answer = await client.patch(path, json=body)
        assert answer.headers["etag"] == await tag(client) == '"2-logto-31"'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", PATHS)
@BOTH
async def test_what_the_caller_has_is_not_sent_again(client: httpx.AsyncClient, path: str, method: str) -> None:
    known = await tag(client)
    answer = await client.request(method, path, headers={"if-none-match": known})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", known)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Authorization, Origin"


@pytest.mark.parametrize("given", ["*", 'W/"1-logto-31"', '"x", "1-logto-31"', '"x" , W/"1-logto-31"'])
async def test_any_of_several_known_tags_suffices(client: httpx.AsyncClient, given: str) -> None:
    assert (await client.get(HERE, headers={"if-none-match": given})).status_code == 304


@pytest.mark.parametrize("given", ['"2-logto-31"', '"1-phoenix-0"', '"1-logto-0"', "1-logto-31", '"1-logto"', '"', ""])
async def test_another_tag_is_answered_in_full(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get(HERE, headers={"if-none-match": given})
    assert (answer.status_code, answer.json()["id"]) == (200, "alice")


async def test_who_may_see_more_now_is_answered_in_full(scoped: Service) -> None:
    before = await tag(scoped.client(scope="openid profile"))
    answer = await scoped.client(scope="openid profile email").get(HERE, headers={"if-none-match": before})
    assert (answer.status_code, "primaryEmail" in answer.json()) == (200, True)


async def test_each_set_of_permissions_that_shapes_the_answer_has_its_own_etag(scoped: Service) -> None:
    shaping = ["email", "phone", "custom_data", "identities", "address"]
    sets = [[each for n, each in enumerate(shaping) if chosen >> n & 1] for chosen in range(32)]
    tags = {await tag(scoped.client(scope=" ".join(["openid", *each]))) for each in sets}
    assert len(tags) == 32


async def test_the_permission_to_write_shows_nothing_more(scoped: Service) -> None:
    assert await tag(scoped.client(scope="openid")) == await tag(scoped.client(scope="openid profile"))


async def test_a_change_is_seen_by_who_had_the_version_before(client: httpx.AsyncClient) -> None:
    known = await tag(client)
    await client.patch(HERE, json={"name": "Ann"})
    answer = await client.get(HERE, headers={"if-none-match": known})
    assert (answer.status_code, answer.json()["name"]) == (200, "Ann")


@pytest.mark.parametrize(("path", "body"), CHANGES)
@BOTH
async def test_a_change_of_the_version_that_was_seen_is_made(
    client: httpx.AsyncClient, path: str, body: dict[str, str]
) -> None:
    answer = await client.patch(path, json=body, headers={"if-match": await tag(client)})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2-logto-31"')


@pytest.mark.parametrize(
    "given",
    ['"2-logto-31"', '"0-logto-31"', '"x"', '""', 'W/"1-logto-31"', "1-logto-31", "", '"99999999999999999999-x"'],
)
@pytest.mark.parametrize(("path", "body"), [*CHANGES, (CLAIMS, {}), (NEWER, {"name": "Ann"})])
@BOTH
async def test_a_change_of_another_version_writes_nothing(
    client: httpx.AsyncClient, service: Service, clock: Clock, path: str, body: dict[str, str], given: str
) -> None:
    await client.get(HERE)
    before = await everything(service.gate.engine)
    clock.seconds += 1
    answer = await client.patch(path, json=body, headers={"if-match": given})
    assert refusal(answer) == (412, "entity.precondition_failed")
    assert await everything(service.gate.engine) == before


@pytest.mark.parametrize("given", ["*", '"1-phoenix-0"', '"1-logto-0"', '"7-x", "1-logto-31"'])
async def test_only_the_version_counts_for_a_change(client: httpx.AsyncClient, given: str) -> None:
    await client.get(HERE)
    assert (await client.patch(HERE, json={"name": "Ann"}, headers={"if-match": given})).status_code == 200


async def test_the_etag_of_the_phoenix_face_serves_here(client: httpx.AsyncClient) -> None:
    seen = (await client.get(address("alice"))).headers["etag"]
    assert (await client.patch(HERE, json={"name": "Ann"}, headers={"if-match": seen})).status_code == 200
    assert (await client.put(address("alice"), json={"name": "Zoe"}, headers={"if-match": seen})).status_code == 412


@BOTH
async def test_no_version_stands_where_nothing_is(client: httpx.AsyncClient, service: Service) -> None:
    answer = await client.patch(HERE, json={"name": "Ann"}, headers={"if-match": '"1-logto-31"'})
    assert answer.status_code == 412
    assert await everything(service.gate.engine) == ([], [])


async def test_a_bad_body_is_told_before_the_version(client: httpx.AsyncClient) -> None:
    await client.get(HERE)
    assert (await client.patch(HERE, json={"name": 5}, headers={"if-match": '"9-x"'})).status_code == 400


async def test_a_stale_version_is_told_before_a_taken_username(service: Service) -> None:
    await service.client("bob").patch(HERE, json={"username": "bob"})
    await service.client().get(HERE)
    answer = await service.client().patch(HERE, json={"username": "bob"}, headers={"if-match": '"9-x"'})
    assert answer.status_code == 412


async def test_a_change_answers_in_full_whatever_the_caller_has(client: httpx.AsyncClient) -> None:
    await client.patch(HERE, json={"name": "Ann"})
    answer = await client.patch(HERE, json={"name": "Ann"}, headers={"if-none-match": await tag(client)})
    assert (answer.status_code, answer.json()["name"]) == (200, "Ann")


@BOTH
async def test_the_etag_of_an_answer_is_good_for_the_next_change(client: httpx.AsyncClient) -> None:
    seen = await tag(client)
    for n in range(5):
        answer = await client.patch(HERE, json={"name": f"Ann {n}"}, headers={"if-match": seen})
        assert answer.status_code == 200
        seen = answer.headers["etag"]


@pytest.mark.parametrize("claims", [{"name": "Claimed", "nickname": "Al"}])
@BOTH
async def test_the_etag_is_the_stored_versions_when_claims_come_with_the_change(
    service: Service, claims: dict[str, str]
) -> None:
    await service.client().get(HERE)
    newcomer = service.client(**claims)
    answer = await newcomer.patch(HERE, json={"avatar": None}, headers={"if-match": '"1-x"'})
    assert answer.status_code == 200
    read = await newcomer.get(HERE)
    assert (read.headers["etag"], read.content) == (answer.headers["etag"], answer.content)
