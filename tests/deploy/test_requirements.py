"""deploy/requirements.txt is what pyproject.toml asks for, each file of it known by its hash."""

import re

import pytest
from packaging.utils import canonicalize_name
from tests.deploy.needed import declared
from tests.deploy.pins import pins, shipped

PINS = shipped()


def test_every_declared_dependency_is_pinned_to_a_version_that_it_allows() -> None:
    pinned = {name: each.version for name, each in PINS.items()}
    assert {canonicalize_name(each.name) for each in declared()} <= pinned.keys()
    assert [str(each) for each in declared() if pinned[canonicalize_name(each.name)] not in each.specifier] == []


def test_every_pin_has_hashes_of_sha256() -> None:
    assert [name for name, each in PINS.items() if not each.hashes] == []
    hashes = [text for each in PINS.values() for text in each.hashes]
    assert [text for text in hashes if not re.fullmatch("sha256:[0-9a-f]{64}", text)] == []
    assert len(hashes) == len(set(hashes))


@pytest.mark.parametrize("line", ["litestar>=2", "litestar", "-e .", "--pre", "--find-links elsewhere"])
def test_a_line_that_pins_nothing_is_told(line: str) -> None:
    with pytest.raises(ValueError, match="no pin"):
        pins(line)
