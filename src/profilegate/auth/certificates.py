"""A client's TLS certificate, as the proxy that ended the TLS passes it on, to its thumbprint (RFC 8705)."""

import base64
import binascii
import hashlib
from urllib.parse import unquote_to_bytes

from joserfc.util import urlsafe_b64encode

from profilegate.errors import InvalidToken

LIMIT = 16_384
"""Bytes of the header."""

BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def thumbprint(header: bytes) -> str | None:
    """base64url of the SHA-256 of the certificate in DER; None for an empty header: the client had none.

    Takes a byte sequence as RFC 9440 has it, `:base64:`, and percent-encoded PEM as nginx and others write it. Does
    not verify the certificate, which is the proxy's business. Raises InvalidToken for anything else.
    """
    value = header.strip()
    if not value:
        return None
    try:
        der = base64.b64decode(_encoded(value), validate=True)
    except (binascii.Error, ValueError):
        der = b""
    if not der or len(value) > LIMIT:
        raise InvalidToken("the client certificate cannot be read")
    return urlsafe_b64encode(hashlib.sha256(der).digest()).decode()


def _encoded(value: bytes) -> bytes:
    """The base64 in either writing; an empty one, which is no certificate, where it is neither."""
    if len(value) > 1 and value.startswith(b":") and value.endswith(b":"):
        return value[1:-1]
    pem = unquote_to_bytes(value).strip()
    if not pem.startswith(BEGIN) or not pem.endswith(END) or pem.count(BEGIN) > 1:
        return b""
    return b"".join(pem.removeprefix(BEGIN).removesuffix(END).split())
