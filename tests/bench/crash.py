"""A long run of kills: `python -m tests.bench.crash [--kills 50] [--deliveries 5000] [--workers 2] [--sqlite]`.

Starts a PostgreSQL of its own, kills the served profilegate with SIGKILL while deliveries come in, and prints what
became of them. Ends with 1 when one was lost or applied twice.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import msgspec
from tests import postgres
from tests.e2e.crashing import Outcome, crashed

from profilegate.settings import DatabaseSettings


def run(kills: int, count: int, workers: int, on_sqlite: bool) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        if on_sqlite:
            return crashed(Path(folder), DatabaseSettings(path=f"{folder}/profilegate.db"), workers, kills, count)
        with postgres.start() as server:
            return crashed(Path(folder), DatabaseSettings(url=server.fresh_database()), workers, kills, count)


def table(done: Outcome) -> str:
    lines = [f"| {name.replace('_', ' ')} | {value} |" for name, value in msgspec.structs.asdict(done).items()]
    return "\n".join(("| crash run | |", "|---|---|", *lines))


def is_good(done: Outcome) -> bool:
    """Whether all deliveries were applied, each of them once."""
    once = done.rows == {"done": done.sent} and done.turns == done.audit_rows == done.sent
    return once and done.together in (done.sent, None) and done.newest == done.users and set(done.statuses) == {202}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.crash")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--deliveries", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sqlite", action="store_true")
    given = parser.parse_args()
    done = run(given.kills, given.deliveries, given.workers, given.sqlite)
    print(table(done))
    return 0 if is_good(done) else 1


if __name__ == "__main__":
    sys.exit(main())
