"""What may name a user, a tenant or a server, wherever the name comes from."""

import ipaddress
from urllib.parse import urlsplit

USER_ID_LIMIT = 255
"""Characters, as OpenID Connect allows for `sub`."""

TENANT_ID_LIMIT = 128
"""Characters."""


def is_identifier(text: str, limit: int) -> bool:
    """Whether `text` is 1 to `limit` printable ASCII characters."""
    return 0 < len(text) <= limit and text.isascii() and text.isprintable()


def is_trusted_url(url: str) -> bool:
    """Whether a URL is https with a host, or http on a loopback address, without user info, query or fragment.

    It says nothing about who answers there.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
