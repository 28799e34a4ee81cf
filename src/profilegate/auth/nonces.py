"""Nonces for proofs of possession (RFC 9449, section 9), made and checked without remembering any."""

import base64
import binascii
import hashlib
import hmac
import struct

LIFETIME = 300
"""Seconds. A proof that was made in advance, for a stolen device's key, ends with its nonce."""

SIGNATURE = 16
"""Bytes of the HMAC-SHA-256 that are kept."""


class Nonces:
    """Nonces that every worker with the same secret knows as its own: a time, and the proof that we wrote it."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"profilegate dpop nonce\0" + secret.encode()).digest()

    def issued(self, now: float) -> str:
        """A nonce for the next LIFETIME seconds; `now` in Unix seconds."""
        time = struct.pack(">Q", int(now))
        return base64.urlsafe_b64encode(time + self._signature(time)).decode().rstrip("=")

    def is_current(self, nonce: str | None, now: float) -> bool:
        """Whether the nonce is one of ours and not too old."""
        try:
            raw = base64.urlsafe_b64decode((nonce or "") + "=" * (-len(nonce or "") % 4))
        except (binascii.Error, ValueError):
            return False
        time, signature = raw[:8], raw[8:]
        if len(time) < 8 or not hmac.compare_digest(signature, self._signature(time)):
            return False
        return -LIFETIME <= int.from_bytes(time, "big") - now <= LIFETIME

    def _signature(self, time: bytes) -> bytes:
        return hmac.digest(self._key, time, "sha256")[:SIGNATURE]
