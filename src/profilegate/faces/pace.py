"""How often one caller may ask: so many questions a minute, in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable

from profilegate.errors import ProfileGateError
from profilegate.profiles.record import ProfileKey

# Callers remembered, about 200 bytes each. Who is forgotten starts with a full allowance.
MOST_CALLERS = 10_000


class TooFast(ProfileGateError):
    """The caller asks too often. `retry_after` is in seconds."""

    code = "too_fast"
    status = 429
    message = "Too many requests. Please try again later."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class Pace:
    """A token bucket for each caller, in memory: N workers allow N times as much. `ticks` is in seconds."""

    def __init__(self, per_minute: int, ticks: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._ticks = ticks
        self._callers: OrderedDict[ProfileKey, tuple[float, float]] = OrderedDict()

    def step(self, caller: ProfileKey) -> None:
        """Count one question. Raises TooFast when the caller has none left."""
        now = self._ticks()
        left, since = self._callers.pop(caller, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
        self._callers[caller] = (max(left - 1, 0) if left >= 1 else left, now)
        if len(self._callers) > MOST_CALLERS:
            self._callers.popitem(last=False)
        if left < 1:
            raise TooFast(int((1 - left) * 60 / self._per_minute) + 1)
