"""Who is at work on a record, so that whoever hears of it can tell them."""

from typing import Any, Self

from profilegate.profiles.record import ProfileKey


class UnderWay:
    """Something that is done about a record in its block, and in the block is `among` what is done under the key."""

    def __init__(self, among: dict[ProfileKey, set[Any]], key: ProfileKey) -> None:
        self._among = among
        self._key = key

    def __enter__(self) -> Self:
        self._among.setdefault(self._key, set()).add(self)
        return self

    def __exit__(self, *_: object) -> None:
        others = self._among[self._key]
        others.discard(self)
        if not others:
            del self._among[self._key]
