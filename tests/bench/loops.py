"""What the databases do by themselves, without a service: pgbench, and a loop round sqlite3."""

import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time

from tests.bench import cores
from tests.bench.issuing import user_id
from tests.bench.load import CLIENTS
from tests.bench.samples import Sample
from tests.postgres import OwnPostgres, Postgres

UPDATE = (
    "\\set n random(0, {last})\n"
    "UPDATE profilegate_profile SET name = 'Name ' || lpad((random() * 99999999)::int::text, 8, '0'), "
    "updated_at = updated_at + 1, version = version + 1 "
    "WHERE tenant_id = 'default' AND user_id = 'user-' || lpad(:n ::text, 8, '0');\n"
)
PLAIN = (
    "UPDATE profilegate_profile SET name = :name, updated_at = updated_at + 1, version = version + 1 "
    "WHERE tenant_id = 'default' AND user_id = :user_id",
)
AUDITED = (
    'UPDATE profilegate_profile SET name = :name, sources = json_patch(sources, \'{"name":"user"}\'), '
    "versions = json_patch(versions, json_object('name', :version)), changed_fields = 'name ', "
    "updated_at = updated_at + 1, version = version + 1 WHERE tenant_id = 'default' AND user_id = :user_id "
    "AND deleted_at IS NULL AND name IS DISTINCT FROM :name RETURNING *",
    "INSERT INTO profilegate_audit (tenant_id, user_id, at, actor_kind, actor_id, face, action, fields, version) "
    "SELECT tenant_id, user_id, updated_at, 'user', user_id, 'phoenix', 'change', TRIM(changed_fields), version "
    "FROM profilegate_profile WHERE tenant_id = 'default' AND user_id = :user_id",
)
"""What the service has to write for a change: whose word the name is and since when, and the audit row."""

QUIET = "ALTER TABLE profilegate_profile DISABLE TRIGGER USER"
"""pgbench's own table tells nobody of its changes."""

PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")


def pgbench(server: Postgres, dsn: str, total: int, seconds: float, *, core: int) -> Sample:
    """Prepared updates of one row each, by as many clients as ask the services."""
    with tempfile.TemporaryDirectory() as folder, cores.on(core):
        script = Path(folder, "update.sql")
        script.write_text(UPDATE.format(last=total - 1))
        command = [program(server), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=1"]
        command += [f"--time={max(1, round(seconds))}", "--log", f"--log-prefix={folder}/log", f"--file={script}", dsn]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        (rate,) = re.findall(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        taken = [int(line.split()[2]) / 1e3 for log in Path(folder).glob("log*") for line in log.open()]
    percentiles = quantiles(taken, n=100)
    return Sample(rps=float(rate), p50=percentiles[49], p99=percentiles[98])


def program(server: Postgres) -> str:
    """pgbench, beside the server's own programs or installed."""
    beside = server.binaries / "pgbench" if isinstance(server, OwnPostgres) else None
    found = str(beside) if beside is not None and beside.is_file() else shutil.which("pgbench")
    if found is None:
        raise SystemExit("pgbench is needed; it comes with PostgreSQL")
    return found


def sqlite(path: Path, total: int, statements: Sequence[str], numbers: Iterator[int], seconds: float) -> Sample:
    """Durable changes of one record each, in transactions of as many as can be waiting at the service."""
    taken: list[float] = []
    with cores.on(cores.SERVER), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(pragma)
        used, began = process_time(), perf_counter()
        while perf_counter() - began < seconds:
            taken.append(transaction(connection, total, statements, numbers))
        spent, used = perf_counter() - began, process_time() - used
    percentiles = quantiles(taken, n=100)
    done = len(taken) * CLIENTS
    return Sample(rps=done / spent, p50=percentiles[49], p99=percentiles[98], cpu=used / done * 1e6)


def transaction(connection: sqlite3.Connection, total: int, statements: Sequence[str], numbers: Iterator[int]) -> float:
    """One, and its milliseconds."""
    began = perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for number in islice(numbers, CLIENTS):
        values = {"name": f"Name {number:08}", "user_id": user_id(number % total), "version": f"{number:020}"}
        for each in statements:
            connection.execute(each, values).fetchall()
    connection.execute("COMMIT")
    return (perf_counter() - began) * 1e3
