"""Whatever is sent, the fault is never ours, and nothing passes that is not exactly what is documented."""

import json
from typing import Any, NoReturn

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faces.running import Service, address
from tests.minting import compact
from tests.properties.strategies import BATCHES, JSON, NAMES, TAGS, TYPES, UPDATES, bodies, headers, mutated

from profilegate.errors import InvalidField
from profilegate.identifiers import USER_ID_LIMIT, is_identifier
from profilegate.profiles import names

HERE = address("alice")
any_bytes = settings(settings.get_profile("service"))


@any_bytes
@given(credentials=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda noise: b"Bearer " + noise)))
async def test_noise_is_no_credential(service: Service, credentials: bytes) -> None:
    answer = await service.stranger().get(HERE, headers={b"authorization": credentials})
    assert answer.status_code in (400, 401)


@any_bytes
@given(data=st.data())
async def test_a_token_with_a_fault_in_what_was_signed_is_refused(service: Service, data: st.DataObject) -> None:
    signed, dot, signature = service.token().encode().rpartition(b".")
    broken = data.draw(mutated(st.just(signed)).filter(lambda each: each != signed))
    token = broken + dot + signature
    answer = await service.stranger().get(HERE, headers={b"authorization": b"Bearer " + token})
    assert answer.status_code in (400, 401)


CLAIMS = (
    "iss",
    "aud",
    "sub",
    "exp",
    "nbf",
    "iat",
    "tenant",
    "client_id",
    "scope",
    "scp",
    "typ",
    "name",
    "operator",
    "cnf",
)


@any_bytes
@given(claims=st.dictionaries(st.sampled_from(CLAIMS), JSON, max_size=3))
async def test_whatever_the_provider_signs_is_no_fault_of_ours(service: Service, claims: dict[str, Any]) -> None:
    now = int(service.clock())
    usual = {"iss": service.provider.issuer, "aud": "https://profiles.example", "sub": "alice", "tenant": "your_tenant"}
    payload = json.dumps({**usual, "iat": now, "exp": now + 60, **claims}).encode()
    header = json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": "key-1"}).encode()
    token = compact(header, payload, service.provider.keys[0], "ES256")
    for answer in (await request(service, "GET", token), await request(service, "PUT", token)):
        assert answer.status_code in (200, 401, 403, 429)


async def request(service: Service, method: str, token: bytes) -> httpx.Response:
    return await service.stranger().request(method, HERE, json={}, headers={b"authorization": b"Bearer " + token})


@any_bytes
@given(header=JSON, payload=JSON)
async def test_whatever_a_token_is_made_of_is_no_fault_of_ours(service: Service, header: Any, payload: Any) -> None:
    parts = json.dumps(header).encode(), json.dumps(payload).encode()
    token = compact(*parts, service.provider.keys[0], "ES256")
    assert (await request(service, "GET", token)).status_code == 401


def strictly(body: bytes) -> Any:
    """The JSON value of the bytes by another decoder than the service's. Raises ValueError where there is none."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    value = json.loads(body.decode("utf-8"), parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no character
    return value


def is_update(body: bytes) -> bool:
    """Whether this is a body of PUT as documented."""
    try:
        update = strictly(body)
        name = update.get("name")
        return type(update.get("regenerate_avatar", False)) is bool and (name is None or bool(names.checked(name)))
    except (ValueError, AttributeError, TypeError, RecursionError, InvalidField):
        return False


def is_batch(body: bytes) -> bool:
    """Whether this is a body of the batch as documented."""
    try:
        user_ids = strictly(body)["user_ids"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    fitting = isinstance(user_ids, list) and 1 <= len(user_ids) <= 200
    return fitting and all(isinstance(each, str) and is_identifier(each, USER_ID_LIMIT) for each in user_ids)


@any_bytes
@given(body=bodies(UPDATES))
async def test_put_takes_only_what_is_documented(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.put(HERE, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or is_update(body)


@any_bytes
@given(update=UPDATES)
async def test_put_takes_all_that_is_documented(client: httpx.AsyncClient, update: dict[str, Any]) -> None:
    body = json.dumps(update, allow_nan=True).encode()
    answer = await client.put(HERE, content=body)
    assert answer.status_code == 200 or not is_update(body)


@any_bytes
@given(body=bodies(BATCHES))
async def test_the_batch_takes_only_what_is_documented(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/profiles/batch", content=body)
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or is_batch(body)


@any_bytes
@given(body=st.one_of(st.binary(max_size=200), bodies(UPDATES)))
async def test_a_refused_body_changes_nothing(client: httpx.AsyncClient, body: bytes) -> None:
    before = await client.get(HERE)
    answer = await client.put(HERE, content=body)
    after = await client.get(HERE)
    assert answer.status_code == 200 or after.content == before.content


@any_bytes
@given(
    user_id=st.one_of(NAMES, st.text("ab/%2F.?#;\\ \0é", min_size=1, max_size=12), st.text(min_size=250, max_size=260))
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_id_names_itself_or_nobody(service: Service, method: str, user_id: str) -> None:
    operator = service.client("olive", operator=True)
    written = address(user_id.encode("utf-8", "surrogatepass"))
    answer = await operator.request(method, written, json={"name": "Somebody"})
    assert answer.status_code in (200, 404, 405, 422, 429)
    if answer.status_code == 200:
        assert is_identifier(user_id, USER_ID_LIMIT)
        assert answer.json()["user_id"] == user_id


PIECES = st.sampled_from(
    ["alice", "%2F", "%25", "%", "%zz", "%00", "%ff", "%c3", "%E2%80%AE", "/", "//", ".", "..", ";", " "]
)


@any_bytes
@given(path=st.lists(PIECES, max_size=6).map("".join))
async def test_any_path_is_answered(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/v1/profiles/user/{path}")).status_code < 500


@any_bytes
@given(value=headers(TAGS))
@pytest.mark.parametrize("name", [b"if-match", b"if-none-match"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_any_condition_is_answered(client: httpx.AsyncClient, method: str, name: bytes, value: bytes) -> None:
    answer = await client.request(method, HERE, json={"name": "Somebody"}, headers={name: value})
    assert answer.status_code in (200, 304, 412)


@any_bytes
@given(value=headers(TYPES))
@pytest.mark.parametrize("name", [b"content-type", b"content-encoding"])
async def test_any_type_is_answered(client: httpx.AsyncClient, name: bytes, value: bytes) -> None:
    answer = await client.put(HERE, content=b"{}", headers={name: value})
    assert answer.status_code in (200, 415)


@any_bytes
@given(
    name=st.sampled_from(["accept", "origin", "cookie", "host", "content-length", "x-forwarded-for", "range", "vary"]),
    value=st.binary(max_size=40),
)
async def test_any_other_header_is_answered(client: httpx.AsyncClient, name: str, value: bytes) -> None:
    answer = await client.put(HERE, content=b"{}", headers={name.encode(): value})
    assert answer.status_code < 500
