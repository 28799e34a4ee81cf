"""A TCP proxy in front of a server, which can stand still with all its connections open, or talk nonsense."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Forwarding:
    """Listens on 127.0.0.1 and forwards to the port, unless it is `frozen` or has `nonsense` to say."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.nonsense = b""
        self._clients: set[asyncio.StreamWriter] = set()
        self.connections = 0
        self.port = 0

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def say(self, words: bytes) -> None:
        """To every client, in the server's name."""
        for writer in self._clients:
            writer.write(words)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._clients.add(writer)
        if self.nonsense:
            writer.write(self.nonsense)
            await reader.read()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            await asyncio.gather(self._forward(reader, back), self._forward(there, writer))
        finally:
            self._clients.discard(writer)
            back.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._flowing.wait()
                writer.write(data)
        writer.close()


@asynccontextmanager
async def forwarding(port: int) -> AsyncIterator[Forwarding]:
    proxy = Forwarding(port)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await proxy.connected(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.thaw()
        for task in [*tasks]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
