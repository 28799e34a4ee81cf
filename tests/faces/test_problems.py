"""Requests that no face owns are answered with problem details (RFC 9457)."""

import httpx
import pytest
from tests.faces.running import Service

UNOWNED = [
    ("GET", "/", 404),
    ("GET", "/nothing", 404),
    ("GET", "/v1", 404),
    ("GET", "/v1/profiles", 404),
    ("GET", "/v1/profiles/user", 404),
    ("GET", "/v2/profiles/user/alice", 404),
    ("GET", "/%00", 404),
    ("GET", "/%ff", 404),
    ("POST", "/health", 405),
    ("DELETE", "/v1/profiles/user/alice", 405),
    ("POST", "/v1/profiles/user/alice", 405),
    ("PATCH", "/v1/profiles/user/alice", 405),
    ("GET", "/v1/profiles/batch", 405),
    ("PROPFIND", "/v1/profiles/batch", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), UNOWNED)
async def test_the_problem_has_the_standards_shape(service: Service, method: str, path: str, status: int) -> None:
    answer = await service.stranger().request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert list(answer.json()) == ["type", "title", "status", "detail"]
    assert (answer.json()["type"], answer.json()["status"]) == ("about:blank", status)
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/health", {"GET", "HEAD", "OPTIONS"}),
        ("/v1/profiles/user/alice", {"GET", "HEAD", "OPTIONS", "PUT"}),
        ("/v1/profiles/batch", {"OPTIONS", "POST"}),
    ],
)
async def test_a_405_says_what_is_allowed(service: Service, path: str, allowed: set[str]) -> None:
    answer = await service.stranger().delete(path)
    assert set(answer.headers["allow"].split(", ")) == allowed


async def test_a_path_that_is_not_there_is_not_told_apart_by_a_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).status_code == 404


async def test_a_body_too_large_for_nobody_is_still_not_found(service: Service) -> None:
    answer = await service.stranger().post("/nothing", content=b"x" * 100_000)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("host", ["", "a b", "evil.example/..", "a" * 300])
async def test_a_host_that_is_none_is_a_client_error(service: Service, host: str) -> None:
    answer = await service.stranger({"host": host}).get("/health")
    assert answer.status_code in (200, 400)
