"""The OpenAPI document describes the faces as they are mounted."""

from typing import Any

import msgspec
import pytest
from tests.faces.running import PUBLIC_URL, Service
from tests.faces.test_health import PUBLIC

from profilegate.faces.logto import bodies
from profilegate.faces.phoenix import wire

METHODS = {"get", "head", "put", "post", "patch", "delete"}


@pytest.fixture
async def document(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = (await service.stranger().get("/schema/openapi.json")).json()
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """By method and path; a parameter's type is not part of the path."""
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def mounted(service: Service) -> set[tuple[str, str]]:
    """What the routers of the faces really serve."""
    return {
        (method.lower(), route.path_format)
        for router in [*service.gate.metadata_routers(), *service.gate.routers()]
        for route in router.routes
        for method in route.methods
        if method != "OPTIONS"
    }


async def test_every_route_of_the_faces_is_described(service: Service, document: dict[str, Any]) -> None:
    spelled_otherwise = {(method, "/operator/users/profile/{rest}") for method in ("get", "head")}
    for_no_client = {
        ("post", "/webhooks/{source}"),
        ("get", "/webhooks/{source}"),
        ("get", "/metrics"),
        ("head", "/metrics"),
    }
    assert mounted(service) - spelled_otherwise - for_no_client == operations(document).keys()


async def test_all_but_the_public_paths_ask_for_the_scheme(document: dict[str, Any]) -> None:
    asked = {path: each.get("security") for (_, path), each in operations(document).items()}
    assert asked.pop("/app/all") == [{"oidc": []}, {}]
    assert {path for path, security in asked.items() if security != [{"oidc": []}]} == set(PUBLIC)


async def test_the_scheme_is_a_bearer_token(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["oidc"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


async def test_operations_are_named_once(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("method", "path", "struct"),
    [
        ("put", "/v1/profiles/user/{user_id}", wire.PhoenixUpdate),
        ("post", "/v1/profiles/batch", wire.PhoenixBatch),
        ("patch", "/api/profile", bodies.ProfilePatch),
        ("patch", "/api/my-account/profile", bodies.ClaimsPatch),
    ],
)
async def test_what_is_sent_is_described(
    document: dict[str, Any], method: str, path: str, struct: type[msgspec.Struct]
) -> None:
    body = operations(document)[method, path]["requestBody"]["content"]["application/json"]
    assert [*body["schema"]["properties"]] == [*struct.__struct_fields__]


@pytest.mark.parametrize("status", ["200", "401", "403", "404", "422", "503"])
async def test_what_may_be_answered_is_described(document: dict[str, Any], status: str) -> None:
    assert status in operations(document)["get", "/v1/profiles/user/{user_id}"]["responses"]


async def test_errors_have_the_faces_own_shape(document: dict[str, Any]) -> None:
    answer = operations(document)["get", "/v1/profiles/user/{user_id}"]["responses"]["401"]
    assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/PhoenixError"}


async def test_the_profile_is_described_member_by_member(document: dict[str, Any]) -> None:
    described = document["components"]["schemas"]["PhoenixProfile"]
    assert list(described["properties"]) == list(wire.PhoenixProfile.__struct_fields__)


async def test_the_document_needs_no_token_and_loads_nothing(service: Service) -> None:
    answer = await service.stranger().get("/schema/openapi.yaml")
    assert answer.status_code == 200
    assert "<script" not in answer.text


async def test_the_document_names_no_server_but_its_own(document: dict[str, Any]) -> None:
    assert {each["url"] for each in document["servers"]} <= {"/", PUBLIC_URL}
