"""The user's own documents over HTTP: stored, shown, merged and deleted, under conditions too."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from tests.faces.apps import CREATE, HERE, JSON, OTHERS, OWN, data_of, operator, patch, put, refusal, register, stored
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Service

from profilegate.settings import AppsSettings

SEED = {"app_id": 0, "profile_data": {"additionalProp1": {}}}
HARD = '{"n":[1.10,1e400,-0,' + "9" * 50 + '],"é":"\\u00e9\\ud83d\\ude00","":null,"a":{"b":[]}}'


@pytest.fixture
async def service(serve: Serve) -> Service:
    """With the applications 0 and 1."""
    service = await serve()
    await register(service, 0, 1)
    return service


async def create(client: httpx.AsyncClient, data: str, app_id: int = 0) -> httpx.Response:
    return await client.post(CREATE, content=f'{{"app_id":{app_id},"profile_data":{data}}}', headers=JSON)


@BOTH
async def test_the_documented_body_comes_back(client: httpx.AsyncClient) -> None:
    made = await client.post(CREATE, json=SEED)
    shown = {
        "app_id": 0, "user_id": "alice", "profile_data": {"additionalProp1": {}},
        "created_at": "2026-01-28T10:00:00Z", "updated_at": "2026-01-28T10:00:00Z",
    }  # fmt: skip
    assert (made.status_code, made.json()) == (201, shown)
    found = await client.get(HERE)
    assert (found.status_code, found.json()) == (200, {"profiles": [shown]})
    assert found.headers["etag"] == made.headers["etag"]
    assert found.headers["cache-control"] == "private, no-cache"


@BOTH
async def test_there_is_an_empty_list_where_there_is_no_document(client: httpx.AsyncClient, service: Service) -> None:
    for app_id in (0, 1, 99):
        answer = await client.get(OWN.format(app_id))
        assert (answer.status_code, answer.json()) == (200, {"profiles": []})
        assert "etag" not in answer.headers


@BOTH
async def test_a_second_document_is_a_conflict(client: httpx.AsyncClient, service: Service) -> None:
    await client.post(CREATE, json=SEED)
    before = await stored(service)
    answer = await create(client, "2")
    assert refusal(answer) == (409, "document_exists", None)
    assert await stored(service) == before
    assert (await create(client, "2", 1)).status_code == 201


@BOTH
@pytest.mark.parametrize("text", [HARD, "null", "false", '""', "[]", "1e400", "-0", "1.10", '"\u2028\x7f"', "{}"])
async def test_every_value_comes_back_digit_for_digit(client: httpx.AsyncClient, service: Service, text: str) -> None:
    created = await create(client, text)
    replaced = await put(client, text)
    found = await client.get(HERE)
    others = await operator(service).get(OTHERS.format("alice", 0))
    merged = await patch(client, text if not text.startswith("{") else "{}")
    assert [each.status_code for each in (created, replaced, found, others, merged)] == [201, 200, 200, 200, 200]
    assert data_of(created) == data_of(replaced) == data_of(found) == data_of(others) == text
    if text != HARD:  # whose escapes a merge may write in another way
        assert data_of(merged) == text


async def test_white_space_is_not_kept(client: httpx.AsyncClient) -> None:
    await put(client, ' { "a" : [ 1 , 2.50 ] , " b " : " " } ')
    assert data_of(await client.get(HERE)) == '{"a":[1,2.50]," b ":" "}'


@BOTH
async def test_put_stores_and_replaces(client: httpx.AsyncClient) -> None:
    first, second = await put(client, '{"a":1}'), await put(client, '{"b":2}')
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["profile_data"] == {"b": 2}
    assert first.headers["etag"] != second.headers["etag"]


async def test_put_moves_the_time_of_the_change_and_not_of_the_creation(
    client: httpx.AsyncClient, service: Service
) -> None:
    await put(client, "1")
    service.clock.set("2026-01-28T11:00:00Z")
    answer = (await put(client, "2")).json()
    assert (answer["created_at"], answer["updated_at"]) == ("2026-01-28T10:00:00Z", "2026-01-28T11:00:00Z")


@BOTH
async def test_patch_merges(client: httpx.AsyncClient) -> None:
    await put(client, '{"a":{"b":1.10,"c":2},"d":[1]}')
    answer = await patch(client, '{"a":{"c":null,"e":{"f":null}},"d":[2]}')
    assert answer.status_code == 200
    assert data_of(answer) == '{"a":{"b":1.10,"e":{}},"d":[2]}'
    assert answer.headers["etag"] == (await client.get(HERE)).headers["etag"]


async def test_patch_takes_plain_json_too(client: httpx.AsyncClient) -> None:
    await put(client, "{}")
    assert (await client.patch(HERE, json={"a": 1})).json()["profile_data"] == {"a": 1}


@BOTH
async def test_there_is_nothing_to_patch_or_delete_where_there_is_no_document(
    client: httpx.AsyncClient, service: Service
) -> None:
    for app_id in (0, 99):
        for answer in (await patch(client, "{}", app_id), await client.delete(OWN.format(app_id))):
            assert refusal(answer) == (404, "document_not_found", None)


@BOTH
async def test_delete_deletes(client: httpx.AsyncClient) -> None:
    await put(client, "1")
    answer = await client.delete(HERE)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(HERE)).json() == {"profiles": []}
    assert (await client.delete(HERE)).status_code == 404
    assert (await create(client, "2")).status_code == 201


async def test_an_application_that_is_not_there_is_named(client: httpx.AsyncClient, service: Service) -> None:
    before = await stored(service)
    assert refusal(await create(client, "1", 99)) == (404, "app_not_found", None)
    assert refusal(await put(client, "1", 99)) == (404, "app_not_found", None)
    assert await stored(service) == before


@BOTH
@pytest.mark.parametrize("app_id", [2**31, 2**63, 10**30, -1])
async def test_an_id_that_no_application_can_have_is_not_there(
    client: httpx.AsyncClient, service: Service, app_id: int
) -> None:
    read = await client.get(OWN.format(app_id))
    assert (read.status_code, read.json()) in [(200, {"profiles": []}), (404, read.json())]
    assert (await put(client, "1", app_id)).status_code == 404
    assert (await patch(client, "1", app_id)).status_code == 404
    assert (await client.delete(OWN.format(app_id))).status_code == 404
    assert (await operator(service).get(OTHERS.format("alice", app_id))).status_code == 404
    assert (await create(client, "1", app_id)).status_code == 422


@pytest.mark.parametrize("app_id", ["abc", "1.0", "1e0", "", "0x1", "%30%00"])
async def test_what_is_no_id_is_not_found(client: httpx.AsyncClient, app_id: str) -> None:
    answer = await client.get(f"/user/profiles/{app_id}")
    assert answer.status_code in (404, 405)


@BOTH
async def test_the_first_document_makes_the_record_from_the_token(service: Service) -> None:
    for method in ("create", "put"):
        client = service.client(f"new-{method}", name="Ann Marker", email="ann@marker.test", email_verified=True)
        answer = await (create(client, "1") if method == "create" else put(client, "1"))
        assert answer.status_code == 201
        profile = (await client.get("/api/profile")).json()
        assert (profile["name"], profile["primaryEmail"]) == ("Ann Marker", "ann@marker.test")


@BOTH
async def test_a_refused_document_makes_no_record(service: Service, client: httpx.AsyncClient) -> None:
    before = await stored(service)
    assert (await create(client, '"\\u0000"')).status_code == 422
    assert (await put(client, '"\\u0000"')).status_code == 422
    assert (await client.get(HERE)).status_code == 200
    assert await stored(service) == before


REFUSED = [
    ('{"a":1,"a":2}', 422, "profile_data", "twice"),
    ('"\\u0000"', 422, "profile_data", "must not contain NUL"),
    ('{"\\u0000":1}', 422, "profile_data", "must not contain NUL"),
    ('"\\ud800"', 422, "profile_data", "must not contain lone surrogates"),
    ("[" * 33 + "]" * 33, 422, "profile_data", "must be nested at most 32 levels deep"),
    ("[" * 2_000 + "]" * 2_000, 422, "profile_data", "nested"),
    ("[" * 20_000 + "]" * 20_000, 422, "profile_data", "nested"),
    ('"' + "x" * 65_535 + '"', 422, "profile_data", "must be at most 65536 bytes of JSON"),
    ("{" + ",".join(f'"{n}":0' for n in range(4_097)) + "}", 422, "profile_data", "must have at most 4096 members"),
]
MALFORMED = [
    "",
    " ",
    "{",
    "[1 2]",
    "1 2",
    "tr ue",
    '{"a":1 0}',
    "NaN",
    "[Infinity]",
    "01",
    "1.",
    "'a'",
    '"a',
    "\ufeff1",
]


@pytest.mark.parametrize(("text", "status", "field", "rule"), REFUSED, ids=lambda value: str(value)[:24])
async def test_a_document_that_breaks_a_rule_is_refused_with_field_and_rule(
    client: httpx.AsyncClient, service: Service, text: str, status: int, field: str, rule: str
) -> None:
    await put(client, "{}", 1)
    before = await stored(service)
    for answer in (await create(client, text), await put(client, text), await put(client, text, 1)):
        assert refusal(answer) == (status, "invalid_field", field)
        assert rule in answer.json()["details"]["rule"]
    answer = await patch(client, text, 1)
    assert (answer.status_code, answer.json()["code"]) == (status, "invalid_field")
    assert rule in answer.json()["details"]["rule"]
    assert await stored(service) == before


@pytest.mark.parametrize("text", MALFORMED)
async def test_what_is_no_json_is_malformed_and_nothing_is_written(
    client: httpx.AsyncClient, service: Service, text: str
) -> None:
    await put(client, "{}", 1)
    before = await stored(service)
    for answer in (await create(client, text), await put(client, text), await patch(client, text, 1)):
        assert refusal(answer) == (400, "malformed_body", None)
    assert await stored(service) == before


async def test_what_is_no_utf8_is_malformed(client: httpx.AsyncClient) -> None:
    for answer in (await put(client, b'"\xff"'), await patch(client, b'"\xed\xa0\x80"')):
        assert refusal(answer) == (400, "malformed_body", None)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "app_id"),
        ({"app_id": 0}, "profile_data"),
        ({"profile_data": 1}, "app_id"),
        ({"app_id": "0", "profile_data": 1}, "app_id"),
        ({"app_id": 0.0, "profile_data": 1}, "app_id"),
        ({"app_id": None, "profile_data": 1}, "app_id"),
        ({"app_id": 0, "profile_data": 1, "user_id": "bob"}, "body"),
        ([], "body"),
    ],
)
async def test_what_is_created_is_as_documented(client: httpx.AsyncClient, sent: Any, field: str) -> None:
    assert refusal(await client.post(CREATE, json=sent)) == (422, "invalid_field", field)


async def test_a_member_of_what_is_created_is_there_once(client: httpx.AsyncClient) -> None:
    answer = await client.post(CREATE, content='{"app_id":0,"profile_data":1,"profile_data":2}')
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "application/json-patch+json"]
)
async def test_other_content_types_are_refused(client: httpx.AsyncClient, kind: str) -> None:
    headers = {"content-type": kind}
    for answer in (
        await client.post(CREATE, content=json.dumps(SEED), headers=headers),
        await client.put(HERE, content="{}", headers=headers),
        await client.patch(HERE, content="{}", headers=headers),
    ):
        assert refusal(answer) == (415, "unsupported_media_type", None)


async def test_a_merge_patch_is_no_document(client: httpx.AsyncClient) -> None:
    assert (await put(client, "{}", content_type="application/merge-patch+json")).status_code == 415


async def test_a_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    assert (await put(client, "{}", content_encoding="gzip")).status_code == 415


async def test_a_body_far_over_the_limit_is_not_even_read(client: httpx.AsyncClient, service: Service) -> None:
    before = await stored(service)
    for answer in (await put(client, " " * 600_000 + "1"), await create(client, " " * 600_000 + "1")):
        assert refusal(answer) == (413, "too_large", None)
    assert await stored(service) == before


async def test_the_limits_are_those_of_the_settings(serve: Serve) -> None:
    service = await serve(apps=AppsSettings(max_document=30, max_depth=2, max_keys=2))
    await register(service)
    client = service.client()
    assert (await put(client, '{"a":{"b":"0123456789"}}')).status_code == 201
    for text in ('"' + "x" * 29 + '"', "[[[]]]", '{"a":1,"b":2,"c":3}'):
        assert refusal(await put(client, text)) == (422, "invalid_field", "profile_data")
    assert (await patch(client, '{"c":2,"d":4}')).status_code == 422  # what comes out of it has a member too many


@BOTH
@pytest.mark.parametrize("given", ["{}", "*", "W/{}", '"x", {}'])
async def test_what_the_caller_has_is_not_sent_again(client: httpx.AsyncClient, service: Service, given: str) -> None:
    tag = (await put(client, "1")).headers["etag"]
    for method in ("GET", "HEAD"):
        answer = await client.request(method, HERE, headers={"if-none-match": given.format(tag)})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    other = await operator(service).get(OTHERS.format("alice", 0), headers={"if-none-match": given.format(tag)})
    assert other.status_code == 304


async def test_head_is_get_without_the_body(client: httpx.AsyncClient, service: Service) -> None:
    await put(client, "1")
    for caller, path in ((client, HERE), (operator(service), OTHERS.format("alice", 0))):
        got, head = await caller.get(path), await caller.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])


@BOTH
async def test_a_condition_that_holds_lets_the_change_happen(client: httpx.AsyncClient) -> None:
    tag = (await put(client, '{"a":1}')).headers["etag"]
    tag = (await put(client, '{"a":2}', if_match=f'"x", {tag}')).headers["etag"]
    answer = await patch(client, '{"b":3}', if_match=tag)
    assert answer.json()["profile_data"] == {"a": 2, "b": 3}
    assert (await put(client, "1", if_match="*")).status_code == 200
    tag = (await client.get(HERE)).headers["etag"]
    assert (await client.delete(HERE, headers={"if-match": tag})).status_code == 204


@BOTH
async def test_a_condition_that_does_not_hold_keeps_everything(client: httpx.AsyncClient, service: Service) -> None:
    old = (await put(client, '{"a":1}')).headers["etag"]
    new = (await put(client, '{"a":2}')).headers["etag"]
    before = await stored(service)
    for given in (old, f"W/{new}", '"x"', "x", ""):
        for answer in (
            await put(client, "1", if_match=given),
            await patch(client, "1", if_match=given),
            await client.delete(HERE, headers={"if-match": given}),
        ):
            assert refusal(answer) == (412, "precondition_failed", None), given
    assert await stored(service) == before


@BOTH
@pytest.mark.parametrize("given", ["*", '"1769594400000-apps-0-0"'])
async def test_no_condition_holds_where_there_is_no_document(
    client: httpx.AsyncClient, service: Service, given: str
) -> None:
    """RFC 9110, section 13.1.1: `*` is false when there is no current representation."""
    before = await stored(service)
    assert (await put(client, "1", if_match=given)).status_code == 412
    assert (await patch(client, "1", if_match=given)).status_code in (404, 412)
    assert (await client.delete(HERE, headers={"if-match": given})).status_code in (404, 412)
    assert await stored(service) == before


@BOTH
async def test_only_a_new_document_is_stored_when_the_caller_wants_it_so(client: httpx.AsyncClient) -> None:
    assert (await put(client, "1", if_none_match="*")).status_code == 201
    assert refusal(await put(client, "2", if_none_match="*")) == (412, "precondition_failed", None)
    assert data_of(await client.get(HERE)) == "1"


async def test_both_conditions_must_hold(client: httpx.AsyncClient) -> None:
    """RFC 9110, section 13.2.2: `If-Match` comes first."""
    assert (await put(client, "1", if_match='"1-x"', if_none_match="*")).status_code == 412


async def test_a_tag_is_of_one_document_only(client: httpx.AsyncClient) -> None:
    """RFC 9110, section 8.8.3: strong comparison is of the whole tag."""
    one, other = (await put(client, "1", 0)).headers["etag"], (await put(client, "2", 1)).headers["etag"]
    assert one != other
    assert (await put(client, "3", 0, if_match=other)).status_code == 412


@BOTH
async def test_of_two_devices_that_saw_one_version_the_second_is_told_and_nothing_is_lost(service: Service) -> None:
    one, other = service.client(), service.client()
    seen = {"if_match": (await put(one, "{}")).headers["etag"]}
    answers = await asyncio.gather(patch(one, '{"a":1}', **seen), patch(other, '{"b":2}', **seen))
    assert sorted(each.status_code for each in answers) == [200, 412]
    loser, text = (one, '{"a":1}') if answers[0].status_code == 412 else (other, '{"b":2}')
    again = await patch(loser, text, if_match=(await loser.get(HERE)).headers["etag"])
    assert again.json()["profile_data"] == {"a": 1, "b": 2}


@BOTH
async def test_of_ten_devices_that_saw_one_version_one_patches(client: httpx.AsyncClient) -> None:
    seen = {"if_match": (await put(client, "{}")).headers["etag"]}
    answers = await asyncio.gather(*(patch(client, f'{{"m{n}":{n}}}', **seen) for n in range(10)))
    assert sorted(each.status_code for each in answers) == [200] + [412] * 9


@BOTH
async def test_patches_without_condition_at_once_all_count(client: httpx.AsyncClient) -> None:
    await put(client, "{}")
    answers = await asyncio.gather(*(patch(client, f'{{"m{n}":{n}}}') for n in range(10)))
    assert [each.status_code for each in answers] == [200] * 10
    assert len((await client.get(HERE)).json()["profiles"][0]["profile_data"]) == 10


@BOTH
async def test_of_fifty_creations_at_once_one_succeeds(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(create(client, f"{n}") for n in range(50)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 49


async def test_a_document_deleted_and_made_again_has_another_tag(client: httpx.AsyncClient) -> None:
    """Within one tick of the clock: what an old tag permits must not be done to the new document."""
    old = (await put(client, "1")).headers["etag"]
    await client.delete(HERE)
    await put(client, "2")
    assert (await client.delete(HERE, headers={"if-match": old})).status_code == 412
