"""A bounded cache in which a hit costs no more than a look-up: nothing is put in order while it is used."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

CHANCES = 64
"""How many that have been used are let stay, one after the other, until one is forgotten all the same."""


class Kept(Protocol):
    """What can be kept. `size` is in bytes; whoever uses it sets `is_used`."""

    size: int
    is_used: bool


K = TypeVar("K")
V = TypeVar("V", bound=Kept)


class SecondChance(Generic[K, V]):
    """Forgets what came first, unless it has been used since; that comes last then. Keeps at most `most` bytes.

    `left` is told of whatever is no longer kept.
    """

    def __init__(self, most: int, left: Callable[[V], None] = lambda _: None) -> None:
        self.most = most
        self.size = 0
        self._left = left
        self._kept: OrderedDict[K, V] = OrderedDict()
        self.get: Callable[[K], V | None] = self._kept.get
        """What is kept under a key."""

    def put(self, key: K, kept: V) -> None:
        """Keep this, and no longer what was under the key. What is larger than `most` is not kept."""
        self.forget(key)
        if kept.size <= self.most:
            while self.size + kept.size > self.most:
                self._make_room()
            self._kept[key] = kept
            self.size += kept.size

    def forget(self, key: K) -> None:
        """Keep nothing under this key."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size -= kept.size
            self._left(kept)

    def clear(self) -> None:
        """Keep nothing."""
        everything = [*self._kept.values()]
        self._kept.clear()
        self.size = 0
        for kept in everything:
            self._left(kept)

    def _make_room(self) -> None:
        for _ in range(CHANCES):
            key, kept = next(iter(self._kept.items()))
            if not kept.is_used:
                break
            kept.is_used = False
            self._kept.move_to_end(key)
        self.forget(next(iter(self._kept)))
