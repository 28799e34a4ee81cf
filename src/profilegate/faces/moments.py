"""Times as the faces write them."""

from datetime import UTC, datetime
from functools import lru_cache

MOST = 1_000
"""Seconds whose text is remembered: many records were changed in the same ones."""


def moment(milliseconds: int) -> str:
    """Unix milliseconds as RFC 3339, in UTC and whole seconds."""
    return _second(milliseconds // 1000)


@lru_cache(maxsize=MOST)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}Z"
