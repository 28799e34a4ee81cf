"""A single-page app (npm's oidc-client-ts) in headless Chromium, from another origin than the service's."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import postgres
from tests.e2e.browser.pages import Pages
from tests.e2e.provider import HERE, Provider, program
from tests.e2e.served import Served

ORIGINS = "PROFILEGATE__SERVER__CORS_ORIGINS"


@pytest.fixture(scope="module")
def app() -> Iterator[Pages]:
    with Pages() as pages:
        yield pages


@pytest.fixture(scope="module")
def stranger() -> Iterator[Pages]:
    """The same pages on an origin that the service does not allow."""
    with Pages() as pages:
        yield pages


@pytest.fixture(scope="module")
def served(provider: Provider, app: Pages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Allows the app's origin only, and no grace for tokens that have expired."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as environment, postgres.start() as server:
        environment.setenv(ORIGINS, json.dumps([app.origin]))
        with Served(folder, server.fresh_database(), provider, extra="leeway = 0") as running:
            yield running


def test_a_single_page_app_of_another_origin_reads_and_changes_the_profile(
    served: Served, provider: Provider, app: Pages, stranger: Pages, tmp_path: Path
) -> None:
    app.settings = stranger.settings = {"issuer": provider.issuer, "resource": provider.resource, "api": served.url}
    screenshot = tmp_path / "profile.png"
    settings = {
        "APP_ORIGIN": app.origin, "STRANGER_ORIGIN": stranger.origin, "PROFILE_URL": served.url,
        "CHROMIUM": chromium(), "SCREENSHOT": str(screenshot),
    }  # fmt: skip
    command = [program("node"), "--test", "--test-reporter=spec", "browser/spa.test.mjs"]
    done = subprocess.run(command, cwd=HERE, env=os.environ | settings, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert screenshot.stat().st_size > 0


def chromium() -> str:
    """Never skips: without a browser nothing would be tested."""
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("the browser test needs Chromium on PATH (Debian: apt install chromium)")
    return found
