"""However a path is written, and wherever the application is mounted: what is not public asks for a token."""

from collections.abc import Iterator

import pytest
from tests.integration.hosting import Process, raw
from tests.integration.world import World, of

GUARDED = (
    "/files/../me",
    "/files/%2e%2e/me",
    "/files/%2E%2E/me",
    "/files/.%2e/me",
    "/files/..%2fme",
    "/files/%2e%2e%2fme",
    "/files/..;/me",
    "/files/;/../me",
    "/files/./me",
    "/files/%2e/me",
    "/files//me",
    "/files/..\\me",
    "/files/%5c..%5cme",
    "/files/%252e%252e/me",
    "/files/x/../../me",
    "/files/..",
    "/files",
    "/filesystem/me",
    "//files/me",
    "//me",
    "/./me",
    "/me/",
    "/me;x",
    "/me%3b",
    "/me%00",
    "/%6de",
    "/ME",
    "/Open",
    "/OPEN",
    "/open/",
    "/open/../me",
    "/open/me",
    "/open;/me",
    "/open%2f",
    "/open%00",
    "/open//",
    "/./open",
    "//open",
    "/nothing/../me",
)
OPEN = ("/open", "/open?x=/../me", "/files/a", "/files/a/b.txt", "/%6fpen", "/files/%C3%A9")


ROOTS = {"uvicorn": "--root-path", "granian": "--url-path-prefix"}
"""How each server is told what a proxy has in front. Granian leaves it out of the path, uvicorn does not."""
BELOW = [(name, server) for name in ("starlette", "wrapped") for server in ROOTS]


@pytest.fixture(scope="session", params=BELOW, ids=lambda param: "-".join(param))
def rooted(request: pytest.FixtureRequest, hosts: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A host below the root path /api."""
    name, server = request.param
    options = (ROOTS[server], "/api")
    with hosts.process(name, tmp_path_factory.mktemp("rooted"), *options).on(server) as process:
        yield process.ready()


@of("fastapi", "starlette", "django", "wrapped")
@pytest.mark.parametrize("path", GUARDED)
def test_no_way_of_writing_a_path_opens_what_is_not_public(host: Process, path: str) -> None:
    assert raw(host, path) in (400, 401)


@of("fastapi", "starlette", "django", "wrapped")
@pytest.mark.parametrize("path", OPEN)
def test_what_is_public_is_open_however_its_letters_are_written(host: Process, path: str) -> None:
    assert raw(host, path) == 200


@pytest.mark.parametrize("path", [*GUARDED, "/api/me", "/files/api/../me", "/api/files/../me"])
def test_a_root_path_of_the_server_opens_nothing(rooted: Process, path: str) -> None:
    assert raw(rooted, path) in (400, 401)


def test_a_root_path_in_the_middle_of_a_public_path_leads_to_no_guarded_handler(rooted: Process) -> None:
    """Litestar takes the root path away wherever it stands first."""
    answer = rooted.http.get("/files/api/me")
    assert "nobody" not in answer.text


def test_below_a_root_path_the_public_and_the_guarded_are_the_same(rooted: Process, hosts: World) -> None:
    assert rooted.call(None, "/open").status_code == 200
    assert rooted.call(None, "/me").status_code == 401
    assert rooted.call(hosts.provider.sign_in("caller"), "/me").json()["user"] == "caller"


@of("around")
@pytest.mark.parametrize("path", GUARDED)
def test_mounted_in_another_application_it_opens_nothing(host: Process, path: str) -> None:
    assert raw(host, f"/inner{path}") in (400, 401, 404)
    assert raw(host, f"/inner/files/..{path}") in (400, 401, 404)


@of("around")
@pytest.mark.parametrize("path", OPEN)
def test_mounted_in_another_application_the_public_stays_open(host: Process, path: str) -> None:
    assert raw(host, f"/inner{path}") == 200


@of("around")
def test_mounted_in_another_application_a_token_gets_in(host: Process, hosts: World) -> None:
    assert host.call(None, "/inner/me").status_code == 401
    assert host.call(hosts.provider.sign_in("caller"), "/inner/me").json()["user"] == "caller"
