"""Settings that change while the service runs: their files are looked at all the time, and good ones taken over."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from profilegate import configuration
from profilegate.errors import InvalidConfiguration
from profilegate.settings import Settings

log = logging.getLogger("profilegate.reloading")

INTERVAL = 1.0
"""Seconds between two looks. What changed is read when it has been the same for two, so never half written."""

Apply = Callable[[Settings], None]
Look = tuple[tuple[int, int, int] | None, ...]


class Watch:
    """The settings file `path`, with the files that its secrets are in. `apply` takes new settings over.

    `current` are the settings that were read from it before.
    """

    def __init__(self, path: str, apply: Apply, current: Settings | None = None) -> None:
        self._path = path
        self._apply = apply
        self._files = configuration.files(path)
        self._current = current
        self._seen = self._look()
        # Those that were read earlier may be others than the files hold by now: then nothing is taken yet.
        self._taken = self._seen if current is None else None

    async def follow(self) -> None:
        """Look until cancelled. Nothing that a file may hold ends it."""
        while True:
            await asyncio.sleep(INTERVAL)
            self.step()

    def step(self) -> None:
        """One look; reads the files when they have changed and come to rest."""
        before, self._seen = self._seen, self._look()
        if self._seen == before and self._seen != self._taken:
            self._read()

    def _read(self) -> None:
        """Take over what the files say now, or keep everything as it was and say why."""
        self._files = configuration.files(self._path)
        self._taken = self._seen = self._look()
        try:
            settings = configuration.load(self._path)
            if settings != self._current:
                self._apply(settings)
                self._current = settings
        except InvalidConfiguration as error:
            for problem in error.problems:
                log.error("the changed settings are not used, the old ones stay: %s", problem)
        except Exception:
            log.exception("the changed settings are not used, the old ones stay")

    def _look(self) -> Look:
        return tuple(_state(each) for each in self._files)


@asynccontextmanager
async def watching(path: str, apply: Apply, current: Settings | None = None) -> AsyncIterator[None]:
    """Follow the file in the background; `current` are the settings that were read from it before."""
    following = asyncio.create_task(Watch(path, apply, current).follow())
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def _state(file: Path) -> tuple[int, int, int] | None:
    """Which file it is and when it was written; None when it is not there."""
    try:
        stat = file.stat()
    except (OSError, ValueError):
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
