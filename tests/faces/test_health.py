"""What is public: /health, /ready and the resource's metadata."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Clock, Service, caller_of, running
from tests.faces.test_phoenix_trouble import NOBODY
from tests.minting import ISSUER

from profilegate.errors import InvalidConfiguration
from profilegate.faces import health, problems
from profilegate.settings import ALGORITHMS, DatabaseSettings, ServerSettings, UsernameSettings
from profilegate.store.statements import Statement

METADATA = "/.well-known/oauth-protected-resource"
PUBLIC = ["/health", "/ready", METADATA]


@pytest.fixture
def anybody(service: Service) -> httpx.AsyncClient:
    return service.stranger()


@pytest.fixture
async def homeless(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody, at a service whose database does not answer."""
    async with running(NOBODY, clock) as service:
        yield service.stranger()


async def test_health_says_that_the_process_answers(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/health")
    assert (answer.status_code, answer.content) == (200, b'{"status":"healthy"}')


@BOTH
async def test_ready_says_that_the_database_answers(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/ready")
    assert (answer.status_code, answer.content) == (200, b'{"status":"ready","database":"connected"}')


async def test_health_does_not_look_at_the_database(homeless: httpx.AsyncClient) -> None:
    assert (await homeless.get("/health")).status_code == 200


async def test_ready_says_that_the_database_is_unreachable(homeless: httpx.AsyncClient) -> None:
    answer = await homeless.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "database": "unreachable"})


async def test_ready_says_that_the_schema_is_not_this_releases(service: Service) -> None:
    await service.gate.engine.write([Statement("DELETE FROM migration", ())], {})
    answer = await service.stranger().get("/ready")
    assert answer.status_code == 503
    assert "profilegate migrate" in answer.json()["database"]


async def test_an_unmigrated_database_is_not_served(tmp_path: Path, clock: Clock) -> None:
    with refused("profilegate migrate"):
        async with running(DatabaseSettings(path=str(tmp_path / "empty.db")), clock):
            pass


async def test_usernames_that_compare_otherwise_are_not_served(serve: Serve) -> None:
    with refused(r"usernames\.case_sensitive"):
        await serve(usernames=UsernameSettings(case_sensitive=True))


def refused(text: str) -> pytest.RaisesGroup[InvalidConfiguration]:
    """The start fails with this problem; the framework wraps it."""
    problem = pytest.RaisesExc(InvalidConfiguration, match=text)
    return pytest.RaisesGroup(problem, flatten_subgroups=True, allow_unwrapped=True)


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer x"}, {"authorization": "\xff"}])
async def test_the_public_paths_look_at_no_token(service: Service, path: str, header: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in header.items()}
    assert (await service.stranger().get(path, headers=raw)).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PUBLIC)
async def test_head_answers_as_get_without_a_body(anybody: httpx.AsyncClient, path: str) -> None:
    head, get = await anybody.head(path), await anybody.get(path)
    assert (head.status_code, head.content, head.headers) == (200, b"", get.headers)


@pytest.mark.parametrize("path", PUBLIC)
async def test_nothing_public_can_be_changed(anybody: httpx.AsyncClient, path: str) -> None:
    assert {(await anybody.request(method, path)).status_code for method in ("POST", "PUT", "DELETE")} == {405}


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_states_are_not_kept(anybody: httpx.AsyncClient, path: str) -> None:
    assert (await anybody.get(path)).headers["cache-control"] == "no-store"


async def test_the_metadata_names_the_resource_and_its_providers(anybody: httpx.AsyncClient) -> None:
    assert (await anybody.get(METADATA)).json() == {
        "resource": "https://profiles.example",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": sorted(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": False,
    }


async def test_the_metadata_of_a_resource_with_a_path_is_where_the_standard_has_it(serve: Serve) -> None:
    service = await serve(server=ServerSettings(public_url="https://profiles.example/users"))
    told = f"{METADATA}/users"
    assert (await service.stranger().get(told)).json()["resource"] == "https://profiles.example/users"
    challenge = (await service.stranger().get("/api/profile")).headers["www-authenticate"]
    assert f'resource_metadata="https://profiles.example{told}"' in challenge


async def test_without_a_public_address_there_is_no_metadata(serve: Serve) -> None:
    service = await serve(server=ServerSettings())
    assert (await service.stranger().get(METADATA)).status_code == 404


async def test_what_nobody_expected_is_answered_without_any_detail() -> None:
    async def broken() -> str:
        raise RuntimeError("secret of the database")

    routes, handlers = [health.router(broken, lambda: False, broken)], {Exception: problems.worded(())}
    app = Litestar(routes, exception_handlers=handlers, openapi_config=None, logging_config=None)  # type: ignore[arg-type]
    answer = await caller_of(app).get("/ready")
    assert (answer.status_code, "secret" in answer.text) == (500, False)
