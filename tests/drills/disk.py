"""The disk of the database is full."""

import asyncio
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.drills.outcome import Outcome
from tests.drills.stage import Stage
from tests.postgres import FAST, OwnPostgres

SIZE = 192
"""MiB of the whole file system; a new cluster has some 60."""

BALLAST = "ballast"


class Small(OwnPostgres):
    """A PostgreSQL whose files are in a tmpfs of SIZE. Only root can mount one."""

    @property
    def ballast(self) -> Path:
        return self._home / BALLAST

    def fill(self) -> None:
        """Not a byte is left."""
        with suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """As an operator does: make room, and start PostgreSQL where it has given up."""
        self.ballast.unlink()
        if self._process is not None and self._process.poll() is not None:
            with suppress(FileNotFoundError):
                (self._home / "data" / "postmaster.pid").unlink()
            self._run()

    @property
    def has_given_up(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        self._halt(FAST)
        subprocess.run(["umount", self._home], check=False, capture_output=True)
        super().stop()

    def _create(self, binaries: Path) -> None:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "tmpfs", self._home]
        subprocess.run(mount, check=True, capture_output=True)
        super()._create(binaries)


async def full(stage: Stage) -> Outcome:
    """Nothing more can be written, then there is room again."""
    try:
        small = await asyncio.to_thread(Small, stage.postgres.binaries)
    except (OSError, subprocess.CalledProcessError):
        outcome = Outcome("disk full")
        outcome.note(f"NOT RUN: a small file system cannot be mounted as user {os.geteuid()}")
        return outcome
    try:
        return await _filled(stage, small)
    finally:
        await asyncio.to_thread(small.stop)


async def _filled(stage: Stage, small: Small) -> Outcome:
    async with stage.scene("disk full", await stage.prepared(postgres=small)) as scene:
        await asyncio.to_thread(small.fill)
        await asyncio.sleep(stage.options.seconds)
        scene.outcome.note(f"PostgreSQL has {'given up' if small.has_given_up else 'gone on'}")
        await asyncio.to_thread(small.free)
        await scene.heals()
    return scene.outcome
