"""The programs of the cluster: each as somebody who is not root, with a log of its own, ended by its id."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from msgspec import Struct

PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
END_SECONDS = 20


class Home(Struct, frozen=True):
    """Where everything of a run lies, and as whom its programs run; "" is as whoever started the drill."""

    folder: Path
    user: str = ""

    def write(self, name: str, text: str) -> Path:
        """A file that this user alone may read."""
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o600)
        self.give(file)
        return file

    def give(self, path: Path) -> None:
        """To the user."""
        if self.user:
            shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)

    def identity(self) -> dict[str, Any]:
        """What starts a process as the user. PostgreSQL, Patroni and PgBouncer refuse to run as root."""
        if not self.user:
            return {}
        found = pwd.getpwnam(self.user)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


class Process:
    """A program that runs while the block lasts. It may be started again when it has died."""

    def __init__(self, home: Home, name: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
        self._home, self._command = home, [program(command[0]), *command[1:]]
        self._environment = {"PATH": PLACES, "HOME": str(home.folder), "LC_ALL": "C.UTF-8", **(more or {})}
        self._log = home.folder / f"{name}.log"
        self.name = name

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._home.folder, env=self._environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._home.identity(),
            )  # fmt: skip

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid


def program(name: str) -> str:
    """Where it is installed."""
    if found := shutil.which(name, path=PLACES):
        return found
    raise SystemExit(f"{name} is not installed (Debian: apt install postgresql patroni etcd-server haproxy pgbouncer)")


def family(pid: int) -> list[int]:
    """The process and all that descend from it; none when it is gone."""
    parents = dict(_parents())
    if pid not in parents:
        return []
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def _parents() -> Iterable[tuple[int, int]]:
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            yield int(each.parent.name), int(each.read_text().rpartition(")")[2].split()[1])


def tell(pids: Iterable[int], what: signal.Signals) -> None:
    """Send the signal to those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


def until(happens: Callable[[], bool], what: str, seconds: float) -> float:
    """Seconds until it happened. Raises TimeoutError with `what` was waited for."""
    began = time.monotonic()
    while not happens():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"after {seconds:.0f} s still waiting: {what}")
        time.sleep(0.1)
    return time.monotonic() - began
