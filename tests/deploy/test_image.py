"""The image: what it is built from, and that it gets all that the service needs."""

import re
from collections.abc import Iterator
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.deploy.shipped import DEPLOY, told

REQUIREMENTS = (DEPLOY / "requirements.txt").read_text("utf-8")
PINS = {canonicalize_name(name): pin for name, pin in re.findall(r"^([\w.-]+)==(\S+)", REQUIREMENTS, re.MULTILINE)}
OURS = [Requirement(text) for text in requires("profilegate") or []]


def test_the_linter_has_nothing_to_say() -> None:
    assert told("hadolint", "Dockerfile") == ""


@pytest.mark.parametrize("wanted", OURS, ids=str)
def test_the_pin_of_a_dependency_is_one_that_the_package_takes(wanted: Requirement) -> None:
    assert PINS[canonicalize_name(wanted.name)] in wanted.specifier


def test_what_the_dependencies_need_is_pinned_too() -> None:
    assert {canonicalize_name(each.name) for each in needed(OURS)} - PINS.keys() == set()


def test_every_pin_has_hashes() -> None:
    assert len(re.findall(r"^\S+==.+ \\\n    --hash=sha256:[0-9a-f]{64}", REQUIREMENTS, re.MULTILINE)) == len(PINS)


def needed(asked: list[Requirement]) -> Iterator[Requirement]:
    """These and all that they bring along here."""
    seen: set[str] = set()
    while asked:
        each = asked.pop()
        if str(each) not in seen:
            seen.add(str(each))
            yield each
            further = [Requirement(text) for text in requires(each.name) or []]
            asked = [*asked, *(one for one in further if is_wanted(one, each.extras))]


def is_wanted(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, ""))
