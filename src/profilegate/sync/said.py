"""What a provider's payload says, before it is known whose record that is about."""

import re
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct

from profilegate.auth.claimed import milliseconds
from profilegate.profiles.events import Kind

Payload = dict[str, Any]

INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
"""Of an array in a JSON pointer (RFC 6901, section 4)."""


class Said(Struct, frozen=True, kw_only=True):
    """One thing that a provider says of one user.

    `subject` is the user's id as in the tokens' `sub`, or None where only the session is named. `occurred_at` is in
    Unix milliseconds; None means when it was received. `fields` are as in `profiles.events.IdentityEvent`.
    `is_thin` means that the provider knows more than it says, so it has to be asked. A "logout" ends the sessions
    of our own pages and nothing else.
    """

    subject: str | None
    kind: Kind | Literal["logout"]
    occurred_at: int | None = None
    sequence: int = 0
    delivery_id: str = ""
    """Of this part of the delivery, where it has several."""
    tenant: str | None = None
    fields: dict[str, Any] = {}
    is_thin: bool = False
    session_id: str | None = None
    issuer: str | None = None
    """Where the payload names it."""


class Unreadable(ValueError):
    """A payload that is not as its provider documents it. The text does not repeat it."""


def pointed(payload: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901), or None when there is none."""
    value = payload
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and INDEX.fullmatch(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def text_at(payload: Any, pointer: str) -> str | None:
    """The text at a pointer; None for anything else, the empty text included."""
    value = pointed(payload, pointer)
    return value if isinstance(value, str) and value else None


def required(payload: Any, pointer: str) -> str:
    """The text at a pointer. Raises Unreadable when there is none."""
    found = text_at(payload, pointer)
    if found is None:
        raise Unreadable(f"{pointer} is not a text")
    return found


def moment(value: Any) -> int | None:
    """A time as Unix milliseconds: ISO 8601 text, seconds or milliseconds; None for anything else."""
    if not isinstance(value, str):
        return milliseconds(value)
    if value.isascii() and value.isdecimal() and len(value) <= 14:
        return milliseconds(int(value))
    try:
        parsed = datetime.fromisoformat(value)
        told = int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return told if told > 0 else None


def whole(value: Any) -> int:
    """A sequence number; 0 for anything that is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        value = int(value)
    return value if type(value) is int and 0 <= value < 10**18 else 0
