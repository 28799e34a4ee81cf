"""deploy/smoke.sh tells a deployment that works from one that does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Configured
from tests.cli.test_serve import DOWN, url
from tests.deploy.running import demo, failures, serving, smoke
from tests.deploy.shipped import DEPLOY, told


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.mark.parametrize("script", ["smoke.sh", "demo"])
def test_the_linter_has_nothing_to_say(script: str) -> None:
    assert told("shellcheck", DEPLOY / script) == ""


def test_all_is_well_for_strangers(shown: dict[str, Any]) -> None:
    answer = smoke(shown["url"])
    assert (answer.returncode, answer.stdout.count("ok  "), failures(answer.stdout)) == (0, 5, [])


@pytest.mark.parametrize("end", ["", "/"])
def test_all_is_well_for_a_user(shown: dict[str, Any], end: str) -> None:
    answer = smoke(shown["url"] + end, shown["token"])
    assert (answer.returncode, answer.stdout.count("ok  "), failures(answer.stdout)) == (0, 7, [])


def test_the_token_may_come_by_standard_input(shown: dict[str, Any]) -> None:
    answer = smoke(shown["url"], "-", input=shown["token"])
    assert (answer.returncode, answer.stdout.count("ok  ")) == (0, 7)


def test_any_posix_shell_runs_it(shown: dict[str, Any]) -> None:
    assert smoke(shown["url"], before=["dash"]).returncode == 0


def test_a_token_that_is_not_good_is_told(shown: dict[str, Any]) -> None:
    answer = smoke(shown["url"], "x.y.z")
    assert answer.returncode == 1
    assert failures(answer.stdout) == ["the token's user gets a profile", "and no second copy of it"]


def test_nobody_there_fails_every_check() -> None:
    answer = smoke("http://127.0.0.1:1")
    assert (answer.returncode, len(failures(answer.stdout)), answer.stdout.count("ok  ")) == (1, 5, 0)


def test_what_is_wrong_is_told_line_by_line(configured: Configured, tmp_path: Path) -> None:
    config = configured(cors_origins=["https://stranger.invalid"])
    with serving(tmp_path, config, url(config), PROFILEGATE__DATABASE__URL=DOWN):
        answer = smoke(url(config))
    assert answer.returncode == 1
    assert failures(answer.stdout) == [
        "its database answers and is migrated",
        "its metadata names a provider",
        "pages of strange origins may not read it",
    ]


@pytest.mark.parametrize(("arguments", "status"), [([], 1), (["profiles.example"], 1), (["--help"], 0), (["-h"], 0)])
def test_how_to_use_it_is_told(arguments: list[str], status: int) -> None:
    answer = smoke(*arguments)
    assert (answer.returncode, (answer.stdout + answer.stderr).startswith("Usage: smoke.sh URL [TOKEN]")) == (
        status,
        True,
    )
