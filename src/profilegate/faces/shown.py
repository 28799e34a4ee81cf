"""Records as faces show them, in the bytes that are sent."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from profilegate.auth.credentials import Header
from profilegate.faces.answers import described, encoded
from profilegate.faces.conditional import SHOWN

ALWAYS = encoded(SHOWN)


class Shown(Struct, gc=False):
    """A record as a face shows it; `headers` are those of a 200, `brief` those of a 304."""

    face: str
    body: bytes
    tag: str
    headers: list[Header]
    brief: list[Header]


def made(face: str, shown: Any, tag: str) -> Shown:
    """The answer in bytes."""
    body = bytes(memoryview(msgspec.json.encode(shown)))  # as encoded it keeps half as much again in reserve
    brief = [*ALWAYS, (b"etag", tag.encode("latin-1"))]
    return Shown(face, body, tag, brief + described(body), brief)


def listed(face: str, bodies: Iterable[bytes]) -> Shown:
    """Many records in one answer. It has no ETag, so nobody can ask whether it is known."""
    whole = b'{"profiles":[%b]}' % b",".join(bodies)
    return Shown(face, whole, "", ALWAYS + described(whole), [])
