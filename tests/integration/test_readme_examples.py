"""The README's examples for applications run as they stand there, with the installed package."""

import re
from pathlib import Path

import pytest
from tests.integration.installed import ROOT, Installed, finished

SETTINGS = """
[server]
public_url = "https://api.example.com"
[[issuers]]
issuer = "https://example.logto.app/oidc"
audiences = ["https://api.example.com"]
"""
ASK = """
import asyncio
import httpx

async def ask(path):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://api.example.com") as client:
        return (await client.get(path)).status_code

print(*(asyncio.run(ask(path)) for path in {paths}))
"""
METADATA = "/.well-known/oauth-protected-resource"


def examples() -> list[str]:
    """The Python blocks."""
    section = (ROOT / "README.md").read_text("utf-8").partition("## Inside your application")[2].partition("\n## ")[0]
    litestar, alone, asgi = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return [litestar, alone, asgi]


def statuses(installed: Installed, folder: Path, program: str, paths: tuple[str, ...]) -> str:
    """What the application that a program makes answers a stranger at these paths."""
    (folder / "profilegate.toml").write_text(SETTINGS)
    ended = finished([str(installed.python), "-I", "-c", program + ASK.format(paths=paths)], folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize("number", [0, 2], ids=["litestar", "fastapi"])
def test_the_example_guards_its_handler_and_has_the_faces_below_its_path(
    installed: Installed, tmp_path: Path, number: int
) -> None:
    paths = ("/orders", "/identity/api/profile", METADATA, "/nowhere")
    expected = "401 401 200 404" if number == 0 else "401 401 200 401"
    assert statuses(installed, tmp_path, examples()[number], paths) == expected


def test_the_example_of_the_gate_alone_guards_every_handler(installed: Installed, tmp_path: Path) -> None:
    assert statuses(installed, tmp_path, examples()[1], ("/orders", METADATA, "/identity/api/profile")) == "401 200 404"
