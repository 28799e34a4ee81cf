"""Requests as a program means them, before anybody signs in to anything."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from profilegate.client.errors import FaceError
from profilegate.faces.apps.wire import BulkItem

PIECE = 65_536
"""Bytes that a bulk collects before it sends them."""

DOTS = {".": "%2E", "..": "%2E%2E"}
"""As they are, they would lead elsewhere."""

Item = BulkItem | Mapping[str, Any]


class Bulk:
    """The body of a bulk, written while it is sent, so that memory holds one piece of it."""

    def __init__(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        self._items = items
        self._has_begun = False

    @property
    def can_be_sent(self) -> bool:
        """Whether it is still whole: an iterator gives each item once, a list as often as one asks."""
        if not self._has_begun:
            return True
        again = aiter(self._items) if isinstance(self._items, AsyncIterable) else iter(self._items)
        return again is not self._items

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, in pieces."""
        self._has_begun = True
        piece, comma = bytearray(b'{"profiles":['), b""
        async for item in _each(self._items):
            piece += comma + msgspec.json.encode(item)
            comma = b","
            if len(piece) >= PIECE:
                yield bytes(piece)
                piece.clear()
        yield bytes(piece + b"]}")


class Call(Struct, frozen=True, kw_only=True):
    """One request. `path` is percent-encoded; `error` is the shape of this face's errors.

    `is_repeatable`: doing it twice is the same as doing it once, also for the one who reads the answer.
    """

    method: str
    path: str
    error: type[FaceError]
    body: bytes | Bulk | None = None
    headers: dict[str, str] = {}
    is_repeatable: bool = False

    @property
    def can_be_sent(self) -> bool:
        """Whether all of the body is still there to be sent."""
        return not isinstance(self.body, Bulk) or self.body.can_be_sent

    def content(self) -> bytes | AsyncIterator[bytes] | None:
        """The body, from its beginning."""
        return self.body.pieces() if isinstance(self.body, Bulk) else self.body


def path(*steps: str, **query: str) -> str:
    """A path of these steps, each percent-encoded whole."""
    written = "".join("/" + DOTS.get(step, quote(step, safe="")) for step in steps)
    return f"{written}?{urlencode(query)}" if query else written


def sent(media_type: str = "application/json", if_match: str | None = None) -> dict[str, str]:
    """The headers of a body, and of the condition on which it is to be taken."""
    return {"content-type": media_type} | condition(if_match)


def condition(if_match: str | None) -> dict[str, str]:
    return {} if if_match is None else {"if-match": if_match}


async def _each(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[Item]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
