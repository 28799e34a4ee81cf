"""The command as a person or a supervisor runs it: a process with its output, its signals and its leftovers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 40
"""Seconds. What has not happened by then never will."""

PROGRAM = [sys.executable, "-m", "profilegate"]


def environment(**more: str) -> dict[str, str]:
    """Ours without any setting of profilegate or of a proxy in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PROFILEGATE") and not k.lower().endswith("_proxy")}
    return kept | more


def done(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    options = {"env": environment(), "timeout": PATIENCE, **options}
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, **options)


@contextmanager
def started(folder: Path, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is told to stop; `output(folder)` is what it said."""
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = subprocess.Popen(
            [*PROGRAM, *arguments], stdout=out, stderr=err, text=True, env=environment(**more), start_new_session=True
        )
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Politely, so that it can clean up; without mercy when that takes too long."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def output(folder: Path) -> str:
    return (folder / "out").read_text()


def errors(folder: Path) -> str:
    return (folder / "err").read_text()


def eventually(happens: Callable[[], bool], told: Callable[[], str] = str) -> None:
    """Wait until it happens, or fail with what is told."""
    end = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < end, told()
        time.sleep(0.02)


def family(pid: int) -> set[int]:
    """The process and everything that it started."""
    parents = {int(each.parent.name): _parent(each) for each in Path("/proc").glob("[0-9]*/stat")}
    found, more = set[int](), {pid}
    while more:
        found |= more
        more = {child for child, parent in parents.items() if parent in found} - found
    return found


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def listening(pids: set[int]) -> set[tuple[str, int]]:
    """The addresses, in the kernel's hexadecimal, and the ports on which these processes listen."""
    sockets = {_link(each) for pid in pids for each in Path(f"/proc/{pid}/fd").glob("*")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                host, _, port = fields[1].partition(":")
                found.add((host, int(port, 16)))
    return found


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


LOOPBACK = "0100007F"
"""127.0.0.1 as the kernel writes it."""
