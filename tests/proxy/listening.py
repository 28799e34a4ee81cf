"""A small HTTP server on 127.0.0.1 that keeps what it is asked exactly as it came."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Self

from msgspec import Struct

Header = tuple[str, str]


class Seen(Struct, frozen=True):
    """A request as it came: the headers in their order and spelling, a chunked body put together."""

    method: str
    target: str
    headers: list[Header]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Of all headers by this name, in any case."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    @property
    def names(self) -> set[str]:
        """Of all headers, as WSGI, CGI and PHP see them."""
        return {"".join(each if each.isalnum() else "_" for each in name.upper()) for name, _ in self.headers}


Handler = Callable[[Seen, BinaryIO], bool]
"""Answers one request, and says whether the connection may be kept."""


class Listener:
    """Serves each connection in a thread of its own, until it is stopped; `port` stays the same after a `start`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.port = 0
        self.seen: list[Seen] = []
        self.connections = 0
        """How many there have been."""
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    def start(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self._server.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, args=(self._server,), daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """Hangs up on everybody. A second call does nothing."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        while self._threads:
            self._threads.pop().join(10)

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                self.connections += 1
                self._open.add(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb", buffering=0) as raw, suppress(OSError):
            while (seen := read(raw)) is not None:
                self.seen.append(seen)
                if not self._handler(seen, raw):
                    break
        self._open.discard(connection)


def read(raw: BinaryIO) -> Seen | None:
    """The next request, or None when the connection has ended."""
    line = raw.readline().decode("latin-1").split()
    if not line:
        return None
    headers: list[Header] = []
    while text := raw.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = text.partition(":")
        headers.append((name, value.strip()))
    return Seen(line[0], line[1], headers, _body(raw, {name.lower(): value for name, value in headers}))


def _body(raw: BinaryIO, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return _exactly(raw, int(headers.get("content-length", 0)))
    body = b""
    while size := int(raw.readline(), 16):
        body += _exactly(raw, size)
        raw.readline()
    raw.readline()
    return body


def _exactly(raw: BinaryIO, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := raw.read(count - len(data))):
        data += more
    return data


def answer(status: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """An HTTP/1.1 answer. The status is "200 OK"."""
    told = {"Content-Length": str(len(body)), **(headers or {})}
    return (
        "\r\n".join([f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told.items()), "", ""]).encode()
        + body
    )
