"""HMAC-SHA256 in hexadecimal: of the body alone, or of "timestamp.body" in a header `t=...,v1=...`."""

import hmac
from hashlib import sha256

from msgspec import Struct

from profilegate.errors import InvalidSignature
from profilegate.sync.said import Payload
from profilegate.sync.signatures.bodies import json_payload
from profilegate.sync.signatures.given import Headers, Verified, check_window, is_one_of, only

MOST_SIGNATURES = 20


class Digest(Struct, frozen=True):
    """The header holds the MAC of the body. It says nothing of the time; the inbox knows a body again."""

    header: str
    keys: tuple[bytes, ...]

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        given = only(headers, self.header).lower().removeprefix("sha256=")
        if not is_one_of([given], [hexadecimal(key, body) for key in self.keys]):
            raise InvalidSignature("the signature is not by one of the source's secrets")
        return Verified(self.payload(body))

    def payload(self, body: bytes) -> Payload:
        return json_payload(body)


class Timestamped(Struct, frozen=True):
    """The header holds a time, in seconds or milliseconds, and one MAC or several; `tolerance` is in seconds.

    The header may have an `X-` before its name: one provider's own pages write it both ways.
    """

    header: str
    keys: tuple[bytes, ...]
    tolerance: int

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        name = self.header if self.header in headers else f"x-{self.header}"
        pairs = [part.strip().partition("=") for part in only(headers, name).split(",")]
        times = [value for kind, _, value in pairs if kind == "t"]
        if len(times) != 1:
            raise InvalidSignature("the signature must have exactly one time")
        check_window(times[0], now, self.tolerance)
        given = [value.lower() for kind, _, value in pairs if kind == "v1"][:MOST_SIGNATURES]
        signed = b".".join((times[0].encode(), body))
        if not is_one_of(given, [hexadecimal(key, signed) for key in self.keys]):
            raise InvalidSignature("no signature is by one of the source's secrets")
        return Verified(self.payload(body))

    def payload(self, body: bytes) -> Payload:
        return json_payload(body)


def hexadecimal(key: bytes, signed: bytes) -> str:
    return hmac.digest(key, signed, sha256).hex()
