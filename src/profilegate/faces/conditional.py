"""ETags and conditional requests (RFC 9110, section 13), alike on every face that shows the record."""

import re
from typing import Any, Protocol

from litestar import Request

from profilegate.auth.credentials import values
from profilegate.faces.answers import Answer

# The answer depends on who asks, and says so; it may be kept, but is asked about each time.
SHOWN = {
    "cache-control": "private, no-cache",
    "vary": "Authorization, Origin",
    "x-content-type-options": "nosniff",
}

TAG = re.compile(r'(?P<weak>[Ww]/)?"(?P<text>[^"]*)"')
VERSION = re.compile(r"(\d{1,18})-")


class Versioned(Protocol):
    """Whatever is shown with an ETag."""

    @property
    def version(self) -> int: ...


def etag(shown: Versioned, face: str, mask: int = 0) -> str:
    """The strong ETag of a record as a face shows it; `mask` stands for the permissions that shape the answer."""
    return f'"{shown.version}-{face}-{mask}"'


def shown(request: Request[Any, Any, Any], content: Any, tag: str) -> Answer[Any]:
    """The answer with its ETag; 304 without content when the caller has it already."""
    headers = {**SHOWN, "etag": tag}
    if request.method in ("GET", "HEAD") and _is_known(request, tag):
        return Answer(None, status_code=304, headers=headers)
    return Answer(content, status_code=200, headers=headers)


def seen_versions(request: Request[Any, Any, Any]) -> frozenset[int] | None:
    """The versions that `If-Match` names; None when it is absent or `*`.

    Every user has a record from the first access on, so `*` is always met. Weak tags never match here.
    """
    given = _joined(request, b"if-match")
    if given is None or given.strip() == "*":
        return None
    strong = (tag["text"] for tag in TAG.finditer(given) if not tag["weak"])
    return frozenset(int(found[1]) for found in map(VERSION.match, strong) if found)


def if_any(request: Request[Any, Any, Any]) -> bool:
    """Whether the caller wants to change only what is there: `If-Match: *`."""
    return (_joined(request, b"if-match") or "").strip() == "*"


def only_new(request: Request[Any, Any, Any]) -> bool:
    """Whether the caller wants to store only what is not there yet: `If-None-Match: *`."""
    return (_joined(request, b"if-none-match") or "").strip() == "*"


def _is_known(request: Request[Any, Any, Any], tag: str) -> bool:
    given = _joined(request, b"if-none-match")
    return given is not None and is_among(given, tag)


def is_among(given: str, tag: str) -> bool:
    """Whether `If-None-Match` names the tag. The comparison is the weak one (RFC 9110, section 13.1.2)."""
    return given.strip() == "*" or any(f'"{each["text"]}"' == tag for each in TAG.finditer(given))


def _joined(request: Request[Any, Any, Any], name: bytes) -> str | None:
    given = values(request.scope["headers"], name)
    return b", ".join(given).decode("latin-1") if given else None
