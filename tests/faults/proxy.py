"""A fault proxy: an HTTP/1.1 listener on 127.0.0.1 in front of a provider, which breaks what it is told to break."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

HOST = "127.0.0.1"
HEAD_LIMIT = 65_536
RESET = struct.pack("ii", 1, 0)


class Request(NamedTuple):
    """One request as it came in. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def place(self) -> str:
        """The last part of the path: which of the provider's documents this is about."""
        return self.path.partition("?")[0].rpartition("/")[2]


class Answer(NamedTuple):
    """One answer; Content-Length is added when it is written."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)

    def head(self, length: int | str | None) -> bytes:
        """The status line and the headers, with this Content-Length or none."""
        listed = [*self.headers, *([] if length is None else [("content-length", str(length))])]
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in listed), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def written(self) -> bytes:
        return self.head(len(self.body)) + self.body


Upstream = Callable[[Request], Answer]


@dataclass
class Exchange:
    """One request on one connection, and what may be done to it."""

    request: Request
    upstream: Upstream
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    elsewhere: str = ""
    """Another server, which answers all of this well and must never be asked."""

    def healthy(self) -> Answer:
        """What the provider would say."""
        return self.upstream(self.request)

    async def send(self, piece: bytes) -> None:
        self.writer.write(piece)
        await self.writer.drain()

    async def gone(self, seconds: float | None = None) -> bool:
        """Whether the client goes away within this time; without one, wait until it does."""
        try:
            await asyncio.wait_for(self.reader.read(), seconds)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """RST instead of FIN."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()


Act = Callable[[Exchange], Awaitable[None]]
NOTHING = Request("", "", {}, b"")


@dataclass(frozen=True)
class Fault:
    """What is broken. `act` answers a request; `greet` meets a connection before its request is read.

    Not `listening`, nobody is there to connect to. `tls` is the certificate shown instead of the good one,
    or "plain" for none at all. `names` is what the host's name is: "lost" or "hanging".
    `times` are the token's, in seconds from now.
    """

    name: str
    act: Act | None = None
    greet: Act | None = None
    listening: bool = True
    tls: str | None = None
    names: str | None = None
    times: tuple[tuple[str, int], ...] = ()

    @property
    def is_of_the_listener(self) -> bool:
        return not self.listening or bool(self.tls or self.greet or self.names)


@dataclass
class Proxy:
    """Listens on one port for one provider. `contexts` are TLS contexts by name, "good" among them; none is http."""

    upstream: Upstream
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)
    elsewhere: str = ""
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    fault: Fault | None = None
    places: frozenset[str] = frozenset()
    _reserved: socket.socket = field(default_factory=lambda: bound(0))
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def port(self) -> int:
        """Kept while nobody listens on it."""
        return int(self._reserved.getsockname()[1])

    async def start(self) -> None:
        await self._listen("good")

    async def stop(self) -> None:
        self._deaf()
        self.cut()
        self._reserved.close()

    async def inject(self, fault: Fault, *places: str) -> None:
        """Break what is asked at these places from now on, or everything when none is named."""
        self.fault, self.places = fault, frozenset(places)
        if fault.is_of_the_listener:
            self._deaf()
            self.cut()
            if fault.listening:
                await self._listen(fault.tls or "good")

    async def mend(self) -> None:
        """In order again, as after a restart: what was under way is cut off."""
        fault, self.fault = self.fault, None
        if fault is not None and fault.is_of_the_listener:
            self._deaf()
            await self._listen("good")
        self.cut()

    @property
    def open(self) -> int:
        """How many connections clients keep."""
        return len(self._open)

    def cut(self) -> None:
        """Break all connections."""
        for writer in self._open:
            writer.transport.abort()

    async def _listen(self, name: str) -> None:
        context = self.contexts.get(name)
        self._server = await asyncio.start_server(
            self._connected, sock=bound(self.port), ssl=context, limit=HEAD_LIMIT, backlog=1024
        )

    def _deaf(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away
        finally:
            self._open.discard(writer)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault is not None and self.fault.greet is not None:
            await self.fault.greet(Exchange(NOTHING, self.upstream, reader, writer))
            return
        while not writer.is_closing():
            request = await read_request(reader)
            self.asked.append(request.place)
            await self._answer(Exchange(request, self.upstream, reader, writer, self.elsewhere))

    async def _answer(self, exchange: Exchange) -> None:
        fault = self.fault
        if fault is None or fault.act is None or (self.places and exchange.request.place not in self.places):
            await exchange.send(exchange.healthy().written())
        else:
            await fault.act(exchange)


def bound(port: int) -> socket.socket:
    """A socket at this port, or at a free one for 0; several may be, but at most one that listens."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((HOST, port))
    return made


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request of a connection, with a body only where Content-Length tells one."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")[:-2]
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
