"""What is told of all drills: a table in Markdown, and everything as JSON."""

from collections.abc import Sequence

import msgspec
from tests.drills.outcome import Outcome

HEAD = "| drill | answers | longest s | outage s, reads | writes | healed s | acknowledged | lost | |"


def markdown(done: Sequence[Outcome]) -> str:
    return "\n".join([HEAD, "|---" * 9 + "|", *map(line, done)])


def line(done: Outcome) -> str:
    answers = ", ".join(f"{n} x {kind}" for kind, n in done.kinds.most_common())
    healed = "" if done.healed is None else f"{done.healed:.1f}"
    outages = f"{done.outage_reads:.1f} | {done.outage_writes:.1f}"
    said = "; ".join([*(f"WRONG: {each}" for each in (*done.wrong, *done.lost)), *done.notes])
    counts = f"{done.acknowledged} | {len(done.lost)}"
    return f"| {done.name} | {answers} | {done.longest:.2f} | {outages} | {healed} | {counts} | {said} |"


def written(done: Sequence[Outcome]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(done))
