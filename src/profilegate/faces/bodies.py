"""Request bodies: strictly the documented JSON, or a clear refusal. Shared by every face that takes one."""

import re
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec
from litestar import Request

from profilegate.errors import InvalidField, MalformedBody, UnsupportedBody

T = TypeVar("T")

JSON = frozenset({"application/json"})

ANYTHING = msgspec.json.Decoder()

# msgspec ends a message with the place: "Expected `str`, got `int` - at `$.name`".
PLACE = re.compile(r"(?P<what>.*) - at `\$\.?(?P<place>[^`]*)`\Z", re.DOTALL)


async def json_or_nothing(request: Request[Any, Any, Any], types: Collection[str]) -> Any:
    """Any JSON; no body at all counts as an empty object. Raises as `json_body` does."""
    return await json_body(request, ANYTHING, types) if await request.body() else {}


async def json_body(
    request: Request[Any, Any, Any], decoder: msgspec.json.Decoder[T], types: Collection[str] = JSON
) -> T:
    """The body, decoded without any conversion of types. No content type counts as one of `types`.

    Raises UnsupportedBody, MalformedBody, or InvalidField with the member's name. Litestar refuses what is
    larger than the router's limit while it is read.
    """
    check_type(request, types)
    body = await request.body()
    try:
        # msgspec does not look into the members that it skips; JSON is UTF-8 throughout (RFC 8259, section 8.1).
        body.decode("utf-8")
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        _check_json(body)
        raise _invalid_field(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody from error


async def json_text(request: Request[Any, Any, Any], types: Collection[str] = JSON) -> str:
    """The body as text, of whatever JSON it is. Raises UnsupportedBody or MalformedBody."""
    check_type(request, types)
    try:
        return (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody from error


def _check_json(body: bytes) -> None:
    """Raise MalformedBody unless it is JSON to its end: a wrong type is found before what comes after it is read."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedBody from error


def check_type(request: Request[Any, Any, Any], types: Collection[str] = JSON) -> None:
    """Raise UnsupportedBody unless the body is of one of these media types, and not compressed."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and given not in types:
        raise UnsupportedBody
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedBody("The request body must not be compressed.")


def _invalid_field(message: str) -> InvalidField:
    found = PLACE.match(message)
    what, place = (found["what"], found["place"]) if found else (message, "")
    return InvalidField(place or "body", f"is not as documented: {what[:1].lower()}{what[1:]}")
