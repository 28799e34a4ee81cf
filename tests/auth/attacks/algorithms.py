"""Attacks by the algorithm that a token names (RFC 8725, sections 2.1 and 3.1)."""

import json
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry
from tests.faces.running import issuer

from .case import attack, control, section
from .crafting import GONE, forged, token, unsigned
from .keys import EC, EC384, ED, PSS, RSA, STRANGER, Signer, hmac_of, p256, public, rsa2048, rsa_key, unurl64
from .world import World

NOT_OURS: list[Any] = ["es256", "ES256 ", "ES256\0", "SHA256withECDSA", "E", "", None, ["ES256"], {"ES256": True}]

NOT_NONE: list[Any] = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "none ",
    " none",
    "none\0",
    "",
    "null",
    None,
    False,
    0,
    [],
    ["none"],
    {},
]

RSA_ONLY = World(issuers=(issuer(algorithms=("RS256",)),))


def encoded(key: Key, encoding: Encoding, form: PublicFormat) -> bytes:
    assert isinstance(key, (RSAKey, ECKey))
    return key.public_key.public_bytes(encoding, form)


def rsa_as(encoding: Encoding, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    return encoded(rsa2048("rsa"), encoding, form)


def ec_as(encoding: Encoding, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    return encoded(p256("ec"), encoding, form)


def modulus() -> str:
    text = public(RSA)["n"]
    assert isinstance(text, str)
    return text


SECRETS = {
    "the RSA key as PEM": lambda: rsa_as(Encoding.PEM),
    "the RSA key as PEM without its last line break": lambda: rsa_as(Encoding.PEM).rstrip(),
    "the RSA key as PEM with CRLF": lambda: rsa_as(Encoding.PEM).replace(b"\n", b"\r\n"),
    "the RSA key as PKCS#1 PEM": lambda: rsa_as(Encoding.PEM, PublicFormat.PKCS1),
    "the RSA key as DER": lambda: rsa_as(Encoding.DER),
    "the RSA key as PKCS#1 DER": lambda: rsa_as(Encoding.DER, PublicFormat.PKCS1),
    "the RSA key as JWK": lambda: json.dumps(public(RSA)).encode(),
    "the RSA key as compact JWK": lambda: json.dumps(public(RSA), separators=(",", ":")).encode(),
    "the RSA key's thumbprint": lambda: rsa2048("rsa").thumbprint().encode(),
    "the modulus": lambda: unurl64(modulus()),
    "the modulus in base64url": lambda: modulus().encode(),
    "the EC key as PEM": lambda: ec_as(Encoding.PEM),
    "the EC key as DER": lambda: ec_as(Encoding.DER),
    "the EC key as JWK": lambda: json.dumps(public(EC)).encode(),
    "the EC key's point": lambda: ec_as(Encoding.X962, PublicFormat.UncompressedPoint),
    "nothing": lambda: b"",
    "the key id": lambda: b"rsa",
    "the word secret": lambda: b"secret",
}


DISGUISED = [(RSA, "HS256", SECRETS["the RSA key as PEM"]), (EC, "HS512", SECRETS["the EC key as PEM"])]


def sha1(data: bytes) -> bytes:
    return rsa_key().sign(data, padding.PKCS1v15(), hashes.SHA1())


def secp256k1(data: bytes) -> bytes:
    der = ec.generate_private_key(ec.SECP256K1()).sign(data, ec.ECDSA(hashes.SHA256()))
    return der[-64:]


def with_hash(by: Signer, alg: str) -> Signer:
    """The signer's own key with another algorithm of its kind."""
    return Signer(alg, by.kid, lambda data: JWSRegistry.algorithms[alg].sign(data, by.key() if by.key else None))


CASES = [
    *section(
        "no algorithm",
        control("an algorithm and its signature", token),
        *(attack(f"alg {alg!r} without signature", unsigned, alg) for alg in NOT_NONE),
        attack("no alg without signature", unsigned, GONE),
        *(attack(f"alg {alg!r} with a genuine ES256 signature", token, {"alg": alg}) for alg in ("none", "", None)),
        attack("no alg with a genuine signature", token, {"alg": GONE}),
        attack("alg none with a made-up signature", forged, lambda _: b"signature", alg="none"),
        attack("alg none without kid", unsigned, "none", by=replace(EC, kid=None)),
        attack("ES256 without signature", unsigned, "ES256"),
        attack("RS256 without signature", unsigned, "RS256", by=RSA),
    ),
    *section(
        "HMAC with what is public",
        control("the same key used as an RSA key", token, by=RSA),
        control("the same key used as an EC key", token, by=EC),
        *(attack(f"HS256 with {name}", token, by=hmac_of("HS256", secret)) for name, secret in SECRETS.items()),
        *(
            attack(f"{alg} with {name}", token, by=hmac_of(alg, SECRETS[name]))
            for alg in ("HS384", "HS512")
            for name in ("the RSA key as PEM", "the RSA key as DER", "the RSA key as JWK", "the modulus")
        ),
        attack("HS256 without kid", token, by=hmac_of("HS256", SECRETS["the RSA key as PEM"], None)),
        attack("hs256 in lower case", token, {"alg": "hs256"}, by=hmac_of("HS256", SECRETS["the RSA key as PEM"])),
        *(
            attack(f"an HMAC that calls itself {by.alg}", forged, hmac_of(alg, key).sign, by)
            for by, alg, key in DISGUISED
        ),
    ),
    *section(
        "algorithms that are not the issuer's",
        control("ES256", token, by=EC),
        control("ES384", token, by=EC384),
        control("RS256", token, by=RSA),
        control("PS256", token, by=PSS),
        control("EdDSA", token, by=ED),
        control("Ed25519, its newer name", token, {"alg": "Ed25519"}, by=ED),
        *(attack(alg, token, by=with_hash(RSA, alg)) for alg in ("RS384", "RS512", "PS384", "PS512")),
        attack("RS1", forged, sha1, RSA, alg="RS1"),
        attack("RS256 over SHA-1", forged, sha1, RSA),
        attack("ES256K", forged, secp256k1, EC, alg="ES256K"),
        *(attack(f"alg {alg!r}", token, {"alg": alg}) for alg in NOT_OURS),
        attack("Ed448 by an Ed25519 key", token, {"alg": "Ed448"}, by=ED),
        attack("Ed25519 by an EC key", token, {"alg": "Ed25519"}, by=EC),
        attack("Ed25519 by an EC key that calls itself one", token, {"alg": "Ed25519", "kid": "ed"}, by=EC),
        attack("dir", token, {"alg": "dir", "enc": "A256GCM"}),
        attack("RSA-OAEP", token, {"alg": "RSA-OAEP", "enc": "A256GCM"}, by=RSA),
        attack("ALG in capitals instead", token, {"alg": GONE, "ALG": "ES256"}),
    ),
    *section(
        "an issuer with one algorithm",
        control("its own", token, by=RSA),
        attack("another one by a key that it does publish", token, by=EC),
        attack("another one by the same key", token, by=PSS),
        attack("its own, signed as another one", forged, PSS.sign, RSA),
        attack("its own, signed by a stranger's key of another kind", token, {"alg": "RS256"}, by=STRANGER),
        world=RSA_ONLY,
    ),
]
