"""The two cookies: of the session, and of a sign-in that is under way.

On https their names begin with `__Host-`, so that no other host, port or path can set them (RFC 6265bis, 4.1.3.2).
"""

from collections.abc import Iterable

from litestar.datastructures import Cookie
from msgspec import Struct

LONGEST = 4096
"""Bytes of a cookie that are looked at; browsers keep no more."""


class Cookies(Struct, frozen=True):
    """Their names and flags; `secure` unless the page is on http, which is for loopback only."""

    secure: bool

    @property
    def session(self) -> str:
        return self._named("profilegate")

    @property
    def attempt(self) -> str:
        return self._named("profilegate-sign-in")

    def kept(self, name: str, value: str, seconds: int) -> Cookie:
        """A cookie that scripts cannot read and that other sites' forms do not send."""
        return Cookie(name, value=value, path="/", max_age=seconds, secure=self.secure, httponly=True, samesite="lax")

    def gone(self, name: str) -> Cookie:
        return self.kept(name, "", 0)

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name


def cookie_of(headers: Iterable[tuple[bytes, bytes]], name: str) -> str:
    """The value of a cookie; empty when it is not there, or the header cannot be read."""
    for header, value in headers:
        if header.lower() == b"cookie" and len(value) <= 4 * LONGEST:
            for part in value.decode("latin-1").split(";"):
                key, _, found = part.strip().partition("=")
                if key == name and len(found) <= LONGEST:
                    return found
    return ""
