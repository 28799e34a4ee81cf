"""A gate that does as it is told, for what profilegate does not do: hang, lie, and talk nonsense."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from tests.proxy.listening import Listener, Seen, answer

IDENTITY = {
    "X-Auth-Tenant": "default",
    "X-Auth-Subject": "somebody",
    "X-Auth-Scope": "",
    "X-Profile-Username": "",
    "X-Profile-Name": "",
    "X-Profile-Avatar": "",
}
YES = answer("200 OK", IDENTITY | {"Cache-Control": "no-store"})


class FakeGate(Listener):
    """Says `says` to everybody; nothing at all while it `hangs`, until the block ends."""

    def __init__(self) -> None:
        self.says = YES
        self._may_speak = threading.Event()
        self._may_speak.set()
        super().__init__(self._handle)

    @contextmanager
    def saying(self, what: bytes) -> Iterator[None]:
        self.says = what
        try:
            yield
        finally:
            self.says = YES

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self._may_speak.clear()
        try:
            yield
        finally:
            self._may_speak.set()

    @contextmanager
    def down(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    def _handle(self, _: Seen, raw: BinaryIO) -> bool:
        says = self.says
        self._may_speak.wait(60)
        raw.write(says)
        return b"\r\n\r\n" in says
