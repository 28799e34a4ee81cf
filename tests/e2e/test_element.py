"""`<profile-settings>` in headless Chromium, on a page of another origin than the service's."""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest
from tests import postgres
from tests.e2e.browser.pages import HTML, Pages
from tests.e2e.provider import HERE, Provider, program
from tests.e2e.served import Served
from tests.e2e.test_browser import ORIGINS, chromium

PAGE = """<!doctype html><html lang="en"><title>Shop</title>
<style>profile-settings {{ --profile-accent: rgb(122, 62, 0); }}</style>
<profile-settings api="{api}"></profile-settings>
<script type="module" src="{api}/account/static/profile-settings.js"></script></html>"""

ACCOUNT = {"PROFILEGATE__ACCOUNT__CLIENT_ID": "unused", "PROFILEGATE__ACCOUNT__SESSION_SECRET": "s" * 32}


class Shop(Pages):
    """One page of somebody else's, with the element in it."""

    def content(self, path: str) -> tuple[bytes, str] | None:
        return (PAGE.format(**self.settings).encode(), HTML) if path == "/" else None


@pytest.fixture(scope="module")
def shops() -> Iterator[tuple[Shop, Shop]]:
    with Shop() as known, Shop() as stranger:
        yield known, stranger


@pytest.fixture(scope="module")
def served(provider: Provider, shops: tuple[Shop, Shop], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as environment, postgres.start() as server:
        for name, value in {ORIGINS: json.dumps([shops[0].origin]), **ACCOUNT}.items():
            environment.setenv(name, value)
        with Served(tmp_path_factory.mktemp("element"), server.fresh_database(), provider) as running:
            yield running


def test_the_element_shows_and_saves_a_profile_on_somebody_elses_page(
    served: Served, provider: Provider, shops: tuple[Shop, Shop]
) -> None:
    for shop in shops:
        shop.settings = {"api": served.url}
    known, stranger = shops
    settings = {
        "APP_ORIGIN": known.origin, "STRANGER_ORIGIN": stranger.origin, "PROFILE_URL": served.url,
        "CHROMIUM": chromium(), "TOKENS": json.dumps({name: provider.sign_in(name) for name in ("ann", "bob", "cleo")}),
    }  # fmt: skip
    command = [program("node"), "--test", "--test-reporter=spec", "browser/element.test.mjs"]
    done = subprocess.run(command, cwd=HERE, env=os.environ | settings, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
