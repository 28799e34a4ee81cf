"""Which packages are needed is read from their own metadata."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.deploy.needed import installed, problems

PACKAGES = {
    "web": ("2.1", ["templates>=3", "colours ; sys_platform == 'no such platform'", "speed ; extra == 'fast'"]),
    "templates": ("3.0", ["escapes"]),
    "escapes": ("1.0", ["web"]),
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder in which these packages are installed, as far as their metadata goes."""
    for name, (version, asks) in PACKAGES.items():
        add(tmp_path, name, version, asks)
    return tmp_path


def add(site: Path, name: str, version: str = "1.0", asks: list[str] | None = None) -> None:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
    (folder / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {each}" for each in asks or ())]))


def found(site: Path, *asked: str) -> list[str]:
    return problems(installed(str(site)), map(Requirement, asked))


@pytest.mark.parametrize("asked", ["web", "Web>=2", "web==2.1", "templates"])
def test_what_is_needed_in_the_end_is_no_problem_even_in_a_circle(site: Path, asked: str) -> None:
    assert found(site, asked) == []


def test_what_nobody_needs_is_told(site: Path) -> None:
    add(site, "Left_Over")
    assert found(site, "web") == ["left-over: nothing needs it"]


def test_an_extra_counts_where_it_is_asked_for(site: Path) -> None:
    assert found(site, "web[fast]") == ['speed; extra == "fast": not met']
    add(site, "speed")
    assert found(site, "web[fast]") == []
    assert found(site, "web") == ["speed: nothing needs it"]


def test_what_is_meant_for_other_platforms_is_not_missed(site: Path) -> None:
    assert found(site, "web", "odd ; sys_platform == 'no such platform'") == []


@pytest.mark.parametrize("asked", ["web>=3", "absent"])
def test_what_is_missing_or_too_old_is_told(site: Path, asked: str) -> None:
    assert found(site, "web", asked) == [f"{asked}: not met"]


def test_a_version_that_another_package_refuses_is_told(site: Path) -> None:
    add(site, "old", asks=["templates<3"])
    assert found(site, "web", "old") == ["templates<3: not met"]
