"""The README tells the truth: endpoints, error codes, commands, names and settings are those of the code."""

import re
import subprocess
import sys
from pathlib import Path

import profilegate
from profilegate.app import create_app
from profilegate.cli import cli
from profilegate.faces.phoenix.wording import CODES
from profilegate.settings import DatabaseSettings, IssuerSettings, ServerSettings, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")

ENDPOINT = re.compile(r"^\| `((?:[A-Z]+, )*[A-Z]+) (/[^`]*)` \|", re.MULTILINE)
IMPLIED = {"HEAD", "OPTIONS"}
DOCUMENTS = {"/schema/openapi.json", "/schema/openapi.yaml"}


def test_the_endpoints_are_those_that_are_mounted(tmp_path: Path) -> None:
    settings = Settings(
        issuers=(IssuerSettings(issuer="https://id.example", audiences=("x",)),),
        server=ServerSettings(public_url="https://profiles.example"),
        database=DatabaseSettings(path=str(tmp_path / "profilegate.db")),
    )
    mounted = {
        (method, re.sub(r":\w+}", "}", route.path))
        for route in create_app(settings).routes
        for method in route.methods or ("GET",)  # what a whole ASGI application answers is its own matter
        if method not in IMPLIED and not (route.path.startswith("/schema") and route.path not in DOCUMENTS)
    }
    told = {(method, path) for methods, path in ENDPOINT.findall(README) for method in methods.split(", ")}
    assert told == mounted


def test_the_error_codes_are_those_of_the_phoenix_face() -> None:
    assert set(re.findall(r"^\| `([A-Z0-9_]+)` \|", README, re.MULTILINE)) == set(CODES.values())


def test_every_command_is_told() -> None:
    assert set(re.findall(r"^\| `profilegate ([a-z-]+)", README, re.MULTILINE)) == set(cli.commands)


def test_every_public_name_is_told_and_can_be_imported() -> None:
    for name in profilegate.__all__:
        assert getattr(profilegate, name)
        assert f"`{name}`" in README


def test_the_two_commands_of_the_first_screen_are_there() -> None:
    for command in ("deploy/demo", "tests/run"):
        assert command in README
        assert (ROOT / command).stat().st_mode & 0o111


def test_importing_the_package_loads_no_framework() -> None:
    program = "import sys, profilegate; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not [name for name in ("litestar", "piccolo", "httpx", "msgspec") if f"'{name}'" in loaded]
