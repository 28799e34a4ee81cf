"""What JSON a record takes: anything that both databases give back as it was."""

from typing import Any

from profilegate.errors import InvalidField

DEEPEST = 32
"""Levels of objects and arrays."""

# The numbers that every reader of JSON agrees about, and that are encoded again as they came.
LARGEST_INTEGER = 2**63


def checked(field: str, document: Any) -> Any:
    """The document as it was sent. Raises InvalidField when it is too deep, or holds NUL or a huge integer.

    PostgreSQL's jsonb cannot hold NUL. Sizes are bounded by the request's body.
    """
    level = [document]
    for _ in range(DEEPEST + 1):
        if not level:
            return document
        level = [inner for value in level for inner in _inside(field, value)]
    raise InvalidField(field, f"must be nested at most {DEEPEST} levels deep", "too_deep")


def _inside(field: str, value: Any) -> list[Any]:
    match value:
        case str() if "\0" in value:
            raise InvalidField(field, "must not contain NUL", "characters")
        case int() if abs(value) >= LARGEST_INTEGER:
            raise InvalidField(field, "must not contain integers of more than 63 bits", "number")
        case dict():
            return [*value.keys(), *value.values()]
        case list():
            return value
    return []
