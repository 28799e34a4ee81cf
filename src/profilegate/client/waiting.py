"""How long to wait before a request is tried again."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

from msgspec import Struct

LONGEST_TOLD = 86_400.0
"""Seconds: what a program is told of a `Retry-After` that says more."""


class Retries(Struct, frozen=True, kw_only=True):
    """How often to try again, and how long to wait before that; waits are in seconds.

    `Retry-After` is waited for, at most `longest_wait`. Where it does not say, the wait is chosen at random below
    a bound that begins at `first_wait` and doubles. `clock` gives Unix seconds, `chance` a number from 0 to 1.
    """

    most: int = 2
    longest_wait: float = 30.0
    first_wait: float = 0.25
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.time

    async def wait(self, retry: int, retry_after: str | None) -> None:
        """Wait before this retry; the first is 0. `retry_after` is the header's text."""
        await self.sleep(self.pause(retry, retry_after))

    def pause(self, retry: int, retry_after: str | None) -> float:
        """Seconds to wait before this retry."""
        told = seconds_told(retry_after, self.clock(), self.longest_wait)
        return told if told is not None else self.chance() * min(self.longest_wait, self.first_wait * 2**retry)


def seconds_told(retry_after: str | None, now: float, longest: float = LONGEST_TOLD) -> float | None:
    """What `Retry-After` says (RFC 9110, section 10.2.3), between 0 and `longest` seconds; None if it says nothing.

    It is a number of seconds, or a date, which is held against `now` in Unix seconds.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), longest)
    moment = _moment(text)
    return None if moment is None else min(max(moment - now, 0.0), longest)


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
