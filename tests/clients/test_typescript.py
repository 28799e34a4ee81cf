"""The TypeScript client: its types are those of the OpenAPI document, and it keeps its rules."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.clients.described import routes
from tests.clients.typescript import SOURCE, run, told, transpiled
from tests.faces.running import Service


@pytest.fixture(scope="module")
def compiler() -> dict[str, Any]:
    return told()


@pytest.fixture
async def described(service: Service) -> dict[str, dict[str, Any]]:
    return routes((await service.stranger().get("/schema/openapi.json")).json())


def test_the_compiler_has_nothing_to_say_in_strict_mode(compiler: dict[str, Any]) -> None:
    assert compiler["problems"] == []


async def test_the_requests_are_those_of_the_document(
    compiler: dict[str, Any], described: dict[str, dict[str, Any]]
) -> None:
    assert compiler["routes"].keys() == described.keys()


@pytest.mark.parametrize("part", ["query", "body", "answer", "error"])
async def test_every_type_is_that_of_the_document(
    compiler: dict[str, Any], described: dict[str, dict[str, Any]], part: str
) -> None:
    assert {route: parts.get(part) for route, parts in compiler["routes"].items()} == {
        route: parts.get(part) for route, parts in described.items()
    }


def test_the_client_keeps_its_rules(tmp_path: Path) -> None:
    run("rules.test.mjs", transpiled(tmp_path))


def test_the_client_is_part_of_the_package() -> None:
    shipped = files("profilegate").joinpath("clients/profilegate.ts")
    assert shipped.read_text("utf-8") == SOURCE.read_text("utf-8")


def test_the_client_imports_nothing() -> None:
    lines = SOURCE.read_text("utf-8").splitlines()
    assert not [line for line in lines if line.startswith(("import ", "/// <")) or "require(" in line]
