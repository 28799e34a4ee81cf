"""What may name a user, a tenant or a server, wherever the name comes from."""

import ipaddress
import unicodedata
from urllib.parse import urlsplit

USER_ID_LIMIT = 255
"""Characters, as OpenID Connect allows for `sub`."""

TENANT_ID_LIMIT = 128
"""Characters."""

# Control and format characters, white space of every kind, lone surrogates.
AMBIGUOUS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})


def is_identifier(text: str, limit: int) -> bool:
    """Whether `text` is 1 to `limit` printable ASCII characters."""
    return 0 < len(text) <= limit and text.isascii() and text.isprintable()


def is_web_address(text: str) -> bool:
    """Whether `text` is an absolute http or https URL with a host, and all readers of URLs agree on what it means.

    User info is refused because browsers send it on; white space, backslashes and odd ports because readers
    differ about them. It says nothing about who answers there.
    """
    if "\\" in text or any(unicodedata.category(character) in AMBIGUOUS for character in text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and port != 0


def is_trusted_url(url: str) -> bool:
    """Whether a URL may be a provider's or our own: https, or http on a loopback address; no query, no fragment."""
    if not is_web_address(url):
        return False
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_origin(text: str) -> bool:
    """Whether `text` is the origin of a trusted URL as browsers write it: no path, nothing but small ASCII letters."""
    return text.isascii() and is_trusted_url(text) and not urlsplit(text).path and text == text.lower()


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
