"""Whether a source is silent for longer than it usually is. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

LEAST = 10
"""Deliveries from which a habit can be told."""

SHORTEST = 3_600_000
"""Milliseconds of silence that are nothing to speak of."""


def longest_pause(received: Sequence[int], factor: int) -> int | None:
    """The milliseconds of silence that are unusual after deliveries at these times, newest first; None if unknown."""
    if len(received) < LEAST:
        return None
    gaps = [later - earlier for later, earlier in pairwise(received)]
    return max(SHORTEST, int(factor * median(gaps)))


def is_silent(received: Sequence[int], factor: int, now: int) -> bool:
    """Whether the source has been silent for longer than that. `now` is in Unix milliseconds."""
    pause = longest_pause(received, factor)
    return pause is not None and now - received[0] > pause
