"""Waiting for what must happen."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

OFTEN = 0.05


async def seconds_until(happens: Callable[[], Awaitable[bool]], within: float) -> float | None:
    """How long it took to happen; None where it has not in this time."""
    began = monotonic()
    while not await happens():
        if monotonic() > began + within:
            return None
        await asyncio.sleep(OFTEN)
    return monotonic() - began
