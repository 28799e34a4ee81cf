"""What JSON a record takes: anything that both databases give back as it was."""

from typing import Any

from profilegate.errors import InvalidField

DEEPEST = 32
"""Levels of objects and arrays."""

# PostgreSQL writes 1e300 as an integer of 301 digits, which few readers of JSON take.
TOO_LARGE = 2**63


def checked(field: str, document: Any) -> Any:
    """The document as it was sent. Raises InvalidField when it is too deep, or holds NUL or a huge number.

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
        case int() | float() if abs(value) >= TOO_LARGE:
            raise InvalidField(field, "must not contain numbers of more than 63 bits", "number")
        case dict():
            return [*value.keys(), *value.values()]
        case list():
            return value
    return []
