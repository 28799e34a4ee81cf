"""On which processor what runs, and what a process and its children have used of it. Linux only."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

ALLOWED = sorted(os.sched_getaffinity(0))
LOAD, SERVER = ALLOWED[0], ALLOWED[-1]
"""The load and PostgreSQL have one core, the server that is measured another one."""

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MEBIBYTE = 1_048_576


class Usage(Struct, frozen=True):
    """What a process has used with all that it started: seconds of CPU in all, and MiB of memory now."""

    cpu: float
    rss: float


@contextmanager
def on(core: int) -> Iterator[None]:
    """Whatever is started inside the block runs on this core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def usage(pid: int) -> Usage:
    """utime and stime of the process and its children, ended ones too, and their resident pages."""
    cpu, pages = 0, 0
    for each in tree(pid):
        told = fields(each)
        cpu += sum(map(int, told[11:15]))
        pages += sum(map(int, told[21:22]))
    return Usage(cpu / TICK, pages * PAGE / MEBIBYTE)


class Watch:
    """Looks how much of all cores others use, from now on: those who share the machine."""

    def __init__(self) -> None:
        self._began = self._now()

    def others(self) -> float:
        """Their share, from 0 to 1."""
        machine, own, passed = (now - before for now, before in zip(self._now(), self._began, strict=True))
        return max(0.0, machine - own) / (passed * (os.cpu_count() or 1))

    def _now(self) -> tuple[float, float, float]:
        """Seconds of CPU of the machine, seconds of this process and all that it ever started, and the time."""
        spent = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        own = sum(sum(map(int, fields(each)[11:15])) for each in tree(os.getpid()))
        return (sum(spent) - spent[3] - spent[4]) / TICK, own / TICK, time.monotonic()


def fields(pid: int) -> list[str]:
    """What the kernel tells of a process, after its name; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
    return found


def processor() -> str:
    """What the machine calls its processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"
