"""The items of a bulk while they come: which may be written, and which are repeated."""

import hashlib
from collections.abc import Mapping

from profilegate.errors import InvalidField
from profilegate.profiles.applications import Problem
from profilegate.profiles.bulk import BulkItem, read
from profilegate.profiles.json_stream import Item
from profilegate.profiles.json_text import Limits


class BulkChecks:
    """Checks each item by itself and beside those before it. Keeps digests of them, about 150 bytes each."""

    def __init__(self, applications: Mapping[int, Problem], limits: Limits) -> None:
        self._applications = applications
        self._limits = limits
        self._known: dict[bytes, bytes] = {}

    def checked(self, index: int, item: Item) -> BulkItem | None:
        """The document to write; None for one that is the same as an earlier item. Raises InvalidField."""
        if item.problem is not None:
            raise InvalidField("item", item.problem, "json")
        found = read(index, item.value, item.text, self._limits)
        if found.app_id not in self._applications:
            raise InvalidField("app_id", "is not a registered application", "unknown_app")
        if (problem := self._applications[found.app_id](found.data)) is not None:
            raise InvalidField("profile_data", problem, "schema")
        return found if self._is_first(found) else None

    def _is_first(self, item: BulkItem) -> bool:
        """Whether it is the first for its user and application. Raises InvalidField for a second, different one."""
        place, data = _digest(f"{item.app_id} {item.user_id}"), _digest(item.data)
        before = self._known.setdefault(place, data)
        if before != data:
            raise InvalidField("item", "is the second for its user and application, and differs", "duplicate")
        return before is data


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
