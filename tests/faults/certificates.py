"""TLS contexts for the fault proxy: one that clients trust, and several that they must not."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NAMES = "names.invalid"
"""Hosts under it are this machine, while their names can be resolved."""


class Signed(NamedTuple):
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + self.certificate.public_bytes(Encoding.PEM)


def issue(name: str, by: Signed | None, days: tuple[int, int] = (-1, 30)) -> Signed:
    """A certificate for `name`, its subdomains and 127.0.0.1, or an authority when nobody signs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(_alternatives(name), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_signer((by.key if by else key).public_key()), critical=False)
    )
    return Signed(builder.sign(by.key if by else key, SHA256()), key)


def _signer(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _alternatives(name: str) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.DNSName(f"*.{name}")]
    if name == NAMES:
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    return x509.SubjectAlternativeName(names)


class Certificates:
    """`authority` is the file of the one trusted authority; `contexts` are for servers, by name."""

    def __init__(self, folder: Path) -> None:
        trusted, foreign = issue("Trusted", None), issue("Foreign", None)
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(trusted.certificate.public_bytes(Encoding.PEM))
        made = {
            "good": issue(NAMES, trusted),
            "untrusted": issue(NAMES, foreign),
            "self-signed": issue(NAMES, None),
            "other host": issue("another.invalid", trusted),
            "expired": issue(NAMES, trusted, (-30, -1)),
        }
        self.contexts = {name: _context(folder / f"{name}.pem", signed) for name, signed in made.items()}


def _context(path: Path, signed: Signed) -> ssl.SSLContext:
    path.write_bytes(signed.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
