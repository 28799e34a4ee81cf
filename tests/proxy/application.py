"""The application behind the proxy: tells what it was asked, streams, and speaks on an upgraded connection."""

import threading
from typing import BinaryIO

import msgspec
from tests.proxy.listening import Listener, Seen, answer


class Application(Listener):
    """Answers every request with what it saw of it. Below /stream the second half waits for `go_on`."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        super().__init__(self._handle)

    def _handle(self, seen: Seen, raw: BinaryIO) -> bool:
        if "websocket" in seen.values("upgrade"):
            return self._converse(raw)
        if seen.target.startswith("/stream"):
            return self._stream(raw)
        if seen.target.startswith("/broken"):
            raw.write(answer("500 Internal Server Error", {"Retry-After": "77"}, b"the application's own"))
            return True
        raw.write(answer("200 OK", {"Content-Type": "application/json"}, msgspec.json.encode(seen)))
        return True

    def _converse(self, raw: BinaryIO) -> bool:
        raw.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while data := raw.read(1024):
            raw.write(data.upper())
        return False

    def _stream(self, raw: BinaryIO) -> bool:
        raw.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        self.go_on.wait(30)
        raw.write(b"6\r\nsecond\r\n0\r\n\r\n")
        return True
