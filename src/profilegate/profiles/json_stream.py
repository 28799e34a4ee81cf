"""The items of `{"profiles": [...]}` while the body is still coming: memory holds a part of it, never the whole."""

import codecs
import re
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any, NamedTuple

from profilegate.errors import MalformedBody
from profilegate.profiles.json_text import DECODER, Broken, value_of

LONGEST_ITEM = 1_048_576
"""Characters of one item as it was sent, white space and escapes included."""

SPACE = re.compile(r"[ \t\r\n]*")

# What ends or begins an object or array, and strings, in which brackets mean nothing.
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')


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
        self._final = False
        self._steps = self._read()

    def feed(self, piece: bytes) -> Iterator[Item]:
        """The items that are complete with this piece."""
        self._append(self._decoded(piece))
        if self._size >= 2 * LONGEST_ITEM:
            yield from self._ready()

    def end(self) -> Iterator[Item]:
        """The rest of the items; the body is complete."""
        self._append(self._decoded(b"", final=True))
        self._final = True
        yield from self._ready()

    def _decoded(self, piece: bytes, final: bool = False) -> str:
        try:
            return self._utf8.decode(piece, final)
        except UnicodeDecodeError as error:
            raise MalformedBody from error

    def _append(self, text: str) -> None:
        self._pending.append(text)
        self._size += len(text)

    def _ready(self) -> Iterator[Item]:
        """What can be read by now."""
        self._text = self._text[self._place :] + "".join(self._pending)
        self._pending, self._place = [], 0
        for item in self._steps:
            if item is None:
                break  # more of the body is needed
            yield item
        self._size = len(self._text) - self._place

    def _read(self) -> Iterator[Item | None]:
        """The whole body, one step after the other; None where it has to be waited for."""
        for token in ("{", '"profiles"', ":", "["):
            yield from self._token((token,))
        yield from self._space()
        if self._text.startswith("]", self._place):
            yield from self._token(("]",))
        else:
            yield from self._items()
        yield from self._token(("}",))
        yield from self._space()
        if self._place < len(self._text):
            raise MalformedBody

    def _items(self) -> Iterator[Item | None]:
        while True:
            yield from self._space()
            while not self._final and len(self._text) - self._place <= LONGEST_ITEM:
                yield None
            yield self._item()
            yield from self._token((",", "]"))
            if self._text[self._place - 1] == "]":
                return

    def _token(self, tokens: tuple[str, ...]) -> Iterator[None]:
        """Step over white space and one of these tokens."""
        longest = max(map(len, tokens))
        yield from self._space()
        while not self._final and len(self._text) - self._place < longest:
            yield None
        token = next((each for each in tokens if self._text.startswith(each, self._place)), None)
        if token is None:
            raise MalformedBody("The request body must be an object with the one member profiles, an array.")
        self._place += len(token)

    def _space(self) -> Iterator[None]:
        """Step over white space, however much there is."""
        while True:
            found = SPACE.match(self._text, self._place)
            self._place = self._place if found is None else found.end()
            if self._place < len(self._text) or self._final:
                return
            yield None

    def _item(self) -> Item:
        start = self._place
        value, problem = None, None
        try:
            value, end = DECODER.raw_decode(self._text, start)
        except Broken as error:
            problem, end = str(error), self._end_of(start)
        except RecursionError:
            problem, end = "is nested too deeply", self._end_of(start)
        except JSONDecodeError as error:
            raise MalformedBody from error
        if end - start > LONGEST_ITEM:
            raise MalformedBody(f"An item is longer than {LONGEST_ITEM} characters.")
        self._place = end
        return Item(value, self._text[start:end], problem)

    def _end_of(self, start: int) -> int:
        """Where an object or array ends that is JSON, but not of the kind that we take."""
        depth = 0
        if self._text[start] not in "{[":
            raise MalformedBody
        for found in STRING_OR_BRACKET.finditer(self._text, start):
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
            if depth <= 0:
                return found.end()
        raise MalformedBody
