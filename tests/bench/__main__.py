"""How fast profilegate is, beside what is under it and what would be written instead: `python -m tests.bench`.

Starts everything that it needs on loopback: PostgreSQL, an identity provider, the service in several settings, and
those it is compared with. Servers run on one core, the load and PostgreSQL on another. Every answer is checked before
anything is timed; an answer other than 2xx while it is timed ends the run. The rounds of all take turns; a figure is
the median of its rounds, a ratio the median of the rounds' ratios.

`pip install --group bench` for the peers and the pictures; wrk (`apt install wrk`) asks faster than the generator
that is used without it.
"""

import argparse
import tempfile
from contextlib import ExitStack
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec.structs import replace
from tests.bench import alone, cores, course, database, first, issuing, load, plots, report
from tests.bench.contestants import CONTESTANTS, LARGE, MORE_WORKERS, SERVERS, Contestant
from tests.bench.course import Rival, Stable, say
from tests.bench.report import Run
from tests.bench.servers import Kind, Ours, Peer, World

FIRST = "first"
"""The name of the first verifications for `--only`."""

PEERS = ("fastapi", "uvicorn", "jwt", "sqlalchemy")
"""What the peer is made of."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each contestant in each round")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="NAME", help="contestants, by name or pattern")
    parser.add_argument("--list", action="store_true", help="the names, and nothing else")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything that was measured")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="throughput.png and latency.png")
    parser.add_argument("--people", type=int, default=10_000, help="who ask, each with a token")
    parser.add_argument("--load", choices=("wrk", "own"), help="who asks for them; wrk where it is installed")
    parser.add_argument("--profiles", type=int, help="reads among so many, cache off, too (10000000)")
    parser.add_argument("--workers", type=int, help="reads from so many workers, too (2)")
    parser.add_argument("--minutes", type=float, help="of mixed load, for what becomes of the memory (10)")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[Contestant]:
    """The contestants with the wanted names, and those of the options with whom they are compared."""
    names = {each.name for each in CONTESTANTS if wanted(given, each.name)}
    names |= {"uncached"} if given.profiles else set()
    names |= {"get"} if given.workers else set()
    found = [each for each in CONTESTANTS if each.name in names]
    more = [LARGE] * bool(given.profiles) + [MORE_WORKERS] * bool(given.workers)
    return found + [replace(each, told=each.told.format(total=given.profiles, workers=given.workers)) for each in more]


def wanted(given: argparse.Namespace, name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in given.only)


def servers(given: argparse.Namespace) -> dict[str, Kind]:
    """All that may be started."""
    large, workers = Ours("max_bytes = 0", total=given.profiles), Ours(workers=given.workers or 1)
    return {**SERVERS, "large": large, "workers": workers, "mixed": Ours()}


def measured(given: argparse.Namespace, stable: Stable) -> Run:
    """Everything that was asked for."""
    generator, watch = load.generator(given.load), cores.Watch()
    rivals: list[Rival] = [stable.rival(each, generator) for each in chosen(given)]
    rivals += alone.rivals(stable, [each for each in alone.NAMES if wanted(given, each)])
    samples = course.run(rivals, given.rounds, given.seconds)
    figures = first.measured(given.rounds) if wanted(given, FIRST) else {}
    if given.minutes:
        figures |= alone.memory(stable, given.minutes, generator)
    settings = {"rounds": given.rounds, "seconds": given.seconds, "people": given.people, "load": generator}
    settings |= {"PostgreSQL": database.version(stable.world.postgres.dsn)}
    settings |= {"others used": f"{watch.others():.0%} of the cores"}
    told = {each.name: each.told for each in rivals}
    return Run(told=told, samples=samples, alone=figures, settings=settings, machine=report.machine())


def told(given: argparse.Namespace, run: Run) -> None:
    """As the command line wants it."""
    print(report.markdown(run))
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(report.everything(run))))
    if given.plot and run.samples:
        plots.draw(run, given.plot)


def refuse_what_cannot_be(given: argparse.Namespace) -> None:
    """Say at once what would come to light minutes later."""
    needed = PEERS if any(isinstance(SERVERS.get(each.server), Peer) for each in chosen(given)) else ()
    missing = [each for each in (*needed, *(("matplotlib",) if given.plot else ())) if find_spec(each) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}; pip install --group bench")
    if not any(wanted(given, each) for each in names()):
        raise SystemExit("--only names nobody; --list tells the names")


def names() -> list[str]:
    """What `--only` may name."""
    return [*(each.name for each in CONTESTANTS), *alone.NAMES, FIRST]


def main() -> None:
    given = arguments()
    if given.list:
        print("\n".join(names()))
        return
    refuse_what_cannot_be(given)
    if cores.LOAD == cores.SERVER:
        say("only one core: servers and load disturb each other")
    with ExitStack() as stack:
        stack.enter_context(cores.on(cores.LOAD))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="profilegate-bench-")))
        provider, postgres = stack.enter_context(issuing.published()), stack.enter_context(database.started())
        world = World(postgres, provider, folder, given.people)
        told(given, measured(given, Stable(world, servers(given), stack, given.people)))


if __name__ == "__main__":
    main()
