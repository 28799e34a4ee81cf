"""Who may do what on the app-profiles face, what web pages may, and what the description says."""

from typing import Any

import httpx
import pytest
from tests.faces.apps import (
    ALL,
    BULK,
    CREATE,
    HERE,
    OTHERS,
    REGISTER,
    body,
    item,
    machine,
    operator,
    put,
    refusal,
    register,
    stored,
)
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, OTHER_TENANT, PUBLIC_URL, Service, issuer, key

from profilegate.settings import OperatorRule, ServerSettings

APP = "https://app.example.com"
DOCUMENT = OTHERS.format("alice", 0)

USERS = [("GET", HERE), ("HEAD", HERE), ("POST", CREATE), ("PUT", HERE), ("PATCH", HERE), ("DELETE", HERE)]
OPERATORS = [("POST", REGISTER), ("POST", BULK), ("GET", DOCUMENT), ("HEAD", DOCUMENT)]
BODIES: dict[str, Any] = {CREATE: {"app_id": 0, "profile_data": 1}, REGISTER: {"app": "A"}, BULK: body([item("zoe")])}
PERMITTED = {"GET": 200, "HEAD": 200, "POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


@pytest.fixture
async def service(serve: Serve) -> Service:
    service = await serve(server=ServerSettings(public_url=PUBLIC_URL, cors_origins=(APP,)))
    await register(service, 0)
    return service


async def call(client: httpx.AsyncClient, method: str, path: str, **headers: str) -> httpx.Response:
    sent = {} if method in ("GET", "HEAD", "DELETE") else {"json": BODIES.get(path, {})}
    return await client.request(method, path, headers=headers, **sent)


@BOTH
@pytest.mark.parametrize(("method", "path"), OPERATORS)
@pytest.mark.parametrize("kind", ["person", "machine"])
async def test_an_operator_may_be_a_person_or_a_machine(service: Service, method: str, path: str, kind: str) -> None:
    await put(service.client("alice"), "1")
    caller = operator(service) if kind == "person" else machine(service, operator=True)
    assert (await call(caller, method, path)).status_code == PERMITTED[method]


@pytest.mark.parametrize(("method", "path"), OPERATORS)
@pytest.mark.parametrize("kind", ["person", "machine", "operator of nothing"])
async def test_nobody_else_does_what_operators_do(service: Service, method: str, path: str, kind: str) -> None:
    await put(service.client("alice"), "1")
    before = await stored(service)
    callers = {
        "person": service.client("alice"),
        "machine": machine(service),
        "operator of nothing": service.client(operator=False),
    }
    answer = await call(callers[kind], method, path)
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    if method != "HEAD":
        assert refusal(answer) == (403, "forbidden", None)
    assert await stored(service) == before


@pytest.mark.parametrize(("method", "path"), USERS)
@pytest.mark.parametrize("claims", [{}, {"operator": True}], ids=["machine", "machine operator"])
async def test_a_machine_has_no_documents(service: Service, method: str, path: str, claims: dict[str, Any]) -> None:
    before = await stored(service)
    answer = await call(machine(service, **claims), method, path)
    assert answer.status_code == 403
    if method != "HEAD":
        assert refusal(answer) == (403, "forbidden", None)
    assert await stored(service) == before


@pytest.mark.parametrize(("method", "path"), [*USERS, *OPERATORS])
@pytest.mark.parametrize("token", [None, "Bearer nonsense"])
async def test_without_a_good_token_nothing_is_done(
    service: Service, method: str, path: str, token: str | None
) -> None:
    answer = await call(service.stranger({"authorization": token} if token else {}), method, path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    if method != "HEAD":
        assert refusal(answer) == (401, "invalid_token" if token else "unauthenticated", None)


async def test_a_token_does_what_its_scopes_permit(serve: Serve) -> None:
    scopes = {"r": ("read",), "w": ("write",)}
    service = await serve(issuers=(issuer(scopes=scopes, operator=OperatorRule(scope="o")),))
    root = service.client("root", scope="o")
    assert (await root.post(REGISTER, json={"app": "A", "app_id": 0})).status_code == 201
    reader, writer = service.client(scope="r"), service.client(scope="w")
    assert [(await call(reader, *each)).status_code for each in USERS] == [200, 200, 403, 403, 403, 403]
    assert [(await call(writer, *each)).status_code for each in USERS] == [403, 403, 201, 200, 200, 204]
    assert [(await call(root, *each)).status_code for each in USERS] == [403] * 6
    challenge = (await call(writer, "GET", HERE)).headers["www-authenticate"]
    assert 'scope="r"' in challenge
    assert 'scope="o"' in (await call(reader, "POST", REGISTER)).headers["www-authenticate"]


async def test_a_user_never_sees_another_users_document(service: Service) -> None:
    await put(service.client("alice"), '"hers"')
    assert (await service.client("bob").get(HERE)).json() == {"profiles": []}
    assert (await service.client("bob").delete(HERE)).status_code == 404
    assert (await service.client("alice", tenant=OTHER_TENANT).get(HERE)).json() == {"profiles": []}


@BOTH
async def test_an_operator_reads_a_document_or_finds_none(service: Service) -> None:
    await put(service.client("alice"), '{"n":1.10}')
    root = operator(service)
    shown = (await service.client("alice").get(HERE)).json()["profiles"][0]
    answer = await root.get(DOCUMENT)
    assert (answer.status_code, answer.json()) == (200, shown)
    assert '"profile_data":{"n":1.10}' in answer.text
    for path in (OTHERS.format("bob", 0), OTHERS.format("alice", 1), OTHERS.format("nobody", 99)):
        assert refusal(await root.get(path)) == (404, "document_not_found", None)


@pytest.mark.parametrize("user_id", ["auth0%7C1", "a%2Fb", "a%20b", "%2525", "..%2F", "a%3Fb%23"])
async def test_a_user_id_may_have_any_printable_character(service: Service, user_id: str) -> None:
    raw = httpx.URL(f"http://x/{user_id}").path[1:]
    await put(service.client(raw), '"mine"')
    answer = await operator(service).get(OTHERS.format(user_id, 0))
    assert (answer.status_code, answer.json().get("user_id")) == (200, raw)


@pytest.mark.parametrize("user_id", ["%C3%A9", "a%00b", "x" * 256, "%FF"])
async def test_what_can_be_no_user_is_refused(service: Service, user_id: str) -> None:
    assert (await operator(service).get(OTHERS.format(user_id, 0))).status_code in (404, 422)


@BOTH
async def test_an_operator_of_another_tenant_sees_and_changes_nothing(service: Service) -> None:
    await put(service.client("alice"), '"ours"')
    theirs = operator(service, tenant=OTHER_TENANT)
    missing = await theirs.get(OTHERS.format("nobody", 0))
    answer = await theirs.get(DOCUMENT)
    assert (answer.status_code, answer.content) == (missing.status_code, missing.content) == (404, missing.content)
    assert (await theirs.post(BULK, json=body([item("alice", "theirs")]))).status_code == 422  # no such application
    await register(service, 0, tenant=OTHER_TENANT)
    assert (await theirs.post(f"{BULK}?on_conflict=replace", json=body([item("alice", "theirs")]))).status_code == 201
    assert (await service.client("alice").get(HERE)).json()["profiles"][0]["profile_data"] == "ours"


@BOTH
async def test_an_erased_users_documents_are_gone(service: Service) -> None:
    await put(service.client("alice"), "1")
    await service.gate.repository.erase(key("alice"), OPERATOR, service.clock.milliseconds)
    assert (await operator(service).get(DOCUMENT)).status_code == 404
    assert (await service.client("alice").get(HERE)).status_code == 401
    assert (await stored(service))[0] == []


async def test_a_suspended_user_is_refused(service: Service) -> None:
    await put(service.client("alice"), "1")
    await service.gate.repository.suspend(key("alice"), OPERATOR, service.clock.milliseconds)
    assert refusal(await service.client("alice").get(HERE)) == (403, "suspended", None)
    assert (await operator(service).get(DOCUMENT)).status_code == 200


def cors(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize(("method", "path"), [*USERS, ("GET", ALL)])
async def test_a_page_may_call_what_is_the_users_own(service: Service, method: str, path: str) -> None:
    asked = {"origin": APP, "access-control-request-method": method}
    preflight = await service.stranger().options(path, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == APP
    assert method in preflight.headers["access-control-allow-methods"].split(", ")
    allowed = preflight.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "if-match", "if-none-match"} <= set(allowed)
    answer = await call(service.client("alice"), method, path, origin=APP)
    assert answer.headers["access-control-allow-origin"] == APP
    assert "etag" in answer.headers["access-control-expose-headers"].split(", ")
    refused = await call(service.stranger(), method, path, origin=APP)
    assert refused.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(("method", "path"), OPERATORS)
async def test_a_page_may_call_nothing_that_is_for_operators(service: Service, method: str, path: str) -> None:
    asked = {"origin": APP, "access-control-request-method": method}
    assert cors(await service.stranger().options(path, headers=asked)) == set()
    await put(service.client("alice"), "1")
    assert cors(await call(operator(service), method, path, origin=APP)) == set()
    assert cors(await call(service.client("alice"), method, path, origin=APP)) == set()


@pytest.mark.parametrize("path", [HERE, ALL])
async def test_a_page_of_another_origin_reads_nothing(service: Service, path: str) -> None:
    assert cors(await service.client("alice").get(path, headers={"origin": "https://evil.example"})) == set()


@pytest.fixture
async def paths(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = (await service.stranger().get("/schema/openapi.json")).json()["paths"]
    return found


DESCRIBED = {
    ("get", ALL): {"200", "401", "403", "503"},
    ("post", REGISTER): {"201", "400", "401", "403", "413", "415", "422"},
    ("post", BULK): {"201", "207", "400", "401", "403", "413", "415", "422"},
    ("get", "/operator/users/profile/{userid}/{appid}"): {"200", "304", "401", "403", "404", "422"},
    ("get", "/user/profiles/{appid}"): {"200", "304", "401", "403"},
    ("post", CREATE): {"201", "400", "401", "403", "409", "413", "415", "422"},
    ("put", "/user/profiles/{appid}"): {"200", "201", "400", "401", "403", "404", "412", "413", "415", "422"},
    ("patch", "/user/profiles/{appid}"): {"200", "400", "401", "403", "404", "412", "413", "415", "422"},
    ("delete", "/user/profiles/{appid}"): {"204", "401", "403", "404", "412"},
}


@pytest.mark.parametrize(("method", "path"), DESCRIBED)
async def test_every_status_is_described(paths: dict[str, Any], method: str, path: str) -> None:
    assert DESCRIBED[method, path] - paths[path][method]["responses"].keys() == set()


async def test_the_query_of_a_bulk_is_described(paths: dict[str, Any]) -> None:
    described = {each["name"]: each for each in paths[BULK]["post"]["parameters"]}
    assert set(described) == {"mode", "on_conflict"}
    assert {name: each["schema"].get("enum") for name, each in described.items()} == {
        "mode": ["all", "partial"],
        "on_conflict": ["error", "skip", "replace"],
    }
    assert [each.get("required", False) for each in described.values()] == [False, False]


async def test_bodies_are_described(paths: dict[str, Any]) -> None:
    bulk = paths[BULK]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(bulk["properties"]["profiles"]["items"]["properties"]) == {"app_id", "profile_data", "user_id"}
    patch = paths["/user/profiles/{appid}"]["patch"]["requestBody"]["content"]
    assert set(patch) == {"application/json", "application/merge-patch+json"}


async def test_the_list_of_applications_is_described_as_open_to_strangers(paths: dict[str, Any]) -> None:
    """OpenAPI 3.1: an empty requirement makes security optional."""
    assert {} in paths[ALL]["get"]["security"]
