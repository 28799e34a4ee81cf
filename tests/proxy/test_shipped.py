"""What the shipped files say: all four name the same headers, and Traefik's, which is not run here, says what its
documentation asks for."""

from typing import Any

import pytest
import yaml
from tests.proxy.shipped import DEPLOY

from profilegate.faces.forward_auth import IDENTITY, PLACE, PROFILE

SIX = {*IDENTITY, *PROFILE}
FILES = ("nginx.conf", "Caddyfile", "envoy.yaml", "traefik/dynamic.yaml")
GATES = {"gate": "", "gate-orders": "?scope=orders:read"}


@pytest.fixture(scope="module")
def static() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "traefik/traefik.yaml").read_text()))


@pytest.fixture(scope="module")
def http() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "traefik/dynamic.yaml").read_text())["http"])


@pytest.mark.parametrize("file", FILES)
def test_each_file_asks_at_the_endpoint_and_names_all_its_headers(file: str) -> None:
    text = (DEPLOY / file).read_text().lower()
    assert {name for name in SIX if name not in text} == set()
    assert PLACE in text


@pytest.mark.parametrize(("name", "query"), GATES.items())
def test_traefik_copies_the_six_believes_no_client_and_sends_no_body(
    http: dict[str, Any], name: str, query: str
) -> None:
    asked = http["middlewares"][name]["forwardAuth"]
    assert asked["address"] == f"http://127.0.0.1:8000{PLACE}{query}"
    assert {each.lower() for each in asked["authResponseHeaders"]} == SIX
    assert asked["authRequestHeaders"] == ["Authorization", "DPoP"]
    assert (asked["trustForwardHeader"], asked["forwardBody"]) == (False, False)
    assert "authResponseHeadersRegex" not in asked


def test_traefik_strips_the_six_in_every_spelling_from_every_request(
    static: dict[str, Any], http: dict[str, Any]
) -> None:
    entry = static["entryPoints"]["websecure"]
    assert (entry["http"]["middlewares"], entry["http"]["aliasHeadersStrategy"]) == (["clean@file"], "delete")
    removed = http["middlewares"]["clean"]["headers"]["customRequestHeaders"]
    assert {name.lower() for name in removed} == SIX | {"forwarded", "client-cert"}
    assert set(removed.values()) == {""}


def test_traefik_trusts_no_forwarded_headers_and_asks_about_the_path_that_it_passes_on(static: dict[str, Any]) -> None:
    entry = static["entryPoints"]["websecure"]
    assert entry["forwardedHeaders"] == {"insecure": False}
    assert entry["http"]["sanitizePath"] is True
    assert "encodedCharacters" not in entry["http"]


def test_traefik_guards_the_application_on_all_paths_but_one(http: dict[str, Any]) -> None:
    routers = {name: each for name, each in http["routers"].items() if each["service"] == "application"}
    open_ones = {name for name, each in routers.items() if "middlewares" not in each}
    assert open_ones == {"health"}
    assert routers["health"]["rule"].endswith("&& Path(`/health`)")
    assert routers["orders"]["middlewares"] == ["gate-orders"]
    assert (routers["application"]["rule"], routers["application"]["middlewares"]) == (
        "Host(`app.example.com`)",
        ["gate"],
    )
    assert [routers[name]["priority"] for name in ("health", "orders", "application")] == [30, 20, 10]


def test_traefik_shows_nobody_what_proxies_ask(http: dict[str, Any]) -> None:
    rule = http["routers"]["profilegate"]["rule"]
    assert rule == "Host(`profiles.example.com`) && !PathRegexp(`(?i)^/(auth/forward|metrics)`)"
