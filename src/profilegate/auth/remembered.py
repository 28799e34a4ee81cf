"""Verified tokens, remembered: a signature costs 30 to 600 microseconds, and most requests come with a token again."""

from collections.abc import Callable, Sequence

from cachetools import LRUCache
from msgspec import Struct

from profilegate.auth.issuer import KnownIssuer
from profilegate.auth.key_set import SigningKey
from profilegate.auth.principal import Principal
from profilegate.auth.tokens import Validity

MOST = 32 * 1_048_576
"""Bytes of one worker's remembered tokens with their callers; some 12,000 of the usual size."""

OVERHEAD = 2_048
"""Bytes that an entry takes besides its token."""


class Remembered(Struct, frozen=True):
    """A caller, and what must still be so for the token to be good without another look at it."""

    principal: Principal
    issuer: KnownIssuer
    keys: Sequence[SigningKey]
    validity: Validity
    size: int

    def is_good(self, now: float) -> bool:
        """Whether the token is current, and the issuer's keys are the very ones that verified it and not due."""
        return self.validity.includes(now) and self.issuer.keys.still(self.keys)


class RememberedTokens:
    """Good JWTs by their bytes, the least recently used forgotten first. `clock` gives Unix seconds.

    Only what was verified gets in, so junk pushes out nothing. State per worker: N workers verify a token N times.
    It says nothing of the user's standing, nor of a proof of possession: those are checked with every request.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._known: LRUCache[bytes, Remembered] = LRUCache(most, lambda entry: entry.size)
        self.hits = self.verified = 0

    def principal(self, token: bytes) -> Principal | None:
        """Whom the token names, if it is remembered and still good. One that is not is forgotten."""
        try:
            entry = self._known[token]
        except KeyError:
            return None
        if entry.is_good(self._clock()):
            self.hits += 1
            return entry.principal
        del self._known[token]
        return None

    def remember(self, token: bytes, principal: Principal, issuer: KnownIssuer, validity: Validity) -> None:
        """Call this right after the verification, before anything is awaited: then the keys are those that did it."""
        self.verified += 1
        entry = Remembered(principal, issuer, issuer.keys.known, validity, len(token) + OVERHEAD)
        if entry.size <= self._known.maxsize:
            self._known[token] = entry

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
