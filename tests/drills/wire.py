"""One client's connection, written and read byte by byte: an answer, or the way in which there was none."""

import asyncio
from contextlib import suppress
from ssl import SSLContext
from time import monotonic
from typing import NamedTuple, Self

HOST = "127.0.0.1"
PATIENCE = 30.0
"""Seconds after which a client takes a silence for the answer."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(NamedTuple):
    """`status` is 0 where none came, and `lost` then says how."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    lost: str = ""

    @property
    def kind(self) -> str:
        """For counting: a 503 that does not say when to come again is another than one that does."""
        if self.lost:
            return self.lost
        bare = self.status == 503 and "retry-after" not in self.headers
        return "503 without Retry-After" if bare else str(self.status)


class Wire:
    """A connection that is kept while the server keeps it, and opened again when it has gone."""

    def __init__(self, port: int, tls: SSLContext | None = None, host: str = HOST) -> None:
        self._port, self._tls, self._host = port, tls, host
        self._streams: Streams | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def ask(self, written: bytes, patience: float = PATIENCE) -> Answer:
        """Send a request and wait for its answer."""
        began = monotonic()
        try:
            async with asyncio.timeout(patience):
                status, headers, body = await self._exchange(written)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            return Answer(0, {}, b"", monotonic() - began, how(error))
        if headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body, monotonic() - began)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _exchange(self, written: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await self.opened()
        reader, writer = self._streams
        writer.write(written)
        return await read(reader)

    async def opened(self) -> Streams:
        name = self._host if self._tls else None
        return await asyncio.open_connection(HOST, self._port, ssl=self._tls, server_hostname=name)


def how(error: Exception) -> str:
    """In which way there was no answer."""
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "silent" if isinstance(error, TimeoutError) else "cut off"


async def read(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """The next answer, whole. Raises EOFError where the connection ends before."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, await _body(reader, headers)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def all_answers(reader: asyncio.StreamReader, quiet: float) -> list[int]:
    """The statuses of all answers until the connection ends, or nothing has come for so many seconds."""
    statuses: list[int] = []
    with suppress(OSError, EOFError, TimeoutError):
        while True:
            async with asyncio.timeout(quiet):
                statuses.append((await read(reader))[0])
    return statuses
