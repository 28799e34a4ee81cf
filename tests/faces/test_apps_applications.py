"""Applications over HTTP: who may see and register them, and what their schema does to documents."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.faces.apps import ALL, CREATE, REGISTER, operator, put, refusal, register
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OTHER_TENANT, TENANT, Service, issuer

from profilegate.settings import AppsSettings


@pytest.fixture
def root(service: Service) -> httpx.AsyncClient:
    return operator(service)


@BOTH
async def test_what_is_registered_is_listed(root: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    sent = {"app_id": 0, "app": "Diary", "description": "“What” happened", "domains": ["a.test", "b.test"]}
    answer = await root.post(REGISTER, json=sent)
    assert answer.status_code == 201
    assert answer.json() == {**sent, "schema": None, "violations": 0, "violating_users": []}
    listed = await client.get(ALL)
    assert (listed.status_code, listed.json()) == (200, [sent])


@BOTH
async def test_without_an_id_the_next_is_taken(root: httpx.AsyncClient) -> None:
    ids = [(await root.post(REGISTER, json={"app": f"App {n}"})).json()["app_id"] for n in range(3)]
    assert ids == [1, 2, 3]


async def test_a_name_is_enough(root: httpx.AsyncClient) -> None:
    answer = await root.post(REGISTER, json={"app": "Bare", "app_id": 5})
    assert answer.json() == {
        "app_id": 5, "app": "Bare", "description": "", "domains": [], "schema": None, "violations": 0,
        "violating_users": [],
    }  # fmt: skip


async def test_registered_again_it_is_changed(root: httpx.AsyncClient) -> None:
    for name in ("Old", "New"):
        assert (await root.post(REGISTER, json={"app": name, "app_id": 0})).status_code == 201
    assert [each["app"] for each in (await root.get(ALL)).json()] == ["New"]


@BOTH
async def test_those_who_register_at_once_get_ids_of_their_own(root: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(root.post(REGISTER, json={"app": f"App {n}"}) for n in range(5)))
    assert sorted(each.json()["app_id"] for each in answers) == [1, 2, 3, 4, 5]


REFUSED: list[tuple[Any, int, str | None]] = [
    ({}, 422, "body"),
    ({"app": ""}, 422, "name"),
    ({"app": "  "}, 422, "name"),
    ({"app": 1}, 422, "app"),
    ({"app": None}, 422, "app"),
    ({"app": "x" * 129}, 422, "name"),
    ({"app": "a\0"}, 422, "name"),
    ({"app": "A", "app_id": -1}, 422, "app_id"),
    ({"app": "A", "app_id": 2**31}, 422, "app_id"),
    ({"app": "A", "app_id": 2**63}, 422, "app_id"),
    ({"app": "A", "app_id": 10**30}, 422, "app_id"),
    ({"app": "A", "app_id": "0"}, 422, "app_id"),
    ({"app": "A", "app_id": 1.5}, 422, "app_id"),
    ({"app": "A", "app_id": None}, 422, "app_id"),
    ({"app": "A", "app_id": True}, 422, "app_id"),
    ({"app": "A", "description": "x" * 1025}, 422, "description"),
    ({"app": "A", "domains": "a.test"}, 422, "domains"),
    ({"app": "A", "domains": [1]}, 422, "domains[0]"),
    ({"app": "A", "domains": ["x" * 254]}, 422, "domains"),
    ({"app": "A", "domains": ["a"] * 51}, 422, "domains"),
    ({"app": "A", "schema": {"type": "nothing"}}, 422, "schema"),
    ({"app": "A", "schema": {"$ref": "https://elsewhere.test"}}, 422, "schema"),
    ({"app": "A", "schema": "x"}, 422, "schema"),
    ({"app": "A", "unknown": 1}, 422, "body"),
    ([], 422, "body"),
]


@pytest.mark.parametrize(("sent", "status", "field"), REFUSED, ids=lambda value: str(value)[:40])
async def test_what_cannot_be_registered_is_refused_by_name(
    root: httpx.AsyncClient, sent: Any, status: int, field: str | None
) -> None:
    assert refusal(await root.post(REGISTER, json=sent)) == (status, "invalid_field", field)
    assert (await root.get(ALL)).json() == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"app": "A"} x', b"NaN", b'{"app": "\\ud800"}'])
async def test_what_is_no_json_is_malformed(root: httpx.AsyncClient, content: bytes) -> None:
    assert refusal(await root.post(REGISTER, content=content)) == (400, "malformed_body", None)


async def test_a_schema_is_shown_as_it_was_sent(root: httpx.AsyncClient) -> None:
    schema = '{"type":"object","properties":{"n":{"maximum":1.10,"const":12345678901234567890123}}}'
    answer = await root.post(REGISTER, content=f'{{"app":"A","app_id":0,"schema":{schema}}}')
    assert answer.status_code == 201
    assert f'"schema":{schema}' in answer.text


async def test_a_schema_may_have_no_member_twice(root: httpx.AsyncClient) -> None:
    answer = await root.post(REGISTER, content='{"app":"A","schema":{"type":"object","type":"array"}}')
    assert refusal(answer) == (422, "invalid_field", "schema")


@BOTH
async def test_a_document_must_satisfy_the_schema(service: Service, client: httpx.AsyncClient) -> None:
    await register(service, 0, schema={"type": "object", "properties": {"n": {"type": "integer"}}})
    assert (await put(client, '{"n":1}')).status_code == 201
    for answer in (
        await put(client, '{"n":"secret"}'),
        await client.patch("/user/profiles/0", json={"n": "secret"}),
        await service.client("bob").post(CREATE, json={"app_id": 0, "profile_data": {"n": "secret"}}),
    ):
        assert refusal(answer) == (422, "invalid_field", "profile_data")
        assert "/n: breaks properties/n/type" in answer.json()["details"]["rule"]
        assert "secret" not in answer.text


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1e999999999", "1e99999999999999999999", "1" * 5_000, "1.0e-400"]
)
async def test_no_number_upsets_a_schema(service: Service, client: httpx.AsyncClient, number: str) -> None:
    await register(service, 0, schema={"type": "number", "multipleOf": 3})
    assert (await put(client, number)).status_code in (201, 422)


@BOTH
async def test_a_new_schema_counts_the_documents_that_break_it(service: Service, root: httpx.AsyncClient) -> None:
    await register(service)
    for user, data in {"ann": '"x"', "bob": "1", "zoe": "[]"}.items():
        await put(service.client(user), data)
    sent = {"app": "A", "app_id": 0, "schema": {"type": "number"}}
    answer = await root.post(REGISTER, json=sent)
    assert (answer.status_code, answer.json()["schema"]) == (201, {"type": "number"})
    assert (answer.json()["violations"], answer.json()["violating_users"]) == (2, ["ann", "zoe"])
    assert (await service.client("ann").get("/user/profiles/0")).json()["profiles"][0]["profile_data"] == "x"
    assert (await put(service.client("ann"), '"y"')).status_code == 422


@BOTH
async def test_each_tenant_has_applications_of_its_own(service: Service) -> None:
    await register(service, 0, app="Ours")
    await register(service, 0, 1, app="Theirs", tenant=OTHER_TENANT)
    ours = (await service.client().get(ALL)).json()
    theirs = (await service.client(tenant=OTHER_TENANT).get(ALL)).json()
    assert [each["app"] for each in ours] == ["Ours"]
    assert [(each["app_id"], each["app"]) for each in theirs] == [(0, "Theirs"), (1, "Theirs")]


async def test_of_several_tenants_a_stranger_sees_none(service: Service) -> None:
    answer = await service.stranger().get(ALL)
    assert refusal(answer) == (401, "unauthenticated", None)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_stranger_sees_the_applications_of_the_public_tenant(serve: Serve) -> None:
    service = await serve(apps=AppsSettings(public_tenant=OTHER_TENANT))
    await register(service, 3, app="Theirs", tenant=OTHER_TENANT)
    await register(service, 4)
    assert [each["app_id"] for each in (await service.stranger().get(ALL)).json()] == [3]
    assert [each["app_id"] for each in (await service.client().get(ALL)).json()] == [4]


async def test_a_stranger_sees_the_applications_of_the_only_tenant(serve: Serve) -> None:
    service = await serve(issuers=(issuer(tenant=TENANT, tenant_claim=None, tenants=()),))
    await register(service, 3)
    answer = await service.stranger().get(ALL)
    assert (answer.status_code, [each["app_id"] for each in answer.json()]) == (200, [3])


@pytest.mark.parametrize("token", ["Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer a.b.c", ""])
async def test_a_token_that_is_not_good_is_not_the_same_as_none(serve: Serve, token: str) -> None:
    service = await serve(apps=AppsSettings(public_tenant=TENANT))
    answer = await service.stranger({"authorization": token}).get(ALL)
    assert answer.status_code in (400, 401)


@pytest.mark.parametrize("claims", [{}, {"sub": "job", "client_id": "job"}, {"scope": "nothing"}], ids=str)
async def test_any_caller_with_a_token_sees_the_list(service: Service, claims: dict[str, Any]) -> None:
    await register(service)
    assert len((await service.client(**claims).get(ALL)).json()) == 1
