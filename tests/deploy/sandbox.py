"""Runs a command under the seccomp filters of a systemd unit, without systemd: `python sandbox.py UNIT COMMAND...`.

They are those of SystemCallFilter=, MemoryDenyWriteExecute= and RestrictAddressFamilies=, made by libseccomp as systemd
makes them.
"""

import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOW = 0x7FFF0000
DENY = 0x00050000 | errno.EPERM
UNKNOWN = 0x00050000 | errno.EAFNOSUPPORT
EQUAL, MASKED_EQUAL = 4, 7
WRITE, EXECUTE, SHARED_EXECUTE = 2, 4, 0o100000
FAMILIES = range(50)
"""All that Linux has, and some to come."""

library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p


class Comparison(ctypes.Structure):
    """scmp_arg_cmp: which argument, how it is compared, with what."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_uint),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """System calls with an answer of their own; all others have the usual one."""

    def __init__(self, usual: int) -> None:
        self._context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(usual)))

    def add(self, answer: int, name: str, *comparison: int) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        compared = [Comparison(*comparison)] if comparison else []
        parts = (Comparison * len(compared))(*compared)
        if number != -1:  # not one of this machine's
            done = library.seccomp_rule_add_array(self._context, ctypes.c_uint32(answer), number, len(compared), parts)
            assert done == 0 or number < 0, f"{name}: {os.strerror(-done)}"

    def load(self) -> None:
        done = library.seccomp_load(self._context)
        assert done == 0, os.strerror(-done)


def confine(unit: str) -> None:
    """Confine this process and all that it starts, as the unit says."""
    calls = Filter(DENY)
    for name in allowed(values(unit, "SystemCallFilter")):
        calls.add(ALLOW, name)
    others = Filter(ALLOW)
    if values(unit, "MemoryDenyWriteExecute") == ["yes"]:
        deny_write_execute(others)
    known = {getattr(socket, name) for name in values(unit, "RestrictAddressFamilies")}
    for family in sorted(set(FAMILIES) - known):
        others.add(UNKNOWN, "socket", 0, EQUAL, family)
    others.load()
    calls.load()


def deny_write_execute(others: Filter) -> None:
    """Nothing may be written and executed, neither at once nor one after the other."""
    others.add(DENY, "mmap", 2, MASKED_EQUAL, WRITE | EXECUTE, WRITE | EXECUTE)
    for name in ("mprotect", "pkey_mprotect"):
        others.add(DENY, name, 2, MASKED_EQUAL, EXECUTE, EXECUTE)
    others.add(DENY, "shmat", 2, MASKED_EQUAL, SHARED_EXECUTE, SHARED_EXECUTE)


def values(unit: str, key: str) -> list[str]:
    return [word for found in re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE) for word in found.split()]


def allowed(words: list[str]) -> set[str]:
    """The system calls of a SystemCallFilter: after a tilde those that are taken out again."""
    groups = " ".join(words).partition("~")
    return {*members("@default"), *expanded(groups[0])} - set(expanded(groups[2]))


def expanded(words: str) -> Iterator[str]:
    for word in words.split():
        yield from members(word) if word.startswith("@") else [word]


def members(group: str) -> Iterator[str]:
    command = ["systemd-analyze", "--no-pager", "syscall-filter", group]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[1:]
    yield from expanded(" ".join(line.strip() for line in listed if not line.strip().startswith("#")))


if __name__ == "__main__":
    confine(Path(sys.argv[1]).read_text("utf-8"))
    os.execvp(sys.argv[2], sys.argv[2:])
