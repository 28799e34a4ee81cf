"""Many documents at once: what an operator sends, and what becomes of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from profilegate.errors import InvalidField
from profilegate.identifiers import USER_ID_LIMIT, is_identifier
from profilegate.profiles.applications import LARGEST_ID
from profilegate.profiles.json_text import Limits, Number, check_characters, check_value, compact

OnConflict = Literal["error", "skip", "replace"]
"""What happens to a document that is there already."""

Mode = Literal["all", "partial"]
"""All or nothing, or whatever is good."""


class BulkItem(Struct, frozen=True):
    """One document of a bulk; `index` is its place in the request, from 0."""

    index: int
    user_id: str
    app_id: int
    data: str


class NewOwner(Struct, frozen=True):
    """What is generated for a user without a record."""

    user_id: str
    name: str
    avatar: str


class Refused(Struct, frozen=True):
    """An item that was not written, and why: a phrase without the item's own words."""

    index: int
    reason: str
    status: int = 422


class Outcome(Struct):
    """What one transaction did: the items that were written, those left as they were, and those refused."""

    written: list[BulkItem]
    skipped: list[BulkItem]
    refused: list[Refused]


class _Written(Struct):
    """The text of a document within the text of what it came in."""

    profile_data: msgspec.Raw


WRITTEN = msgspec.json.Decoder(_Written)


class NewDocument(Struct, frozen=True):
    """A document that somebody wants to be stored, as it was sent."""

    app_id: int
    data: str


def read(index: int, value: Any, text: str, limits: Limits) -> BulkItem:
    """The item that `text` writes and `value` is. Raises InvalidField with the first rule that it breaks."""
    check_members("item", value, ("user_id", "app_id", "profile_data"))
    user_id, found = _user_id(value["user_id"]), read_document(value, text)
    if len(found.data.encode()) > limits.bytes:
        raise InvalidField("profile_data", f"must be at most {limits.bytes} bytes of JSON", "too_long")
    check_value("profile_data", value["profile_data"], found.data, limits)
    return BulkItem(index, user_id, found.app_id, found.data)


def read_document(value: Mapping[str, Any], text: str) -> NewDocument:
    """The document that `text` writes and `value` has. Raises InvalidField; looks at its characters only."""
    app_id = _app_id(value["app_id"])
    check_characters("profile_data", value["profile_data"], text)
    return NewDocument(app_id, compact(bytes(WRITTEN.decode(text).profile_data).decode()))


def check_members(field: str, value: Any, members: Sequence[str]) -> None:
    """Raise InvalidField unless the value is an object of exactly these members."""
    if not isinstance(value, dict):
        raise InvalidField(field, "must be an object")
    if missing := [name for name in members if name not in value]:
        raise InvalidField(missing[0], "is missing")
    if value.keys() - set(members):
        raise InvalidField(field, f"must have no other members than {', '.join(members)}")


def _user_id(value: Any) -> str:
    if isinstance(value, Number) or not isinstance(value, str) or not is_identifier(value, USER_ID_LIMIT):
        raise InvalidField("user_id", f"must be 1 to {USER_ID_LIMIT} printable ASCII characters")
    return value


def _app_id(value: Any) -> int:
    if not isinstance(value, Number) or not value.isdecimal() or len(value) > 10 or int(value) > LARGEST_ID:
        raise InvalidField("app_id", f"must be an integer between 0 and {LARGEST_ID}")
    return int(value)
