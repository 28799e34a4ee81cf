"""Attacks by the signature itself and by keys that may not make it."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc.jwk import OKPKey

from .case import attack, control, section
from .crafting import ALICE, GONE, forged, token
from .keys import (
    EC,
    EC384,
    ED,
    PSS,
    RSA,
    STRANGER,
    STRANGER_ED,
    STRANGER_RSA,
    Signer,
    ec_key,
    hmac_of,
    number,
    p256,
    p384,
    raw_jwk,
    raw_signer,
    rsa2048,
    rsa_key,
    url64,
)
from .world import Attempt, World

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_FIELD = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493

# ECDSA


def pair(r: int, s: int, size: int = 32) -> bytes:
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def made(change: Callable[[int, int], bytes]) -> Callable[[bytes], bytes]:
    """What `change` makes of a genuine r and s."""
    return lambda data: change(*split(EC.sign(data)))


def split(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def other_hash(data: bytes, key: ec.EllipticCurvePrivateKey, size: int, kind: hashes.HashAlgorithm) -> bytes:
    return pair(*decode_dss_signature(key.sign(data, ec.ECDSA(kind))), size)


def p256_as(kind: hashes.HashAlgorithm, size: int = 32) -> Callable[[bytes], bytes]:
    return lambda data: other_hash(data, ec_key(p256("ec")), size, kind)


def p384_as(kind: hashes.HashAlgorithm, size: int = 48) -> Callable[[bytes], bytes]:
    return lambda data: other_hash(data, ec_key(p384("ec384")), size, kind)


def in_point_arithmetic(_: bytes) -> bytes:
    """r is the x of the public key, as one chooses who knows no private key."""
    numbers = p256("ec").public_key.public_numbers()
    return pair(numbers.x % P256_ORDER, numbers.x % P256_ORDER)


ECDSA: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "r and s zero": lambda _: pair(0, 0),
    "r zero": made(lambda r, s: pair(0, s)),
    "s zero": made(lambda r, s: pair(r, 0)),
    "r and s one": lambda _: pair(1, 1),
    "r the order": made(lambda r, s: pair(P256_ORDER, s)),
    "s the order": made(lambda r, s: pair(r, P256_ORDER)),
    "both the order": lambda _: pair(P256_ORDER, P256_ORDER),
    "r one more than the order, s one": lambda _: pair(P256_ORDER + 1, 1),
    "r the field's prime": lambda _: pair(P256_FIELD, 1),
    "all bits": lambda _: b"\xff" * 64,
    "r negated": made(lambda r, s: pair(P256_ORDER - r, s)),
    "r and s swapped": made(lambda r, s: pair(s, r)),
    "s plus one": made(lambda r, s: pair(r, (s + 1) % P256_ORDER)),
    "DER": made(encode_dss_signature),
    "DER of zeros": lambda _: encode_dss_signature(0, 0),
    "a leading zero": lambda data: b"\0" + EC.sign(data),
    "a trailing zero": lambda data: EC.sign(data) + b"\0",
    "33 bytes each": made(lambda r, s: pair(r, s, 33)),
    "48 bytes each": made(lambda r, s: pair(r, s, 48)),
    "r alone": lambda data: EC.sign(data)[:32],
    "63 bytes": lambda data: EC.sign(data)[:63],
    "twice": lambda data: EC.sign(data) * 2,
    "byte order reversed": lambda data: EC.sign(data)[::-1],
    "the public key's x": in_point_arithmetic,
    "of other data": lambda data: EC.sign(data + b"."),
    "of nothing": lambda _: EC.sign(b""),
    "of the claims alone": lambda data: EC.sign(data.partition(b".")[2]),
    "over SHA-384": p256_as(hashes.SHA384()),
    "a stranger's": STRANGER.sign,
}

PARTS = ("header", "claims", "signature")


def with_part(at: Attempt, place: int) -> str:
    """A genuine token, but for one part that is another genuine token's."""
    parts = token(at).split(".")
    parts[place] = token(at, {"more": True}, sub="bob").split(".")[place]
    return ".".join(parts)


# RSA


def private_power(encoded: bytes) -> bytes:
    """The bare RSA operation of the issuer's key."""
    numbers = rsa_key().private_numbers()
    return pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


def digest(data: bytes) -> bytes:
    whole = hashes.Hash(hashes.SHA256())
    whole.update(data)
    return whole.finalize()


INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def filled(data: bytes, start: bytes = b"\0\x01", fill: bytes = b"\xff", info: bytes = INFO) -> bytes:
    """The block that PKCS #1 v1.5 signs, or nearly."""
    end = b"\0" + info + digest(data)
    return start + fill * (256 - len(start) - len(end)) + end


def filled_little(data: bytes) -> bytes:
    """The beginning of a block with as little filling as a careless reader takes."""
    return b"\0\x01" + b"\xff" * 8 + b"\0" + INFO + digest(data)


def cube_root_forgery(data: bytes) -> bytes:
    """Bleichenbacher's: right at the start, rubbish behind; with an exponent of three nobody needs the private key."""
    wanted = int.from_bytes(filled_little(data).ljust(256, b"\xff"), "big")
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= wanted else (low, middle - 1)
    return low.to_bytes(256, "big")


@cache
def number_with_zero() -> int:
    """The number of a token whose genuine RSA signature begins with a zero byte."""
    return next(n for n in range(20_000) if RSA.sign(start_of(n))[0] == 0)


def start_of(n: int) -> bytes:
    return url64(b'{"alg": "RS256", "typ": "at+jwt", "kid": "rsa"}').encode() + b"." + url64(numbered(n)).encode()


def numbered(n: int) -> bytes:
    return json.dumps({**ALICE, "number": n}).encode()


def begins_with_zero(_: Attempt, shorten: bool) -> str:
    """A genuine RSA signature that begins with a zero byte, which is left out when told."""
    start = start_of(number_with_zero())
    signature = RSA.sign(start)
    return f"{start.decode()}.{url64(signature[1:] if shorten else signature)}"


def salted(length: int) -> Callable[[bytes], bytes]:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), length)
    return lambda data: rsa_key().sign(data, pss, hashes.SHA256())


def stranger_pss(data: bytes) -> bytes:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return rsa_key("stranger").sign(data, pss, hashes.SHA256())


def plus_modulus(data: bytes) -> bytes:
    """The same number modulo n, too large to be a signature."""
    n = rsa2048("rsa").public_key.public_numbers().n
    return (int.from_bytes(RSA.sign(data), "big") + n).to_bytes(257, "big")


RSA_SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "zero": lambda _: bytes(256),
    "one": lambda _: bytes(255) + b"\x01",
    "all bits": lambda _: b"\xff" * 256,
    "a leading zero": lambda data: b"\0" + RSA.sign(data),
    "a trailing zero": lambda data: RSA.sign(data) + b"\0",
    "a byte short": lambda data: RSA.sign(data)[:-1],
    "half": lambda data: RSA.sign(data)[:128],
    "the modulus more": plus_modulus,
    "the block itself": filled,
    "block type 2": lambda data: private_power(filled(data, b"\0\x02")),
    "block type 0": lambda data: private_power(filled(data, b"\0\0", b"\0")),
    "other filling": lambda data: private_power(filled(data, fill=b"\xfe")),
    "no digest info": lambda data: private_power(filled(data, info=b"")),
    "another digest info": lambda data: private_power(filled(data, info=INFO.replace(b"\x02\x01", b"\x02\x02"))),
    "rubbish behind": lambda data: private_power(filled_little(data).ljust(256, b"x")),
    "PSS": PSS.sign,
    "a stranger's": STRANGER_RSA.sign,
    "of other data": lambda data: RSA.sign(data + b"."),
}

# EdDSA


def always(signature: bytes) -> Callable[[bytes], bytes]:
    return lambda _: signature


def plus_order(data: bytes) -> bytes:
    signature = ED.sign(data)
    larger = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    return signature[:32] + larger.to_bytes(32, "little")


SMALL_ORDER = {
    "the neutral point": "0100000000000000000000000000000000000000000000000000000000000000",
    "a point of order 2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "a point of order 4": "0000000000000000000000000000000000000000000000000000000000000000",
    "a point of order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "the neutral point, not reduced": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "the neutral point with a sign": "0100000000000000000000000000000000000000000000000000000000000080",
}

EDDSA: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "zeros": lambda _: bytes(64),
    "S and the order": plus_order,
    "S negated": lambda data: negated(ED.sign(data)),
    "a byte more": lambda data: ED.sign(data) + b"\0",
    "a byte less": lambda data: ED.sign(data)[:-1],
    "R and S swapped": lambda data: ED.sign(data)[32:] + ED.sign(data)[:32],
    "of the SHA-512 digest": lambda data: ED.sign(sha512(data)),
    "a stranger's": STRANGER_ED.sign,
    **{f"R {name}, S zero": always(bytes.fromhex(point) + bytes(32)) for name, point in SMALL_ORDER.items()},
}


def negated(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "little")
    return signature[:32] + (ED25519_ORDER - s).to_bytes(32, "little")


def sha512(data: bytes) -> bytes:
    whole = hashes.Hash(hashes.SHA512())
    whole.update(data)
    return whole.finalize()


# Keys that the issuer publishes and that may not sign this

WEAK = raw_signer(1024, "weak")
SHORT = raw_signer(2047, "short")
FINE = raw_signer(2048, "fine")
CUBED = Signer("RS256", "cubed", raw_signer(2048, "cubed", exponent=3).sign)


def odd_keys() -> list[dict[str, Any]]:
    """Each is a right key but for one member."""
    rsa, point = raw_jwk(2048, ""), p256("odd").as_dict(private=False)
    return [
        raw_jwk(1024, "weak"),
        raw_jwk(2047, "short"),
        raw_jwk(2048, "cubed", 3),
        {**rsa, "kid": "fine", "use": "sig", "key_ops": ["verify"], "alg": "RS256"},
        {**rsa, "kid": "padded", "n": number(0) + rsa["n"]},
        *({**rsa, "kid": f"use {use}", "use": use} for use in ODD_USES),
        *({**rsa, "kid": f"key_ops {ops}", "key_ops": ops} for ops in ODD_OPERATIONS),
        *({**rsa, "kid": f"alg {alg}", "alg": alg} for alg in ODD_ALGORITHMS),
        {"kty": "oct", "kid": "oct", "k": "c2VjcmV0"},
        {"kty": "oct", "kid": "oct HS256", "k": "c2VjcmV0", "alg": "HS256", "use": "sig"},
        {**point, "kid": "odd alg", "alg": "ES384"},
        {**point, "kid": "odd curve", "crv": "P-384"},
        {**point, "kid": "odd point", "x": point["y"], "y": point["x"]},
        {**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "x25519"},
        *({"kty": "OKP", "crv": "Ed25519", "kid": name, "x": small(point)} for name, point in SMALL_ORDER.items()),
    ]


def small(point: str) -> str:
    return url64(bytes.fromhex(point))


ODD_USES: list[Any] = ["enc", "SIG", "sig ", "", 5, ["sig"], True]
ODD_OPERATIONS: list[Any] = [[], ["sign"], ["encrypt", "wrapKey"], ["deriveKey"], "verify", {"verify": True}, 5]
ODD_ALGORITHMS: list[Any] = ["RS512", "PS256", "RSA-OAEP", "ES256", "HS256", "none", "", 5]

ODD_ISSUER = World(published=odd_keys)


def odd_ec(kid: str) -> Signer:
    return Signer("ES256", kid, lambda data: other_hash(data, ec_key(p256("odd")), 32, hashes.SHA256()))


def fine_as(kid: str) -> Signer:
    return Signer("RS256", kid, FINE.sign)


CASES = [
    *section(
        "ECDSA",
        control("r and s", forged, made(lambda r, s: pair(r, s))),
        *(attack(name, forged, forge) for name, forge in ECDSA.items()),
        *(attack(f"with the {name} of another token", with_part, place) for place, name in enumerate(PARTS)),
    ),
    *section(
        "ECDSA on another curve",
        control("P-384 as ES384", forged, p384_as(hashes.SHA384()), EC384),
        attack("P-256 as ES384", forged, p256_as(hashes.SHA384(), 48), EC, alg="ES384"),
        attack("P-256 as ES384 with 32 bytes", forged, p256_as(hashes.SHA384(), 32), EC, alg="ES384"),
        attack("P-384 as ES256", forged, p384_as(hashes.SHA256(), 48), EC384, alg="ES256"),
        attack("P-384 over SHA-256", forged, p384_as(hashes.SHA256(), 48), EC384),
        attack("P-256 as EdDSA", forged, EC.sign, EC, alg="EdDSA"),
        attack("P-256 as RS256", forged, EC.sign, EC, alg="RS256"),
        attack("an RSA key as ES256", forged, RSA.sign, RSA, alg="ES256"),
        attack("an Ed25519 key as ES256", forged, ED.sign, ED, alg="ES256"),
        attack("P-256 as ES384, without kid", forged, p256_as(hashes.SHA384(), 48), EC, alg="ES384", kid=GONE),
    ),
    *section(
        "RSA PKCS #1 v1.5",
        control("a signature", forged, RSA.sign, RSA),
        control("the block by hand", forged, lambda data: private_power(filled(data)), RSA),
        control("that begins with a zero byte", begins_with_zero, False),
        attack("that begins with a zero byte, left out", begins_with_zero, True),
        *(attack(name, forged, forge, RSA) for name, forge in RSA_SIGNATURES.items()),
    ),
    *section(
        "RSA PSS",
        control("a signature", forged, PSS.sign, PSS),
        control("a salt of 32 bytes", forged, salted(32), PSS),
        attack("no salt", forged, salted(0), PSS),
        attack("a salt of 20 bytes", forged, salted(20), PSS),
        attack("the longest salt", forged, salted(222), PSS),
        attack("PKCS #1 v1.5", forged, RSA.sign, PSS),
        attack("zeros", forged, lambda _: bytes(256), PSS),
        attack("a leading zero", forged, lambda data: b"\0" + PSS.sign(data), PSS),
        attack("a stranger's", forged, stranger_pss, PSS),
    ),
    *section(
        "EdDSA",
        control("R and S", forged, ED.sign, ED),
        *(attack(name, forged, forge, ED) for name, forge in EDDSA.items()),
    ),
    *section(
        "keys of the issuer that may not sign",
        control("a key in order", token, None, FINE),
        control("an exponent of three", token, None, CUBED),
        attack("an exponent of three, forged without the key", forged, cube_root_forgery, CUBED),
        attack("RSA with 1024 bits", token, None, WEAK),
        attack("RSA with 1024 bits, without kid", token, {"kid": GONE}, WEAK),
        attack("RSA with 2047 bits", token, None, SHORT),
        *(attack(f"use {use!r}", token, None, fine_as(f"use {use}")) for use in ODD_USES),
        *(attack(f"key_ops {ops!r}", token, None, fine_as(f"key_ops {ops}")) for ops in ODD_OPERATIONS),
        *(attack(f"alg {alg!r}", token, None, fine_as(f"alg {alg}")) for alg in ODD_ALGORITHMS),
        attack("a shared secret", token, None, hmac_of("HS256", lambda: b"secret", "oct")),
        attack("a shared secret for HS256", token, None, hmac_of("HS256", lambda: b"secret", "oct HS256")),
        attack("P-256 that is for ES384", token, None, odd_ec("odd alg")),
        attack("P-256 that calls itself P-384", token, None, odd_ec("odd curve")),
        attack("a point that is not on the curve", token, None, odd_ec("odd point")),
        attack("X25519", forged, ED.sign, ED, kid="x25519"),
        world=ODD_ISSUER,
    ),
]
