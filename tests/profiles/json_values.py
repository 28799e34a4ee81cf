"""JSON as Hypothesis draws it: values, the texts that write them, and what is no JSON."""

import json
from typing import Any

from hypothesis import strategies as st

from profilegate.profiles.json_text import Number

DIGITS = st.text("0123456789", min_size=1, max_size=60)
WHOLE = st.just("0") | st.builds(lambda first, rest: first + rest, st.sampled_from("123456789"), DIGITS | st.just(""))
FRACTION = st.just("") | DIGITS.map(lambda digits: f".{digits}")
EXPONENT = st.just("") | st.builds("".join, st.tuples(st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), DIGITS))

numbers = st.builds("".join, st.tuples(st.sampled_from(["", "-"]), WHOLE, FRACTION, EXPONENT)).map(Number)
"""Every number that RFC 8259 can write, as it is written."""

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
strings = st.text(characters | st.sampled_from('"\\/{}[]:, \t\n\r\x1f\x7f\u2028é😀'), max_size=12)

values = st.recursive(
    st.none() | st.booleans() | numbers | strings,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(strings, inner, max_size=5),
    max_leaves=12,
)
"""Any JSON value, its numbers as Number. It stays far below every limit."""

spaces = st.text(" \t\r\n", max_size=3)


@st.composite
def quoted(draw: st.DrawFn, text: str) -> str:
    """The string in one of the many ways in which JSON can write it."""
    return '"' + "".join(draw(st.sampled_from(_ways(character))) for character in text) + '"'


def _ways(character: str) -> list[str]:
    units = character.encode("utf-16-be")
    escaped = "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
    short = json.dumps(character, ensure_ascii=False)[1:-1]
    return [escaped, escaped.upper().replace("\\U", "\\u"), short, *(["\\/"] if character == "/" else [])]


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """A text that writes the value: white space and escapes wherever JSON allows them."""
    if isinstance(value, Number):
        text = str(value)
    elif isinstance(value, str):
        text = draw(quoted(value))
    elif isinstance(value, dict):
        members = [
            draw(spaces) + draw(quoted(name)) + draw(spaces) + ":" + draw(written(each)) for name, each in value.items()
        ]
        text = "{" + (",".join(members) or draw(spaces)) + "}"
    elif isinstance(value, list):
        text = "[" + (",".join(draw(written(each)) for each in value) or draw(spaces)) + "]"
    else:
        text = json.dumps(value)
    return draw(spaces) + text + draw(spaces)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, str]:
    """A value and one of its texts."""
    value = draw(values)
    return value, draw(written(value))


def plain(value: Any) -> Any:
    """The value without our own kind of number, for comparison: Number("1") is not the text "1"."""
    if isinstance(value, Number):
        return ("number", str(value))
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value
