"""Standard Webhooks, and Svix's names for the same headers: a MAC or an Ed25519 signature of "id.timestamp.body"."""

import base64
import hmac
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode
from msgspec import Struct

from profilegate.errors import InvalidSignature
from profilegate.sync.said import Payload
from profilegate.sync.signatures.bodies import json_payload
from profilegate.sync.signatures.given import Headers, Verified, check_window, is_one_of, only

PREFIXES = ("webhook", "svix")

# The specification separates signatures by spaces; one sender in use by ", ". Base64 holds neither.
SIGNATURE = re.compile(r"(?<![^\s,])(v1a?),([A-Za-z0-9+/]{1,200}={0,2})(?![^\s,])")
MOST_SIGNATURES = 20

LONGEST_ID = 256
"""Characters."""


class StandardWebhooks(Struct, frozen=True):
    """`keys` are the shared secrets, `public_keys` those for `v1a`; `tolerance` is in seconds."""

    keys: tuple[bytes, ...]
    public_keys: tuple[Any, ...]
    tolerance: int

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        prefix = next((each for each in PREFIXES if f"{each}-signature" in headers), PREFIXES[0])
        delivery_id, time, said = (only(headers, f"{prefix}-{part}") for part in ("id", "timestamp", "signature"))
        if len(delivery_id) > LONGEST_ID:
            raise InvalidSignature("the id is too long")
        check_window(time, now, self.tolerance)
        signed = b".".join((delivery_id.encode("latin-1"), time.encode(), body))
        signatures = SIGNATURE.findall(said)[:MOST_SIGNATURES]
        if not (self._has_mac(signed, signatures) or self._has_signature(signed, signatures)):
            raise InvalidSignature("no signature is by one of the source's secrets")
        return Verified(self.payload(body), delivery_id)

    def payload(self, body: bytes) -> Payload:
        return json_payload(body)

    def _has_mac(self, signed: bytes, signatures: Sequence[tuple[str, str]]) -> bool:
        expected = [mac(key, signed) for key in self.keys]
        return is_one_of([text for kind, text in signatures if kind == "v1"], expected)

    def _has_signature(self, signed: bytes, signatures: Sequence[tuple[str, str]]) -> bool:
        return any(
            _is_by(key, signed, signature)
            for signature in _decoded(text for kind, text in signatures if kind == "v1a")
            for key in self.public_keys
        )


def mac(key: bytes, signed: bytes) -> str:
    """The part of a `v1` signature after the comma."""
    return base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def shared_key(secret: str) -> bytes:
    """The bytes of a secret, which is written `whsec_<base64>`, or as Supabase does, `v1,whsec_<base64>`.

    Raises ValueError when it is not base64.
    """
    return base64.b64decode(secret.removeprefix("v1,").removeprefix("whsec_"), validate=True)


def public_key(secret: str) -> Any:
    """The Ed25519 key that is written `whpk_<base64>`. Raises ValueError when it is none."""
    raw = base64.b64decode(secret.removeprefix("whpk_"), validate=True)
    try:
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(raw).decode()})
    except JoseError as error:
        raise ValueError("not an Ed25519 key") from error


def _decoded(texts: Any) -> Iterator[bytes]:
    for text in texts:
        try:
            yield base64.b64decode(text, validate=True)
        except ValueError:
            continue


def _is_by(key: Any, signed: bytes, signature: bytes) -> bool:
    try:
        return JWSRegistry.algorithms["Ed25519"].verify(signed, signature, key)
    except (JoseError, ValueError, TypeError):
        return False
