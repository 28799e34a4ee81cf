"""The bill of materials is held to the pins, and its licences to what may be shipped."""

from typing import Any

import pytest
from tests.deploy.bill import Component, components, problems
from tests.deploy.licences import JUDGED, is_permitted
from tests.deploy.pins import Pin

NAMES = ("Jinja2", "MarkupSafe", "certifi")
PINS = {name.lower(): Pin(name.lower(), "1.0", ()) for name in NAMES}


def bill(*names: str, version: str = "1.0") -> dict[str, Any]:
    """A document of these packages."""
    return {"components": [{"name": each, "version": version} for each in names]}


def test_what_is_installed_as_pinned_has_no_problem() -> None:
    assert problems(bill(*NAMES), PINS) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (bill("Jinja2", "certifi"), ["markupsafe: pinned 1.0, installed None"]),
        (bill(*NAMES, "evil"), ["evil: pinned None, installed 1.0"]),
        (bill(*NAMES, version="2.0"), [f"{name}: pinned 1.0, installed 2.0" for name in sorted(PINS)]),
    ],
    ids=["missing", "not pinned", "another version"],
)
def test_each_difference_is_told(document: dict[str, Any], expected: list[str]) -> None:
    assert problems(document, PINS) == expected


def test_a_pin_for_other_platforms_is_not_missed() -> None:
    assert (
        problems(bill(*NAMES), PINS | {"tzdata": Pin("tzdata", "1.0", (), "sys_platform == 'no such platform'")}) == []
    )


def test_licences_are_read_in_each_of_the_three_ways_of_writing_them() -> None:
    said = [{"expression": "MIT OR Apache-2.0"}, {"license": {"id": "ISC"}}, {"license": {"name": "As you like"}}]
    document = {"components": [{"name": "Some_Thing", "version": "1", "licenses": said}]}
    assert components(document) == [
        Component("some-thing", "1", frozenset({"MIT OR Apache-2.0", "ISC", "As you like"}))
    ]


@pytest.mark.parametrize(
    "licences", [{"MIT"}, {"GPL-3.0-only OR MIT"}, {"Apache-2.0 AND BSD-2-Clause"}, {"ISC", "PSF-2.0"},
                 {"BSD-3-Clause", "License :: OSI Approved :: BSD License"}],
)  # fmt: skip
def test_a_permissive_licence_is_permitted(licences: set[str]) -> None:
    assert is_permitted(Component("any", "1", frozenset(licences)))


@pytest.mark.parametrize(
    "licences",
    [
        set(),
        {""},
        {"GPL-3.0-only"},
        {"MIT", "GPL-3.0-only"},
        {"MIT AND GPL-3.0-only"},
        {"LGPL-2.1-only OR AGPL-3.0-only"},
        {"MPL-2.0"},
        {"(MIT OR GPL-3.0-only) AND AGPL-3.0-only"},
        {"GPL-3.0-only AND (AGPL-3.0-only OR MIT)"},
        {"License :: Other/Proprietary License"},
        {"License :: OSI Approved"},
        {"mit"},
    ],
    ids=lambda each: ", ".join(sorted(each)) or "none",
)
def test_any_other_is_refused(licences: set[str]) -> None:
    assert not is_permitted(Component("any", "1", frozenset(licences)))


@pytest.mark.parametrize("name", JUDGED)
def test_what_was_judged_is_permitted_until_it_says_something_else(name: str) -> None:
    assert is_permitted(Component(name, "1", JUDGED[name]))
    assert not is_permitted(Component(name, "1", JUDGED[name] | {"GPL-3.0-only"}))
