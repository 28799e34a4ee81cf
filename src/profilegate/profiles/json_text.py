"""JSON as text, kept as it was written: numbers digit for digit, members in their order (RFC 8259)."""

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from profilegate.errors import InvalidField, MalformedBody

# An escape that could be NUL or half of a surrogate pair; looked at closely only where there is one.
SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class Number(str):
    """A number as it was written. Neither an int nor a float holds 0.10, 1e400 or -0 as such."""

    __slots__ = ()


class Limits(Struct, frozen=True):
    """What a document may have: UTF-8 bytes, levels of objects and arrays, members of all objects together."""

    bytes: int = 65_536
    depth: int = 32
    keys: int = 4_096


class Broken(ValueError):
    """Not JSON, or not JSON that everybody reads alike. The text is a phrase that follows the field's name."""


class NotJSON(Broken):
    """Not JSON at all (RFC 8259)."""


def value_of(text: str) -> Any:
    """The value, its numbers as Number. Raises Broken, for duplicate members, NaN and the like too, or NotJSON."""
    try:
        return DECODER.decode(text)
    except RecursionError:
        raise Broken("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise NotJSON(f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos}") from None


def text_of(value: Any) -> str:
    """The shortest text of a value, its Numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(name)}:{text_of(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return _quoted(value)


def compact(text: str) -> str:
    """The same JSON without white space between its parts; nothing else is touched, nor anything that is no JSON."""
    try:
        return msgspec.json.format(text, indent=-1)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return text


def checked(field: str, text: str, limits: Limits) -> str:
    """The document, compact. Raises MalformedBody when it is no JSON, and InvalidField when it breaks a limit."""
    text = compact(text)
    if len(text) > limits.bytes or len(text.encode("utf-8", "surrogatepass")) > limits.bytes:
        raise InvalidField(field, f"must be at most {limits.bytes} bytes of JSON", "too_long")
    try:
        check_value(field, value_of(text), text, limits)
    except NotJSON as error:
        raise MalformedBody(f"The request body {error}.") from None
    except Broken as error:
        raise InvalidField(field, str(error), "json") from None
    return text


def check_value(field: str, value: Any, text: str, limits: Limits) -> None:
    """Raise InvalidField when the value, written as `text`, is too deep or wide, or holds NUL or half a character."""
    if text.count("{") + text.count("[") > limits.depth and _depth(value) > limits.depth:
        raise InvalidField(field, f"must be nested at most {limits.depth} levels deep", "too_deep")
    if text.count(":") > limits.keys and _keys(value) > limits.keys:
        raise InvalidField(field, f"must have at most {limits.keys} members", "too_many")
    check_characters(field, value, text)


def check_characters(field: str, value: Any, text: str) -> None:
    """Raise InvalidField when the value, written as `text`, holds NUL or half a character."""
    if not SUSPICIOUS.search(text) and text.isascii():
        return
    for each in _strings(value):
        if "\0" in each:
            raise InvalidField(field, "must not contain NUL", "characters")
        if any("\ud800" <= character <= "\udfff" for character in each):
            raise InvalidField(field, "must not contain lone surrogates", "characters")


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2: null removes a member, objects merge, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of equal names some readers take the first member and some the last, so there may be none (RFC 8259, 4)."""
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Broken(f"has the member {twice[:100]!r} twice")
    return made


def _no_constant(name: str) -> Any:
    raise NotJSON(f"is not JSON: {name} is no number")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_no_constant)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, (dict, list))]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for each in value.values() for text in _strings(each))]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) and not isinstance(value, Number) else []
