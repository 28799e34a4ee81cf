"""The keys of issuers, attackers and clients, made once; signing is lazy, so that naming one costs nothing."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry


@dataclass(frozen=True)
class Signer:
    """Makes signatures; `alg` and `kid` are what its tokens say unless their header says otherwise."""

    alg: str
    kid: str | None
    sign: Callable[[bytes], bytes]
    key: Callable[[], Key] | None = None


@cache
def p256(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


@cache
def p384(kid: str) -> ECKey:
    return ECKey.generate_key("P-384", {"kid": kid})


@cache
def rsa2048(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})


@cache
def ed25519(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def signer(alg: str, kid: str, key: Callable[[str], Key], name: str = "") -> Signer:
    """`name` tells keys apart that have the same id."""

    def made() -> Key:
        return key(name or kid)

    return Signer(alg, kid, lambda data: JWSRegistry.algorithms[alg].sign(data, made()), made)


EC = signer("ES256", "ec", p256)
EC384 = signer("ES384", "ec384", p384)
RSA = signer("RS256", "rsa", rsa2048)
PSS = signer("PS256", "rsa", rsa2048)
ED = signer("EdDSA", "ed", ed25519)
USUAL = tuple(each.key for each in (EC, EC384, RSA, ED) if each.key)

ANOTHERS_EC = signer("ES256", "ec", p256, "another issuer's")
ANOTHERS_RSA = signer("RS256", "rsa", rsa2048, "another issuer's")
USUAL_OF_ANOTHER = (lambda: renamed(ANOTHERS_EC), lambda: renamed(ANOTHERS_RSA))

STRANGER = signer("ES256", "ec", p256, "stranger")
STRANGER_RSA = signer("RS256", "rsa", rsa2048, "stranger")
STRANGER_ED = signer("EdDSA", "ed", ed25519, "stranger")
CLIENT = signer("ES256", "client", p256, "client")


def renamed(signer: Signer) -> Key:
    """The key under the id that its signer gives it."""
    assert signer.key
    key = signer.key()
    return type(key).import_key({**key.as_dict(private=True), "kid": signer.kid or ""})


def rsa_key(name: str = "rsa") -> rsa.RSAPrivateKey:
    """For what joserfc does not do."""
    found = rsa2048(name).private_key
    assert found is not None
    return found


def ec_key(of: ECKey) -> ec.EllipticCurvePrivateKey:
    found = of.private_key
    assert found is not None
    return found


def public_jwk(key: Key) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.kid}


def public(signer: Signer) -> dict[str, Any]:
    assert signer.key
    return {**signer.key().as_dict(private=False), "kid": signer.kid}


def private(signer: Signer) -> dict[str, Any]:
    assert signer.key
    return {**signer.key().as_dict(private=True), "kid": signer.kid}


def hmac_of(alg: str, secret: Callable[[], bytes], kid: str | None = "rsa") -> Signer:
    return Signer(alg, kid, lambda data: hmac.digest(secret(), data, f"sha{alg[2:]}"))


# RSA keys that joserfc warns of, and mistakes that it does not make.


@cache
def raw_rsa(bits: int, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def raw_signer(bits: int, kid: str, alg: str = "RS256", exponent: int = 65537) -> Signer:
    return Signer(alg, kid, lambda data: raw_rsa(bits, exponent).sign(data, padding.PKCS1v15(), hashes.SHA256()))


def raw_jwk(bits: int, kid: str, exponent: int = 65537) -> dict[str, Any]:
    numbers = raw_rsa(bits, exponent).public_key().public_numbers()
    return {"kty": "RSA", "kid": kid, "n": number(numbers.n), "e": number(numbers.e)}


def number(value: int) -> str:
    return url64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unurl64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# Certificates


@cache
def certificate(name: str) -> x509.Certificate:
    """Self-signed by a key of its own, or by the stranger's."""
    key = ec_key(p256("stranger")) if name == "stranger" else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    return made.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256())


def der(name: str) -> bytes:
    return certificate(name).public_bytes(Encoding.DER)


def pem(name: str) -> bytes:
    return certificate(name).public_bytes(Encoding.PEM)


def fingerprint(name: str) -> str:
    return url64(hashlib.sha256(der(name)).digest())
