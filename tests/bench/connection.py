"""Kept connections over raw sockets, each with one request at a time: a client that costs little."""

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import NamedTuple, cast

LENGTH = b"content-length:"


class Answer(NamedTuple):
    """An answer, and the seconds until all of it was there."""

    status: int
    body: bytes
    seconds: float


Heard = Callable[[int, Answer], None]


class Connection(asyncio.Protocol):
    """Takes the next number, asks, waits for the answer, and so on until there is none left."""

    def __init__(self, numbers: Iterator[int], written: Callable[[int], bytes], heard: Heard) -> None:
        self._numbers, self._written, self._heard = numbers, written, heard
        self._seen = b""
        self._whole: int | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if self._whole is None:
            self._whole = size(self._seen)
        if self._whole is not None and len(self._seen) >= self._whole:
            self._answered()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))

    def _answered(self) -> None:
        taken = perf_counter() - self._began
        _, _, body = self._seen.partition(b"\r\n\r\n")
        try:
            self._heard(self._number, Answer(int(self._seen[9:12]), body, taken))
        except AssertionError as error:
            self.done.set_exception(error)
            self._transport.abort()
        else:
            self._next()

    def _next(self) -> None:
        self._seen, self._whole = b"", None
        number = next(self._numbers, None)
        if number is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._number, self._began = number, perf_counter()
        self._transport.write(self._written(number))


def size(seen: bytes) -> int | None:
    """Bytes of the answer that begins so; None while its head is not complete. Raises ValueError without a length."""
    head, end, _ = seen.partition(b"\r\n\r\n")
    if not end:
        return None
    (length,) = (line[len(LENGTH) :] for line in head.lower().split(b"\r\n") if line.startswith(LENGTH))
    return len(head) + len(end) + int(length)


async def ask(port: int, numbers: Iterator[int], written: Callable[[int], bytes], heard: Heard, clients: int) -> None:
    """All these numbers, by so many connections at once."""
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Connection(numbers, written, heard), "127.0.0.1", port))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(each.done for each in made))
