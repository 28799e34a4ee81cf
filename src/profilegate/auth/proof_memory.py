"""Which proofs of possession were used, so that none is used twice (RFC 9449, section 11.1)."""

import hashlib
import heapq
from typing import Protocol

from profilegate.auth.dpop import Proof
from profilegate.errors import Unavailable

MOST = 100_000
"""Proofs remembered in one process, about 200 bytes each; that many in 90 seconds are a thousand a second."""


class ProofMemory(Protocol):
    """Remembers a proof until nobody would accept it any more."""

    async def is_first(self, use: bytes, expires_at: int, now: int) -> bool:
        """Remember this use, in one atomic step; False when it is known already. Times are Unix seconds.

        Raises Unavailable when it cannot be remembered: then nobody may be admitted by it.
        """


def use_of(proof: Proof) -> bytes:
    """What is remembered: a digest of the proof's key and id, 32 bytes whatever the client wrote."""
    return hashlib.sha256(f"{proof.thumbprint}\0{proof.id}".encode()).digest()


class LocalProofMemory:
    """For one process, where there is no database. N workers would each accept a proof once.

    A full memory admits nobody instead of forgetting: whoever has a valid token could make it forget.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: set[bytes] = set()
        self._ends: list[tuple[int, bytes]] = []

    async def is_first(self, use: bytes, expires_at: int, now: int) -> bool:
        while self._ends and self._ends[0][0] < now:
            self._known.discard(heapq.heappop(self._ends)[1])
        if use in self._known:
            return False
        if len(self._known) >= self._most:
            raise Unavailable("too many proofs of possession to remember")
        self._known.add(use)
        heapq.heappush(self._ends, (expires_at, use))
        return True
