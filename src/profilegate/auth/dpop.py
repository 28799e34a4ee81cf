"""Proofs of possession (RFC 9449, sections 4.3 and 7.1): pure functions of the proof, the request and the time."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from joserfc.util import urlsafe_b64encode
from msgspec import Struct

from profilegate.auth.jws import UnverifiedToken, parsed, signed_by
from profilegate.auth.key_set import SECRETS, SigningKey, signing_key, text
from profilegate.errors import InvalidProof, InvalidToken
from profilegate.identifiers import is_web_address
from profilegate.settings import ALGORITHMS

LIMIT = 8_192
"""Bytes. A proof carries an RSA key of 4096 bits in less than 2,000."""

LONGEST_ID = 256
"""Characters of `jti`."""

LEEWAY = 30
"""Seconds by which a client's clock may be ahead of ours."""

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

PORTS = {"http": 80, "https": 443}

Address = tuple[str, str, int, str]


class Proof(Struct, frozen=True):
    """A proof that holds, but for its being the first of its id. `thumbprint` is its key's (RFC 7638)."""

    thumbprint: str
    id: str
    nonce: str | None
    expires_at: int
    """Unix seconds after which it would not be accepted any more, so that it need not be remembered."""


def proved(proof: bytes, method: str, urls: Iterable[str], token: bytes, now: float, max_age: int) -> Proof:
    """The proof, if it was made for this request and token within the last `max_age` seconds, give or take LEEWAY.

    `urls` are the addresses under which the client may know what it asks for, `now` is Unix seconds. Raises
    InvalidProof. Whether the token is bound to the proof's key, whether the proof is used for the first time, and its
    nonce are for the caller to check.
    """
    taken_apart = _parsed(proof)
    key = _key(taken_apart)
    if not signed_by(key, taken_apart):
        raise InvalidProof("its signature does not match its key")
    claims = taken_apart.claims
    if text(claims, "htm") != method:
        raise InvalidProof("htm is another method")
    address = normalised(text(claims, "htu") or "")
    if address is None or address not in {_address(url, resolved=False) for url in urls}:
        raise InvalidProof("htu is another address")
    if not hmac.compare_digest((text(claims, "ath") or "").encode(), _digest(token)):
        raise InvalidProof("ath is not the hash of the token")
    return Proof(key.thumbprint, _id(claims), text(claims, "nonce"), _expiry(claims, now, max_age))


def normalised(url: str) -> Address | None:
    """Scheme, host, port and path, alike for all writings of one address (RFC 3986, sections 6.2.2 and 6.2.3).

    Query and fragment are left out, as section 4.3 has it; None when it is no http address.
    """
    return _address(url, resolved=True)


def _address(url: str, resolved: bool) -> Address | None:
    """A request's own dot segments are not resolved: no router does it, so `/x/../y` is not `/y`, and has no proof."""
    if not is_web_address(url):
        return None
    parts = urlsplit(url)
    path = re.sub("%[0-9A-Fa-f]{2}", lambda each: _escape(each[0]), parts.path)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or PORTS[parts.scheme],
        _resolved(path) if resolved else path or "/",
    )


def _resolved(path: str) -> str:
    """Without dot segments (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    *folders, last = path.removeprefix("/").split("/")
    for segment in folders:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if last == "..":
        kept = kept[:-1]
    return "/" + "/".join([*kept, "" if last in (".", "..") else last])


def _escape(escape: str) -> str:
    """Escapes in capitals, and none of what needs no escape."""
    character = unquote(escape, encoding="latin-1")
    return character if character in UNRESERVED else escape.upper()


def _parsed(proof: bytes) -> UnverifiedToken:
    if len(proof) > LIMIT:
        raise InvalidProof(f"larger than {LIMIT} bytes")
    try:
        taken_apart = parsed(proof.strip())
    except InvalidToken:
        raise InvalidProof("not a JWT") from None
    if taken_apart.type != "dpop+jwt":
        raise InvalidProof("typ is not dpop+jwt")
    if taken_apart.algorithm not in ALGORITHMS:
        raise InvalidProof("the algorithm is not an asymmetric one that is known here")
    if taken_apart.is_extended:
        raise InvalidProof("the header has extensions that change its meaning")
    return taken_apart


def _key(proof: UnverifiedToken) -> SigningKey:
    jwk = proof.header.get("jwk")
    if not isinstance(jwk, dict) or not SECRETS.isdisjoint(jwk):
        raise InvalidProof("jwk is not a public key")
    key = signing_key(jwk)
    if key is None:
        raise InvalidProof("jwk is not a key that can be used")
    return key


def _id(claims: dict[str, Any]) -> str:
    given = text(claims, "jti") or ""
    if not 0 < len(given) <= LONGEST_ID:
        raise InvalidProof(f"jti must be 1 to {LONGEST_ID} characters")
    return given


def _expiry(claims: dict[str, Any], now: float, max_age: int) -> int:
    issued: Any = claims.get("iat")
    if type(issued) not in (int, float) or not now - max_age - LEEWAY <= issued <= now + LEEWAY:
        raise InvalidProof("iat is not the present time")
    return int(issued) + max_age + 2 * LEEWAY  # by any machine's clock


def _digest(token: bytes) -> bytes:
    return urlsafe_b64encode(hashlib.sha256(token).digest())
