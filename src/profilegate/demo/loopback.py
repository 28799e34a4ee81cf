"""What counts as this machine. A provider without passwords must be reachable from nowhere else."""

import re
from urllib.parse import urlsplit

from profilegate.identifiers import is_loopback

ORIGIN = r"https?://(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?"
"""The web origins of pages served from this machine, as a pattern for the whole text."""

_REDIRECT = re.compile(r"(http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?(/.*)?")


def checked_issuer(issuer: str) -> str:
    """The issuer as it was given. Raises ValueError unless it is `http://`, a loopback host and at most a port."""
    parts = urlsplit(issuer)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise ValueError(f"the development provider serves http on a loopback address only, not {issuer!r}")
    if issuer != f"http://{parts.netloc}" or "@" in parts.netloc or parts.port == 0:
        raise ValueError(f"the issuer must be a bare origin such as http://127.0.0.1:9000, not {issuer!r}")
    return issuer


def names_loopback(host_header: str) -> bool:
    """The same for the value of a `Host` header, which may carry a port."""
    try:
        return is_loopback(urlsplit(f"//{host_header}").hostname or "")
    except ValueError:
        return False


def without_port(redirect_uri: str) -> str:
    """A loopback redirect URI less its port (RFC 8252, section 7.3); any other text unchanged.

    The pattern takes the whole text or nothing, so that no two readers of URLs can disagree about the host.
    """
    match = _REDIRECT.fullmatch(redirect_uri)
    return f"{match[1]}{match[2] or '/'}" if match else redirect_uri
