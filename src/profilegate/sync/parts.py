"""Small parts that several providers' payloads have in common."""

from typing import Any

import msgspec

from profilegate.profiles.events import SUSPENSION


def contact(field: str, value: Any, is_proven: bool) -> dict[str, Any]:
    """An e-mail address or phone number as a field. An unproven one may be anybody's, so nothing is said of it."""
    if value is None or value == "":
        return {field: None}
    return {field: value} if is_proven else {}


def suspended(flag: Any) -> dict[str, Any]:
    """The suspension as a field; nothing where there is no flag, because that is no word of the provider."""
    return {SUSPENSION: flag} if isinstance(flag, bool) else {}


def full_name(*parts: Any) -> str | None:
    """The parts that are texts, with a space between them; None when none is."""
    return " ".join(part for part in parts if isinstance(part, str) and part) or None


def object_in(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object that a text holds; None for anything else."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return found if isinstance(found, dict) else None
