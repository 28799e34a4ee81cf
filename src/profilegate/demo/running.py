"""Two servers in one process, so that when the process ends nothing is left."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

HOST = "127.0.0.1"

# Seconds. A server that is not up by then never will be.
PATIENCE = 15


@asynccontextmanager
async def served(app: Litestar, port: int) -> AsyncIterator[None]:
    """The application on a loopback port while inside. Raises what its start raised."""
    server = Server(app, address=HOST, port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.wait_for(_listening(port, serving), PATIENCE)
        yield
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await serving


async def _listening(port: int, serving: asyncio.Task[None]) -> None:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
    await serving


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there, else any free port. Somebody else may take it a moment later."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            return free_port()
        port: int = probe.getsockname()[1]
        return port
