"""Nonces for proofs of possession (RFC 9449, section 9), made and checked without remembering any."""

import base64
import binascii
import hashlib
import hmac
import struct

LIFETIME = 300
"""Seconds. A proof that was made in advance, for a stolen device's key, ends with its nonce."""

SIGNATURE = 16
"""Bytes of the HMAC-SHA-256 that are kept. With the time's eight they make 32 characters and no padding."""


class Nonces:
    """Nonces that every worker with the same secret knows as its own: a time, and the proof that we wrote it."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"profilegate dpop nonce\0" + secret.encode()).digest()

    def issued(self, now: float) -> str:
        """A nonce for the next LIFETIME seconds; `now` in Unix seconds."""
        return self._written(struct.pack(">Q", int(now)))

    def is_current(self, nonce: str | None, now: float) -> bool:
        """Whether the nonce is one of ours and not too old."""
        try:
            time = base64.urlsafe_b64decode((nonce or "")[:12])[:8]
        except (binascii.Error, ValueError):
            return False
        if not hmac.compare_digest((nonce or "").encode(errors="replace"), self._written(time).encode()):
            return False
        return -LIFETIME <= int.from_bytes(time, "big") - now <= LIFETIME

    def _written(self, time: bytes) -> str:
        signature = hmac.digest(self._key, time, "sha256")[:SIGNATURE]
        return base64.urlsafe_b64encode(time + signature).decode()
