"""What a browser keeps for us and can neither read nor change: JWE with a direct key (RFC 7516, A256GCM)."""

from hashlib import sha256
from typing import Generic, TypeVar

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

T = TypeVar("T", bound=msgspec.Struct)

HEADER = {"alg": "dir", "enc": "A256GCM"}


class Seal(Generic[T]):
    """Seals values of one kind with a secret that all workers share. Nothing sealed for another purpose opens."""

    def __init__(self, secret: str, kind: type[T]) -> None:
        self._key = OctKey.import_key(sha256(f"{kind.__name__}\0{secret}".encode()).digest())
        self._decoder = msgspec.json.Decoder(kind)

    def sealed(self, value: T) -> str:
        """The value, as text for a cookie."""
        return jwe.encrypt_compact(dict(HEADER), msgspec.json.encode(value), self._key)

    def opened(self, text: str) -> T | None:
        """The value; None for anything that was not sealed here. Says nothing of its age."""
        try:
            return self._decoder.decode(jwe.decrypt_compact(text, self._key).plaintext or b"")
        except (JoseError, ValueError, TypeError, msgspec.MsgspecError):
            return None
