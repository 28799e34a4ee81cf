"""The backup drill of deploy/README.md, run as it stands there, and all that two databases can be compared by."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from tests.cli.running import environment
from tests.deploy.shipped import PATIENCE, README
from tests.minting import AUDIENCE, ISSUER
from tests.postgres import OwnPostgres, Postgres

SETTINGS = {"PROFILEGATE__ISSUERS__0__ISSUER": ISSUER, "PROFILEGATE__ISSUERS__0__AUDIENCES": f'["{AUDIENCE}"]'}

SCHEMA = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
    "WHERE table_schema = 'public'",
    "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'",
)


def commands(number: int) -> str:
    """The lines to paste: those of the dump and the restore, then those for versions."""
    _, _, chapter = README.partition("\n## Backup and restore\n")
    return re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)[number]


def run(lines: str, server: Postgres, folder: Path, dsn: str, copy: str) -> str:
    """What the lines say, run as an operator runs them."""
    own = [str(server.binaries)] if isinstance(server, OwnPostgres) else []
    path = ":".join([*own, str(Path(sys.executable).parent), os.environ["PATH"]])
    given = environment(DATABASE_URL=dsn, RESTORED_URL=copy, PATH=path, **SETTINGS)
    command = ["sh", "-eu", "-c", lines]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=given, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy_of(dsn: str) -> str:
    """Where the drill restores to."""
    return urlsplit(dsn)._replace(path="/profilegate_restored").geturl()


async def rows(dsn: str) -> dict[str, list[str]]:
    """Every row of every table, in PostgreSQL's own writing."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {
            name: [row for (row,) in await connection.fetch(f'SELECT t::text FROM "{name}" t ORDER BY 1')]
            for (name,) in tables
        }
    finally:
        await connection.close()


async def schema(dsn: str) -> list[list[str]]:
    """Columns, constraints, indexes, triggers, functions, and where the sequences are."""
    connection = await asyncpg.connect(dsn)
    try:
        return [sorted(map(str, await connection.fetch(question))) for question in SCHEMA]
    finally:
        await connection.close()
