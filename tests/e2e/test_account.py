"""The account page in headless Chromium, with sign-in at a real provider; the tests are in `browser/account_*`."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.account import World, hands, world
from tests.e2e.provider import HERE, program
from tests.e2e.test_browser import chromium
from tests.faults.certificates import NAMES, issue
from tests.postgres import Postgres

from profilegate.faces.languages import LANGUAGES, catalogue

THEMES = sorted(path.name for path in (HERE / "browser").glob("account_*.test.mjs"))
WORDS = ("Save", "Your profile", "Display name")
SECONDS = 500


@pytest.fixture(scope="module")
def surroundings(database_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the tests in the browser are told."""
    folder = tmp_path_factory.mktemp("account")
    pictures = Path(os.environ.get("SCREENSHOTS") or folder / "screenshots")
    pictures.mkdir(parents=True, exist_ok=True)
    certificate = folder / "proxy.pem"
    certificate.write_bytes(issue(NAMES, None).pem())
    with world(database_server, folder) as running, hands(running) as at:
        yield told(running) | {"HANDS": at, "CERTIFICATE": str(certificate), "SCREENSHOTS": str(pictures)}


def told(world: World) -> dict[str, str]:
    words = {language: {word: catalogue(language).gettext(word) for word in WORDS} for language in LANGUAGES}
    return {
        "CHROMIUM": chromium(),
        "PAGE_URL": world.page.url,
        "PROVIDER_URL": world.provider.issuer,
        "SECURE_URL": world.secure.public_url,
        "BEHIND_SECURE_URL": world.secure.url,
        "WORDS": json.dumps(words),
    }


@pytest.mark.parametrize("theme", THEMES)
def test_the_account_page_in_a_browser(surroundings: dict[str, str], theme: str) -> None:
    command = [program("node"), "--test", "--test-reporter=spec", f"browser/{theme}"]
    environment = os.environ | surroundings
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=SECONDS)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
