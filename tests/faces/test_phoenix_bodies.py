"""What the Phoenix face takes as a body, and how it refuses everything else."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.faces.fixtures import Serve
from tests.faces.running import PUBLIC_URL, Service, address
from tests.store.databases import everything

from profilegate.settings import ServerSettings

JSON = {"content-type": "application/json"}
BODY = b'{"name": "John Doe"}'

TYPES = [
    (b'{"name": 1}', "name"),
    (b'{"name": true}', "name"),
    (b'{"name": ["x"]}', "name"),
    (b'{"name": {"x": 1}}', "name"),
    (b'{"regenerate_avatar": "true"}', "regenerate_avatar"),
    (b'{"regenerate_avatar": 1}', "regenerate_avatar"),
    (b'{"regenerate_avatar": 0}', "regenerate_avatar"),
    (b'{"regenerate_avatar": null}', "regenerate_avatar"),
    (b'{"name": "John Doe", "regenerate_avatar": "no"}', "regenerate_avatar"),
    (b'{"name": 1, "name": "John Doe"}', "name"),
    (b"[]", "body"),
    (b'"name"', "body"),
    (b"null", "body"),
    (b"1", "body"),
]


@pytest.mark.parametrize(("body", "field"), TYPES)
async def test_types_are_taken_strictly_and_the_field_is_named(
    client: httpx.AsyncClient, service: Service, body: bytes, field: str
) -> None:
    answer = await client.put(address("alice"), content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_001")
    assert answer.json()["error"].startswith(f"{field} ")
    assert await everything(service.gate.engine) == ([], [])


NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"name=John",
    b"{'name': 'John'}",
    b'{"name": "John"',
    b'{"name": "John"} x',
    b'{"name": "John",}',
    b'{"name": NaN}',
    b'{"name": "\\ud800"}',
    b'{"name": "a\nb"}',
    b'{"name": "\xff"}',
    b'{"other": "\xff"}',
    b'{"name": "\xed\xa0\x80"}',
    b"\xef\xbb\xbf" + BODY,
    '{"name": "John"}'.encode("utf-16"),
    b'{"other": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
]


@pytest.mark.parametrize("body", NOT_JSON)
async def test_what_is_not_json_is_a_bad_request(client: httpx.AsyncClient, service: Service, body: bytes) -> None:
    answer = await client.put(address("alice"), content=body, headers=JSON)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "The request body is not valid JSON.", "code": "BAD_REQUEST"},
    )
    assert await everything(service.gate.engine) == ([], [])


@pytest.mark.parametrize("body", [b'{"name": 5', b'{"name": 5} x', b"[" * 60_000])
async def test_what_is_not_json_is_not_called_invalid_for_its_values(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.put(address("alice"), content=body, headers=JSON)).status_code == 400


async def test_the_last_of_two_equal_keys_counts(client: httpx.AsyncClient) -> None:
    answer = await client.put(address("alice"), content=b'{"name": "One", "name": "Two"}', headers=JSON)
    assert answer.json()["name"] == "Two"


async def test_unknown_keys_are_ignored(client: httpx.AsyncClient) -> None:
    body = b'{"tenant_id": "x", "user_id": 5, "created_at": null, "name": "John Doe", "": {"deep": [1]}}'
    answer = await client.put(address("alice"), content=body, headers=JSON)
    assert (answer.json()["name"], answer.json()["user_id"]) == ("John Doe", "alice")


TAKEN = [
    None,
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "Application/JSON",
    "application/json ; charset=utf-8",
]


@pytest.mark.parametrize("media_type", TAKEN)
async def test_json_and_no_type_at_all_are_taken(client: httpx.AsyncClient, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    assert (await client.put(address("alice"), content=BODY, headers=headers)).status_code == 200


OTHER_TYPES = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/merge-patch+json",
    "application/vnd.api+json",
    "application/problem+json",
    "application/jsonp",
    "application/",
    "json",
    "*/*",
    "application/json, text/plain",
]


@pytest.mark.parametrize("media_type", OTHER_TYPES)
@pytest.mark.parametrize(("method", "path"), [("PUT", address("alice")), ("POST", "/v1/profiles/batch")])
async def test_every_other_type_is_unsupported(
    client: httpx.AsyncClient, media_type: str, method: str, path: str
) -> None:
    answer = await client.request(method, path, content=BODY, headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("encoding", "status"), [("identity", 200), ("Identity", 200), ("gzip", 415), ("br", 415), ("gzip, identity", 415)]
)
async def test_a_compressed_body_is_unsupported(client: httpx.AsyncClient, encoding: str, status: int) -> None:
    headers = JSON | {"content-encoding": encoding}
    assert (await client.put(address("alice"), content=BODY, headers=headers)).status_code == status


LIMIT = 1024


def sized(size: int) -> bytes:
    return BODY.ljust(size)


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Sent like this a body has no length; it is chunked."""
    for start in range(0, len(body), 100):
        yield body[start : start + 100]


@pytest.fixture
async def narrow(serve: Serve) -> httpx.AsyncClient:
    return (await serve(server=ServerSettings(public_url=PUBLIC_URL, max_body=LIMIT))).client("alice")


@pytest.mark.parametrize(("size", "status"), [(LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 413), (LIMIT * 100, 413)])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_refused(
    narrow: httpx.AsyncClient, size: int, status: int, chunked: bool
) -> None:
    content = pieces(sized(size)) if chunked else sized(size)
    answer = await narrow.put(address("alice"), content=content, headers=JSON)
    assert answer.status_code == status
    if status == 413:
        assert answer.json() == {"error": "The request body is too large.", "code": "TOO_LARGE"}


async def test_the_standard_limit_is_64_kib(client: httpx.AsyncClient) -> None:
    assert (await client.put(address("alice"), content=sized(65_536), headers=JSON)).status_code == 200
    assert (await client.put(address("alice"), content=sized(65_537), headers=JSON)).status_code == 413


async def test_a_body_of_get_is_not_looked_at(client: httpx.AsyncClient) -> None:
    answer = await client.request("GET", address("alice"), content=b"{", headers={"content-type": "text/plain"})
    assert answer.status_code == 200
