"""What no text in a record may hold, whichever field it is for."""

import unicodedata
from collections.abc import Iterator

from profilegate.errors import InvalidField

# Marks that reorder what a reader sees (Unicode TR 36, "bidirectional text spoofing").
BIDIRECTIONAL_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Cc: control characters, NUL and newline included. Cs: unpaired surrogates.
# Zl, Zp: the line and paragraph separators, newlines by another name.
FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

# Cf: format characters, such as zero-width space. Alone they show nothing.
INVISIBLE_CATEGORIES = frozenset({"Cf", "Zs"})

# Letters and symbols that are drawn as nothing: the Hangul fillers and the blank Braille pattern.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def refuse_unprintable(field: str, text: str) -> None:
    """Raise InvalidField when `text` holds a control character, a bidirectional control or a lone surrogate."""
    if not (text.isascii() and text.isprintable()) and any(_forbidden(text)):
        raise InvalidField(field, "must not contain control characters or bidirectional controls", "characters")


def shows_nothing(text: str) -> bool:
    """Whether a reader would see nothing at all: empty, or only white space and invisible characters."""
    return all(each in BLANKS or unicodedata.category(each) in INVISIBLE_CATEGORIES for each in text)


def refuse_longer(field: str, text: str, limit: int) -> None:
    """Raise InvalidField when `text` has more than `limit` code points."""
    if len(text) > limit:
        raise InvalidField(field, f"must be at most {limit} characters long", "too_long")


def _forbidden(text: str) -> Iterator[bool]:
    for character in text:
        yield character in BIDIRECTIONAL_CONTROLS or unicodedata.category(character) in FORBIDDEN_CATEGORIES
