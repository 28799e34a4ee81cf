"""Verified tokens, remembered: a signature costs 30 to 600 microseconds, and most requests come with a token again."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from profilegate.auth.issuer import KnownIssuer
from profilegate.auth.key_set import SigningKey
from profilegate.auth.principal import Principal
from profilegate.auth.tokens import Validity
from profilegate.second_chance import SecondChance

MOST = 48 * 1_048_576
"""Bytes of one worker's remembered tokens with their callers; some 11,000 of the usual size."""

OVERHEAD = 3_584
"""Bytes that an entry takes besides its token, with what the caller was let see."""


class Remembered(Struct, eq=False):
    """A caller, and what must still be so for the token to be good without another look at it.

    `let_in` is for whoever keeps at which paths the caller was let see what: it lives as long as this.
    """

    principal: Principal
    issuer: KnownIssuer
    keys: Sequence[SigningKey]
    validity: Validity
    size: int
    is_used: bool = False
    let_in: dict[str, Any] = {}

    def is_good(self, now: float) -> bool:
        """Whether the token is current, and the issuer's keys are the very ones that verified it and not due."""
        return self.validity.includes(now) and self.issuer.keys.still(self.keys)


class RememberedTokens:
    """Good JWTs by their bytes; what has not been used for long is forgotten first. `clock` gives Unix seconds.

    Only what was verified gets in, so junk pushes out nothing. State per worker: N workers verify a token N times.
    It says nothing of the user's standing, nor of a proof of possession: those are checked with every request.
    `verified` counts tokens that got in, and `hits` requests that made use of one, as told by those who used it.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._known: SecondChance[bytes, Remembered] = SecondChance(most)
        self.hits = self.verified = 0

    def good(self, token: bytes) -> Remembered | None:
        """What is remembered of the token, if it is still good. One that is not is forgotten."""
        entry = self._known.get(token)
        if entry is None:
            return None
        if not entry.is_good(self._clock()):
            self._known.forget(token)
            return None
        entry.is_used = True
        return entry

    def remember(self, token: bytes, principal: Principal, issuer: KnownIssuer, validity: Validity) -> None:
        """Call this right after the verification, before anything is awaited: then the keys are those that did it."""
        self.verified += 1
        self._known.put(token, Remembered(principal, issuer, issuer.keys.known, validity, len(token) + OVERHEAD))

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
