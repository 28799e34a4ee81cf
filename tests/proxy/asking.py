"""Requests written byte for byte, over TLS: a client library would tidy up what these tests are about."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPMessage, HTTPResponse
from typing import BinaryIO

import msgspec
from msgspec import Struct
from tests.proxy.listening import Header, Seen

HOST = "app.example.com"
PATIENCE = 30
"""Seconds for one answer."""


class Answer(Struct, frozen=True):
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def seen(self) -> Seen:
        """What the application was asked."""
        return msgspec.json.decode(self.body, type=Seen)


class Client:
    """Speaks to the proxy at this port of 127.0.0.1, whose certificate is in the file."""

    def __init__(self, port: int, certificate: str) -> None:
        self.port = port
        self._tls = ssl.create_default_context(cafile=certificate)

    @contextmanager
    def connection(self, host: str = HOST) -> Iterator["Connection"]:
        with (
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain,
            self._tls.wrap_socket(plain, server_hostname=host) as secure,
            secure.makefile("rb") as incoming,
        ):
            yield Connection(secure, incoming)

    def ask(
        self,
        target: str = "/",
        headers: Sequence[Header] = (),
        *,
        method: str = "GET",
        token: str | None = None,
        scheme: str = "Bearer",
        body: bytes = b"",
        host: str = HOST,
    ) -> Answer:
        """One request over a connection of its own, with the target exactly as it is given."""
        own = [("Host", host), ("Connection", "close")]
        own += [("Authorization", f"{scheme} {token}")] if token else []
        own += [("Content-Length", str(len(body)))] if body else []
        with self.connection(host) as connection:
            connection.write(head(method, target, [*own, *headers]) + body)
            return connection.answer(method)


def head(method: str, target: str, headers: Sequence[Header]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


class Connection(Struct, frozen=True):
    """One that is kept for as long as the proxy keeps it."""

    secure: ssl.SSLSocket
    incoming: BinaryIO

    def write(self, data: bytes) -> None:
        self.secure.sendall(data)

    def read(self, count: int = -1) -> bytes:
        return self.incoming.read(count)

    def answer(self, method: str = "GET") -> Answer:
        """The next one, whole."""
        response = HTTPResponse(self, method=method)  # type: ignore[arg-type]
        response.begin()
        return Answer(response.status, response.headers, response.read())

    def until(self, what: bytes) -> bytes:
        """Everything up to this, or to the end of the connection."""
        found = b""
        while what not in found and (more := self.incoming.read(1)):
            found += more
        return found

    def makefile(self, *_: object) -> "Connection":
        """An HTTPResponse takes this for a socket, and reads from what it gets here."""
        return self

    def readline(self, limit: int = -1) -> bytes:
        return self.incoming.readline(limit)

    def close(self) -> None:
        """An HTTPResponse closes what it has read to the end; the connection goes on."""

    def flush(self) -> None:
        pass
