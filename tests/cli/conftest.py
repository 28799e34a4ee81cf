"""A settings file, as an operator has one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from tests.cli.running import errors, eventually, output, started
from tests.postgres import free_port


class Configured(Protocol):
    """Writes a settings file with these further lines, and gives its path."""

    def __call__(self, database: Path | None = None, **server: Any) -> str: ...


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    def write(database: Path | None = None, **server: Any) -> str:
        lines = [f"{name} = {value!r}" for name, value in {"port": free_port(), **server}.items()]
        file = tmp_path / "profilegate.toml"
        file.write_text(
            "[server]\n" + "\n".join(lines) + f"\n[database]\npath = '{database or tmp_path / 'profilegate.db'}'\n"
            "[[issuers]]\nissuer = 'https://id.example'\naudiences = ['https://profiles.example']\n"
        )
        return str(file)

    return write


@pytest.fixture
def config(configured: Configured) -> str:
    return configured()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A provider that is really there, with a token of alice's."""
    folder = tmp_path_factory.mktemp("demo")
    with started(folder, "demo", "--json", "--port", str(free_port())):
        eventually(lambda: output(folder).endswith("\n"), lambda: errors(folder))
        yield json.loads(output(folder))
