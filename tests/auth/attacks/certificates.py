"""Attacks on tokens that are bound to a client's TLS certificate (RFC 8705), which a proxy passes on (RFC 9440)."""

import base64
import hashlib
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.faces.running import PUBLIC_URL

from profilegate.settings import ServerSettings

from .case import MALFORMED, attack, bearer, control, raw, section
from .crafting import token
from .keys import certificate, der, fingerprint, pem, url64
from .proofs import thumbprint
from .world import Attempt, Sent, World

MUTUAL_TLS = World(
    server=ServerSettings(
        public_url=PUBLIC_URL, trusted_proxies=("10.0.0.0/8",), client_certificate_header="Client-Cert"
    )
)


def certified(
    at: Attempt,
    *values: str | bytes,
    peer: str = "10.0.0.1",
    name: bytes = b"client-cert",
    cnf: dict[str, Any] | None = None,
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> Sent:
    """A token that is bound to the client's certificate, from a peer that passes on these."""
    access_token = token(at, cnf=HERS if cnf is None else cnf)
    passed_on = tuple((name, raw(each)) for each in values)
    return Sent((*bearer(access_token).headers, *passed_on, *more), peer=(peer, 4711))


def rfc9440(name: str) -> bytes:
    return b":" + base64.b64encode(der(name)) + b":"


def escaped(name: str) -> str:
    return quote(pem(name).decode(), safe="")


GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "colons": b"::",
    "a colon": b":",
    "no base64": b":!!!:",
    "base64 of something else": b":Z2FyYmFnZQ==:",
    "text": b"CN=alice",
    "an empty PEM": b"-----BEGIN%20CERTIFICATE-----%0A-----END%20CERTIFICATE-----%0A",
    "a PEM of something else": b"-----BEGIN%20PUBLIC%20KEY-----%0AAAAA%0A-----END%20PUBLIC%20KEY-----%0A",
    "binary": bytes(range(128, 200)),
    "100 kB": b":" + b"A" * 100_000 + b":",
    "the fingerprint": fingerprint("client").encode(),
    "half an escape": b"%",
}


def of_the_key() -> str:
    key = certificate("client").public_key()
    return url64(hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest())


def with_byte_behind() -> bytes:
    return b":" + base64.b64encode(der("client") + b"\0") + b":"


HERS = {"x5t#S256": fingerprint("client")}

ODD_HERS: dict[str, dict[str, Any]] = {
    "in hexadecimal": {"x5t#S256": hashlib.sha256(der("client")).hexdigest()},
    "with padding": {"x5t#S256": fingerprint("client") + "="},
    "to the key, not the certificate": {"x5t#S256": of_the_key()},
    "in a list": {"x5t#S256": [fingerprint("client")]},
    "by SHA-1": {"x5t": url64(hashlib.sha1(der("client")).digest())},
    "to a key, too": {**HERS, "jkt": thumbprint()},
    "to something unknown, too": {**HERS, "unknown": "x"},
    "to null, too": {**HERS, "jkt": None},
}

SAYING_A_PROXY = ((b"x-forwarded-for", b"10.0.0.1"), (b"x-real-ip", b"10.0.0.1"), (b"forwarded", b"for=10.0.0.1"))

PEERS = {
    "a peer that is no proxy": "198.51.100.7",
    "a neighbour of the proxies": "11.0.0.1",
    "this machine": "127.0.0.1",
    "this machine over IPv6": "::1",
    "a peer without address": "",
    "a peer with a name": "unix:/run/socket",
}

CASES = [
    *section(
        "client certificates",
        control("as RFC 9440 has it", certified, rfc9440("client")),
        control("as escaped PEM", certified, escaped("client")),
        control("as escaped PEM in lower case", certified, escaped("client").replace("%0A", "%0a")),
        control("from a proxy over IPv6", certified, rfc9440("client"), peer="::ffff:10.0.0.1"),
        attack("none", certified),
        attack("another", certified, rfc9440("other")),
        attack("another as PEM", certified, escaped("other")),
        *(attack(f"from {name}", certified, rfc9440("client"), peer=peer) for name, peer in PEERS.items()),
        attack("from one who says a proxy's name", certified, rfc9440("client"), peer="::1", more=SAYING_A_PROXY),
        attack("in another header", certified, rfc9440("client"), name=b"x-client-cert"),
        attack("in a header with an underscore", certified, rfc9440("client"), name=b"client_cert"),
        attack("two", certified, rfc9440("client"), rfc9440("other")).answered(MALFORMED),
        attack("two, the right one last", certified, rfc9440("other"), rfc9440("client")).answered(MALFORMED),
        attack("the same twice", certified, rfc9440("client"), rfc9440("client")).answered(MALFORMED),
        attack("an empty one beside it", certified, rfc9440("client"), "").answered(MALFORMED),
        attack("two in one header", certified, rfc9440("other") + b", " + rfc9440("client")),
        attack("two in one PEM", certified, escaped("other") + escaped("client")),
        attack("cut short", certified, rfc9440("client")[:-9] + b":"),
        attack("with a byte behind", certified, with_byte_behind()),
        *(attack(f"garbage: {name}", certified, value) for name, value in GARBAGE.items()),
        *(attack(f"bound {name}", certified, rfc9440("client"), cnf=cnf) for name, cnf in ODD_HERS.items()),
        world=MUTUAL_TLS,
    ),
    *section(
        "client certificates where none is configured",
        control("an unbound token", token),
        attack("a header that nobody asked for", certified, rfc9440("client")),
        attack("a header that nobody asked for, from this machine", certified, rfc9440("client"), peer="127.0.0.1"),
    ),
]
