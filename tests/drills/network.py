"""A TCP proxy on 127.0.0.1 whose line can be slow, silent, cut, or not there."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.drills.wire import HOST

RESET = struct.pack("ii", 1, 0)


class Line:
    """From a port of its own to another. `delay` is in seconds, each way."""

    def __init__(self, upstream: int) -> None:
        self.delay = 0.0
        self.port = 0
        self._upstream = upstream
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._open: set[asyncio.StreamWriter] = set()

    def stall(self) -> None:
        """Nothing passes any more, and nobody is told: connections are still taken."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def reset(self) -> None:
        """RST to both ends of every connection; what was on its way is gone."""
        for writer in self._open:
            with suppress(OSError):  # closed a moment ago
                raw: socket.socket = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection(HOST, self._upstream)
            self._open |= {writer, back}
            try:
                await asyncio.gather(self._forward(reader, back), self._forward(there, writer))
            finally:
                self._open -= {writer, back}
                back.transport.abort()
        writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await asyncio.sleep(self.delay)
            await self._flowing.wait()
            writer.write(data)
        writer.close()


@asynccontextmanager
async def line(upstream: int) -> AsyncIterator[Line]:
    """One that is in order, while the block lasts."""
    made = Line(upstream)
    server = await asyncio.start_server(made.connected, HOST, 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.flow()
        made.reset()
