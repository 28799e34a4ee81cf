"""`python -m tests.faults.table` prints, as Markdown, what clients see of each fault of a provider."""

import asyncio
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.rows import EVERYWHERE, Outcome, outcomes, rows

HEAD = "| fault | state | what the client saw | seconds | requests |\n|---|---|---|---|---|"
TITLES = {
    "JWT": "JWT access tokens",
    "introspection": "Opaque tokens, by introspection",
    "userinfo": "Opaque tokens, by userinfo",
}


def markdown(done: Sequence[Outcome]) -> Iterator[str]:
    """The lines. States in which clients saw the same share one, with the longest of their times."""
    for kind, title in TITLES.items():
        groups: dict[tuple[str, str], list[Outcome]] = {}
        for each in done:
            if each.row.kind == kind:
                saw = " — ".join([each.seen.short, *(f"WRONG: {what}" for what in each.wrong)])
                groups.setdefault((each.row.fault.name, saw), []).append(each)
        yield from ("", f"## {title}", "", HEAD)
        yield from (_line(*names, group) for names, group in groups.items())


def _line(fault: str, saw: str, group: Sequence[Outcome]) -> str:
    places = dict.fromkeys(each.row.where for each in group)
    states = ((place, ", ".join(each.row.state for each in group if each.row.where == place)) for place in places)
    told = "; ".join(listed if place == EVERYWHERE else f"{place}: {listed}" for place, listed in states)
    asked = "–".join(dict.fromkeys(str(end(each.requests for each in group)) for end in (min, max)))
    return f"| {fault} | {told} | {saw} | {max(each.seen.seconds for each in group):.1f} | {asked} |"


def main() -> None:
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(outcomes(rows(), Path(folder)))
    print("\n".join(markdown(done)).strip())


if __name__ == "__main__":
    main()
