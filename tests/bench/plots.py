"""The same as pictures: how much, and how fast."""

from pathlib import Path
from typing import Any

from tests.bench.report import Run
from tests.bench.samples import middle

OURS, OTHERS = "#3056d3", "#9aa3b2"
FOREIGN = ("asgi", "litestar", "peer", "pgbench", "sqlite-same", "sqlite-loop")


def draw(run: Run, folder: Path) -> list[Path]:
    """throughput.png and latency.png in this folder, which is made."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    return [throughput(run, folder / "throughput.png"), latency(run, folder / "latency.png")]


def throughput(run: Run, path: Path) -> Path:
    """Requests a second, the most at the top."""
    rates = {name: middle(each, "rps") or 0 for name, each in run.samples.items()}
    names = sorted(rates, key=lambda name: rates[name])
    figure, axes = blank(len(names), "requests/s (logarithmic)")
    bars = axes.barh([run.told[each] for each in names], [rates[each] for each in names], color=colours(names))
    axes.bar_label(bars, labels=[f"{rates[each]:,.0f}" for each in names], padding=3, fontsize=8)
    axes.set_xscale("log")
    return saved(figure, path)


def latency(run: Run, path: Path) -> Path:
    """From p50 to p99 in milliseconds, the quickest at the top."""
    found = {name: (middle(each, "p50") or 0, middle(each, "p99") or 0) for name, each in run.samples.items()}
    names = sorted(found, key=lambda name: -found[name][0])
    figure, axes = blank(len(names), "milliseconds, p50 (filled) to p99 (hollow), logarithmic")
    labels, tints = [run.told[each] for each in names], colours(names)
    p50, p99 = zip(*(found[each] for each in names), strict=True)
    axes.hlines(labels, p50, p99, color=tints, linewidth=2)
    axes.scatter(p50, labels, color=tints, zorder=3)
    axes.scatter(p99, labels, edgecolors=tints, facecolors="white", zorder=3)
    axes.set_xscale("log")
    return saved(figure, path)


def blank(lines: int, label: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1 + 0.3 * lines), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(label)
    axes.margins(y=0.02)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def colours(names: list[str]) -> list[str]:
    return [OTHERS if each.startswith(FOREIGN) else OURS for each in names]


def saved(figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=110)
    return path
