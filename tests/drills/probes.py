"""Requests that are no good, sent as they stand, and what came back."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from ssl import SSLContext
from typing import Any

from msgspec import Struct
from tests.bench.issuing import Person
from tests.drills.wire import HOST, Streams, Wire, all_answers

QUIET = 2.0
"""Seconds of silence after which nothing more will come."""

PIECE = 65_536


class Door(Struct, frozen=True):
    """A way to the service: its port itself, or a proxy before it."""

    port: int
    tls: Any = None
    host: str = HOST

    async def opened(self) -> Streams:
        tls: SSLContext | None = self.tls
        return await Wire(self.port, tls, self.host).opened()


class Probe(Struct, frozen=True):
    """`pieces` is what is sent; nothing of it may be answered twice, or by an error of the server's own.

    A `legal` one may be answered well. A proxy may read one that is `loose` as it is meant, and what stands behind it
    as the next request: it frames both anew, so that nobody behind it can see their ends elsewhere.
    """

    name: str
    pieces: Sequence[bytes]
    legal: bool = False
    loose: bool = False

    def wrong(self, statuses: Sequence[int], *, proxied: bool = False) -> str | None:
        """What must not have been answered."""
        loosely = self.loose and proxied
        fine = all(is_right(each, self.legal or loosely) for each in statuses) and len(statuses) <= 1 + loosely
        return None if fine else f"{self.name}: {statuses}"


def is_right(status: int, legal: bool) -> bool:
    """A client's error, a coding or a version that is not known, or, where that is `legal`, no error at all."""
    return 400 <= status < 500 or status in (501, 505) or (legal and status == 200)


async def answers(door: Door, pieces: Iterable[bytes], quiet: float = QUIET) -> list[int]:
    """The statuses of all answers to what is sent over one connection."""
    try:
        reader, writer = await door.opened()
    except OSError:
        return []
    sending = asyncio.create_task(_sent(writer, pieces))
    try:
        return await all_answers(reader, quiet)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.transport.abort()


async def _sent(writer: asyncio.StreamWriter, pieces: Iterable[bytes]) -> None:
    with suppress(OSError):
        for each in pieces:
            writer.write(each)
            await writer.drain()


async def refused(door: Door, probes: Sequence[Probe], at_once: int = 8) -> AsyncIterator[tuple[Probe, list[int]]]:
    """Each probe with what came back; some at a time, each over a connection of its own."""
    places = asyncio.Semaphore(at_once)

    async def one(probe: Probe) -> tuple[Probe, list[int]]:
        async with places:
            return probe, await answers(door, probe.pieces)

    for done in asyncio.as_completed([one(each) for each in probes]):
        yield await done


def head(door: Door, person: Person, *lines: str, request: str = "", ends: str = "\r\n") -> bytes:
    """A change of the person's own name, but for these further lines, up to its body."""
    asked = request or f"PUT /v1/profiles/user/{person.user_id} HTTP/1.1"
    usual = [f"Host: {door.host}", f"Authorization: Bearer {person.token}", "Content-Type: application/json"]
    return ends.join([asked, *usual, *lines, "", ""]).encode("latin-1")
