"""The items of `{"profiles": [...]}` while the body is still coming: memory holds a part of it, never the whole."""

import codecs
import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any, NamedTuple

from profilegate.errors import MalformedBody
from profilegate.profiles.json_text import DECODER, Broken, value_of

LONGEST_ITEM = 1_048_576
"""Characters of one item as it was sent, white space and escapes included."""

HEAD = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"profiles"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*')
BETWEEN = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")
TAIL = re.compile(r"[ \t\r\n]*\}[ \t\r\n]*\Z")
SPACE = re.compile(r"[ \t\r\n]*")

PLAIN = JSONDecoder(parse_int=str, parse_float=str)


class Item(NamedTuple):
    """One item: its value with Numbers, or what is wrong with it, and its text."""

    value: Any
    text: str
    problem: str | None = None


def one_item(line: bytes) -> Item:
    """The item that a line of newline-delimited JSON is."""
    try:
        text = line.decode("utf-8").strip()
        return Item(value_of(text), text)
    except UnicodeDecodeError:
        return Item(None, "", "is not UTF-8")
    except Broken as error:
        return Item(None, "", str(error))


class ItemStream:
    """Takes the body in pieces of any size and gives its items. All methods raise MalformedBody.

    An item is read only when its end must be at hand, so that an error is never just a body that is not here yet.
    """

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._pending: list[str] = []
        self._size = 0
        self._text = ""
        self._place = 0
        self._begun = self._ended = False

    def feed(self, piece: bytes) -> Iterator[Item]:
        """The items that are complete with this piece."""
        self._append(self._decoded(piece))
        if self._size >= 2 * LONGEST_ITEM:
            yield from self._items(final=False)

    def end(self) -> Iterator[Item]:
        """The rest of the items; the body is complete."""
        self._append(self._decoded(b"", final=True))
        yield from self._items(final=True)
        if not self._ended or not TAIL.match(self._text, self._place):
            raise MalformedBody

    def _decoded(self, piece: bytes, final: bool = False) -> str:
        try:
            return self._utf8.decode(piece, final)
        except UnicodeDecodeError as error:
            raise MalformedBody from error

    def _append(self, text: str) -> None:
        self._pending.append(text)
        self._size += len(text)

    def _items(self, final: bool) -> Iterator[Item]:
        self._text = self._text[self._place :] + "".join(self._pending)
        self._pending, self._place = [], 0
        if not self._begun:
            self._begin()
        while not self._ended and (final or len(self._text) - self._place >= LONGEST_ITEM):
            yield self._item()
        self._size = len(self._text) - self._place

    def _begin(self) -> None:
        head = HEAD.match(self._text)
        if head is None:
            raise MalformedBody("The request body must be an object with the one member profiles, an array.")
        self._begun, self._place = True, head.end()
        if self._text.startswith("]", self._place):
            self._ended, self._place = True, self._place + 1

    def _item(self) -> Item:
        start = self._place
        value, problem = None, None
        try:
            value, end = DECODER.raw_decode(self._text, start)
        except Broken as error:
            problem, end = str(error), self._end_of(start)
        except (JSONDecodeError, RecursionError) as error:
            raise MalformedBody from error
        if end - start > LONGEST_ITEM:
            raise MalformedBody(f"An item is longer than {LONGEST_ITEM} characters.")
        self._step_over(end)
        return Item(value, self._text[start:end], problem)

    def _end_of(self, start: int) -> int:
        """Where an item ends that is JSON, but not of the kind that we take."""
        try:
            _, end = PLAIN.raw_decode(self._text, start)
        except (JSONDecodeError, RecursionError) as error:
            raise MalformedBody from error
        return end

    def _step_over(self, end: int) -> None:
        between = BETWEEN.match(self._text, end)
        if between is None:
            raise MalformedBody
        self._place = between.end()
        self._ended = between[1] == "]"
