"""One name of several parts."""

import pytest

from profilegate.sync.parts import full_name


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("Ada", "Lovelace"), "Ada Lovelace"),
        (("Ada", None), "Ada"),
        (("", "Lovelace"), "Lovelace"),
        ((None, ""), None),
        ((7, ["Ada"]), None),
        ((), None),
    ],
)
def test_a_name_is_composed_of_the_texts_alone(parts: tuple[object, ...], name: str | None) -> None:
    assert full_name(*parts) == name
