"""What is told of a run: tables in Markdown, and everything as JSON."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

from msgspec import Struct
from tests.bench import cores
from tests.bench.samples import Samples, middle, ratio
from tests.bench.targets import TARGETS

HEAD = "| what | requests/s | of bare ASGI | p50 ms | p99 ms | CPU µs | PostgreSQL's CPU µs | MiB |"
PACKAGES = ("granian", "litestar", "uvloop", "asyncpg", "fastapi", "uvicorn", "pyjwt", "sqlalchemy")
BARE = "asgi"


class Run(Struct, kw_only=True):
    """All that was found. `told` names contestants for people, `alone` are figures that belong to none."""

    told: Mapping[str, str]
    samples: Samples
    alone: Mapping[str, float]
    settings: Mapping[str, Any]
    machine: Mapping[str, Any]


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "processor": cores.processor(),
        "cores": len(cores.ALLOWED),
        "python": python_version(),
        "packages": {each: found for each in PACKAGES if (found := installed(each))},
    }


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def markdown(run: Run) -> str:
    """The tables."""
    said = ", ".join(f"{name} {value}" for name, value in {**run.machine, **run.settings}.items() if name != "packages")
    parts = [said, "", *measurements(run), "", *(first(run)), *targets(run)]
    return "\n".join(parts)


def measurements(run: Run) -> Iterator[str]:
    yield HEAD
    yield "|---" * 8 + "|"
    for name, samples in run.samples.items():
        figures = [middle(samples, each) for each in ("p50", "p99", "cpu", "database", "rss")]
        share = ratio(run.samples, name, BARE)
        cells = [written(middle(samples, "rps"), 0), written(share, 3), *map(written, figures, (2, 2, 1, 1, 0))]
        yield f"| {run.told[name]} | {' | '.join(cells)} |"


def first(run: Run) -> Iterator[str]:
    """What the signatures alone take."""
    bare = {name.partition(" ")[2]: value for name, value in run.alone.items() if name.startswith("bare ")}
    if bare:
        yield "bare verification: " + ", ".join(f"{name} {value:.0f} µs" for name, value in bare.items())
        yield ""


def targets(run: Run) -> Iterator[str]:
    yield "| target | wanted | measured | |"
    yield "|---|---|---|---|"
    for each in TARGETS:
        found = each.measured(run.samples, run.alone)
        verdict = "" if found is None else "met" if each.is_met(found) else "MISSED"
        measured = f"not measured {each.option}".strip() if found is None else f"{found:.3g}"
        yield f"| {each.what} | {each.sense} {each.bound:g} | {measured} | {verdict} |"


def written(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def everything(run: Run) -> dict[str, Any]:
    """For JSON."""
    found = [(each, each.measured(run.samples, run.alone)) for each in TARGETS]
    return {
        "machine": run.machine,
        "settings": run.settings,
        "rounds": run.samples,
        "alone": run.alone,
        "targets": [
            {
                "what": each.what,
                each.sense: each.bound,
                "measured": value,
                "met": None if value is None else each.is_met(value),
            }
            for each, value in found
        ],
    }
