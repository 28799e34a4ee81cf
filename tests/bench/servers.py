"""The servers of the comparison: each a process of its own on the core for servers, on a free port."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import httpx
from msgspec import Struct
from tests.bench import cores, database
from tests.bench.issuing import LocalProvider
from tests.minting import AUDIENCE
from tests.postgres import Postgres, free_port

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "profilegate")
PATIENCE = 60
"""Seconds until a server must answer."""


class World(Struct):
    """What servers are started in. `total` is how many users there are, unless a server says otherwise."""

    postgres: Postgres
    provider: LocalProvider
    folder: Path
    total: int


class Server:
    """A process that serves while the block lasts; `pid` is its first one."""

    def __init__(self, command: Sequence[str], port: int, folder: Path, more: Mapping[str, str] | None = None) -> None:
        self.command, self.port = command, port
        self._environment = {**os.environ, **(more or {})}
        self._log = Path(tempfile.mkstemp(suffix=".log", dir=folder)[1])

    def __enter__(self) -> Self:
        with self._log.open("w") as log, cores.on(cores.SERVER):
            self._process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, env=self._environment
            )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _wait(self) -> None:
        """Until it answers anything but that it is not ready."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/ready", trust_env=False).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.__exit__()
        raise SystemExit(f"it does not serve: {' '.join(self.command)}\n{self._log.read_text()}")


class Bare(Struct, frozen=True):
    """A handler that only answers: "asgi" or "litestar"."""

    application: str

    def server(self, world: World) -> Server:
        port = free_port()
        return Server([sys.executable, "-m", "tests.bench.bare", self.application, str(port)], port, world.folder)


class Ours(Struct, frozen=True):
    """`profilegate serve` on a database of its own. `cache` are lines of the settings; `total` users instead."""

    cache: str = ""
    sqlite: bool = False
    workers: int = 1
    total: int | None = None

    def server(self, world: World) -> Server:
        prepared = self.prepared(world)
        return Server([*COMMAND, "serve", "--config", str(prepared.config)], prepared.port, world.folder)

    def prepared(self, world: World) -> "Prepared":
        """Migrated and filled, and not served."""
        port, place = free_port(), Path(tempfile.mkdtemp(dir=world.folder))
        where = f"{place}/profilegate.db" if self.sqlite else world.postgres.fresh_database()
        config = place / "profilegate.toml"
        config.write_text(
            f'[server]\nport = {port}\nworkers = {self.workers}\npublic_url = "http://127.0.0.1:{port}"\n'
            f'[database]\n{"path" if self.sqlite else "url"} = "{where}"\n'
            f"[cache]\n{self.cache}\n"
            f'[[issuers]]\nissuer = "{world.provider.issuer}"\naudiences = ["{AUDIENCE}"]\n'
        )
        migrate = [*COMMAND, "migrate", "--config", str(config)]
        subprocess.run(migrate, check=True, capture_output=True, cwd=ROOT, timeout=PATIENCE)
        self._fill(where, self.total or world.total)
        return Prepared(config, port, where)

    def _fill(self, where: str, total: int) -> None:
        if self.sqlite:
            database.fill_sqlite(Path(where), total)
        else:
            asyncio.run(database.fill(where, total))


class Prepared(NamedTuple):
    """Settings with a database, which is a DSN or the path of a file."""

    config: Path
    port: int
    database: str


class Peer(Struct, frozen=True):
    """FastAPI under uvicorn. With `autocommit` a read is no transaction."""

    autocommit: bool = False

    def server(self, world: World) -> Server:
        port, dsn = free_port(), world.postgres.fresh_database()
        database.fill_peers(dsn, world.total)
        command = [sys.executable, "-m", "uvicorn", "tests.bench.peers.app:app", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
        more = {
            "PEER_DATABASE": dsn.replace("postgresql://", "postgresql+asyncpg://"),
            "PEER_ISSUER": world.provider.issuer,
            "PEER_AUDIENCE": AUDIENCE,
            "PEER_AUTOCOMMIT": str(self.autocommit),
        }
        return Server(command, port, world.folder, more)


Kind = Bare | Ours | Peer
