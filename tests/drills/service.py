"""The served profilegate as a drill treats it: killed, stopped, started again, asked."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.bench import cores
from tests.bench.issuing import Person
from tests.bench.servers import COMMAND, Prepared, Server
from tests.bench.traffic import http
from tests.drills.wire import HOST, Answer, Wire


class Service(Server):
    """`profilegate serve`. Not `waited`, it may come up without being ready."""

    def __init__(
        self, prepared: Prepared, folder: Path, more: Mapping[str, str] | None = None, *, waited: bool = True
    ) -> None:
        super().__init__([*COMMAND, "serve", "--config", str(prepared.config)], prepared.port, folder, more)
        self.database = prepared.database
        self._waited = waited

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def workers(self) -> Sequence[int]:
        """The processes that answer; the first one only looks after them, and Python's own is none."""
        return [each for each in cores.tree(self.pid)[1:] if "resource_tracker" not in named(each)]

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """All of its processes, at this very moment."""
        for each in cores.tree(self.pid):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, seconds: float) -> int:
        """The exit status. Raises TimeoutExpired."""
        return self._process.wait(seconds)

    async def ask(self, path: str, person: Person) -> Answer:
        """As this person, over a connection of its own."""
        async with Wire(self.port) as wire:
            return await wire.ask(http("GET", path, person))

    async def get(self, path: str, patience: float = 10) -> Answer:
        """Without a token, over a connection of its own."""
        async with Wire(self.port) as wire:
            return await wire.ask(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(), patience)

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            super().__exit__()

    def _wait(self) -> None:
        if self._waited:
            super()._wait()


def named(pid: int) -> str:
    """The command line of a process; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
