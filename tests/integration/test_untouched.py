"""What belongs to a host stays as it was: its public routes, its errors, its headers, its 404."""

import httpx
import pytest
from tests.integration.hosting import Process
from tests.integration.world import World, of

OURS = {"www-authenticate", "cache-control", "x-content-type-options", "dpop-nonce", "retry-after"}
MARKS = {"litestar": "x-shop", "fastapi": "x-library", "django": "x-django"}
EVERY = ("litestar", "fastapi", "starlette", "django")
NOT_FOUND = {
    "litestar": "shop: 404",
    "fastapi": '{"detail":"Not Found"}',
    "starlette": "starlette: 404",
    "django": "django: 404",
}


def has_nothing_of_ours(answer: httpx.Response) -> bool:
    """`Vary: Origin` may be there, as the host's own CORS says it."""
    return not OURS & answer.headers.keys() and "Authorization" not in answer.headers.get("vary", "")


@of(*EVERY)
@pytest.mark.parametrize("sent", ["", "Bearer made-up", "Basic abc"], ids=["nothing", "a bad token", "another scheme"])
def test_a_public_route_answers_everybody_and_has_nothing_of_ours_on_it(host: Process, sent: str) -> None:
    answer = host.http.get("/open", headers={"authorization": sent} if sent else {})
    assert answer.status_code == 200
    assert has_nothing_of_ours(answer)


@pytest.mark.parametrize(("name", "text"), NOT_FOUND.items(), ids=NOT_FOUND)
def test_what_is_not_there_is_told_in_the_hosts_own_words(hosts: World, name: str, text: str) -> None:
    answer = hosts.host(name).http.get("/nothing")
    assert (answer.status_code, answer.text) == (404, text)
    assert has_nothing_of_ours(answer)


@pytest.mark.parametrize("name", MARKS)
def test_the_hosts_own_middleware_marks_its_answers(hosts: World, name: str) -> None:
    assert hosts.host(name).http.get("/open").headers.get_list(MARKS[name]) == ["open"]


@of("litestar", "fastapi")
def test_an_unexpected_error_of_the_host_is_the_hosts_own_matter(host: Process) -> None:
    answer = host.http.get("/broken")
    assert answer.status_code == 500
    assert "problem+json" not in answer.headers["content-type"]
    assert has_nothing_of_ours(answer)


@of("litestar", "fastapi", "starlette", "django")
def test_the_package_comes_from_the_wheel_and_not_from_the_checkout(host: Process, hosts: World) -> None:
    told = [line for line in host.log.splitlines() if line.startswith("profilegate comes from ")]
    expected = hosts.installed.site_packages / "profilegate" / "__init__.py"
    assert set(told) == {f"profilegate comes from {expected}"}
