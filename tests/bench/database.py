"""The PostgreSQL of the comparison, and its rows: the same people for everybody."""

import asyncio
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from tests import postgres
from tests.bench.issuing import user_id
from tests.postgres import OwnPostgres, Postgres

CHUNK = 20_000
BEGAN = 1_769_594_400_000
"""2026-01-28T10:00:00Z in Unix milliseconds: when everybody's record was made."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",  # none in the middle of somebody's round
}

COLUMNS = (
    "tenant_id", "user_id", "username", "username_key", "name", "avatar", "primary_email", "custom_data", "identities",
    "sso_identities", "oidc_profile", "suspended_by_idp", "suspended_by_operator", "has_password", "created_at",
    "updated_at", "version", "sources", "versions", "changed_fields",
)  # fmt: skip

PEERS_TABLE = """
CREATE TABLE profile (tenant_id TEXT, user_id TEXT, name TEXT NOT NULL, avatar_url TEXT NOT NULL,
created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL, version BIGINT NOT NULL,
PRIMARY KEY (tenant_id, user_id))
"""
PEERS_COLUMNS = ("tenant_id", "user_id", "name", "avatar_url", "created_at", "updated_at", "version")


class Durable(OwnPostgres):
    """One that syncs to disk, as those do that people rely on. Tests have no need of it."""

    def _run(self) -> None:
        settings = {**SETTINGS, "port": self._port, "unix_socket_directories": self._home}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.binaries / "postgres"), "-D", str(self._home / "data"), *flags]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._home, start_new_session=True, **postgres._unprivileged()
            )
        self._wait()

    @property
    def pid(self) -> int:
        """Of the first process, from which the others descend."""
        return self._process.pid if self._process is not None else 0


@contextmanager
def started() -> Iterator[Postgres]:
    """The server that a variable names, as it is, or one of our own that syncs."""
    with postgres.start() as found:  # it also knows where the programs are
        if not isinstance(found, OwnPostgres):
            yield found
            return
        with Durable(found.binaries) as server:
            yield server


def version(dsn: str) -> str:
    """The server's, in its own words."""

    async def run() -> str:
        connection = await asyncpg.connect(dsn)
        try:
            return str(await connection.fetchval("SHOW server_version")).partition(" ")[0]
        finally:
            await connection.close()

    return asyncio.run(run())


def row(n: int) -> tuple[Any, ...]:
    """The record of the user of this number: somebody who has an e-mail address and settings of an app."""
    name, seed = f"Name {n:08}", f"https://api.dicebear.com/9.x/adventurer/svg?seed=default_{user_id(n)}"
    custom = '{"lang":"en","theme":"dark"}'
    said = (f"person_{n}", f"person_{n}", name, seed, f"person{n}@mail.example", custom, "{}", "[]", "{}")
    return ("default", user_id(n), *said, False, False, False, BEGAN, BEGAN, 1, "{}", "{}", "")


async def fill(dsn: str, total: int) -> None:
    """So many records by COPY, and what the planner wants to know of them."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.copy_to_table("profilegate_profile", source=lines(total), columns=COLUMNS)
        await connection.execute("VACUUM ANALYZE profilegate_profile")
    finally:
        await connection.close()


async def lines(total: int) -> AsyncIterator[bytes]:
    """The rows in COPY's text format."""
    for start in range(0, total, CHUNK):
        rows = (row(n) for n in range(start, min(start + CHUNK, total)))
        yield "".join("\t".join(map(str, each)) + "\n" for each in rows).encode()


def fill_sqlite(path: Path, total: int) -> None:
    """The same records in a file that is migrated and not served."""
    places = ", ".join("?" for _ in COLUMNS)
    statement = f"INSERT INTO profilegate_profile ({', '.join(COLUMNS)}) VALUES ({places})"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(statement, map(row, range(total)))


def fill_peers(dsn: str, total: int) -> None:
    """The table of the peer, with what it keeps of the same people."""

    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        began = datetime.fromtimestamp(BEGAN / 1000, UTC)
        rows = ((*row(n)[:2], *row(n)[4:6], began, began, 1) for n in range(total))
        try:
            await connection.execute(PEERS_TABLE)
            await connection.copy_records_to_table("profile", records=rows, columns=PEERS_COLUMNS)
            await connection.execute("VACUUM ANALYZE profile")
        finally:
            await connection.close()

    asyncio.run(run())


def execute(dsn: str, statements: Iterable[str]) -> None:
    """Run the statements, one after the other."""

    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            for each in statements:
                await connection.execute(each)
        finally:
            await connection.close()

    asyncio.run(run())
