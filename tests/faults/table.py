"""`python -m tests.faults.table` prints, as Markdown, what clients see of each fault of a provider."""

import asyncio
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.faults.rows import EVERYWHERE, Outcome, outcomes, rows

Line = tuple[str, str, str]
Seconds = tuple[str, list[float]]

HEAD = "| fault | state | what the client saw | seconds | requests |\n|---|---|---|---|---|"
TITLES = {
    "JWT": "JWT access tokens",
    "introspection": "Opaque tokens, by introspection",
    "userinfo": "Opaque tokens, by userinfo",
}


def markdown(done: Sequence[Outcome]) -> Iterator[str]:
    """The lines. What clients saw the same of shares one: states of a fault, then faults."""
    for kind, title in TITLES.items():
        yield from ("", f"## {title}", "", HEAD)
        lines: dict[Line, list[Seconds]] = {}
        for (fault, saw), group in _by_fault([each for each in done if each.row.kind == kind]).items():
            line = (_states(group), saw, _extent(f"{each.requests}" for each in group))
            lines.setdefault(line, []).append((fault, [each.seen.seconds for each in group]))
        for (states, saw, requests), faults in lines.items():
            seconds = _extent(f"{second:.1f}" for _, listed in faults for second in listed)
            yield f"| {'; '.join(name for name, _ in faults)} | {states} | {saw} | {seconds} | {requests} |"


def _by_fault(done: Sequence[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    """By the fault and what was seen of it."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for each in done:
        saw = " — ".join([each.seen.short, *(f"WRONG: {what}" for what in each.wrong)])
        groups.setdefault((each.row.fault.name, saw), []).append(each)
    return groups


def _states(group: Sequence[Outcome]) -> str:
    places = dict.fromkeys(each.row.where for each in group)
    states = ((place, ", ".join(each.row.state for each in group if each.row.where == place)) for place in places)
    return "; ".join(listed if place == EVERYWHERE else f"{place}: {listed}" for place, listed in states)


def _extent(values: Iterable[str]) -> str:
    """The least and the most of some numbers."""
    listed = sorted(values, key=float)
    return "–".join(dict.fromkeys((listed[0], listed[-1])))


def main() -> None:
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(outcomes(rows(), Path(folder)))
    print("\n".join(markdown(done)).strip())


if __name__ == "__main__":
    main()
