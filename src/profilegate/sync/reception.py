"""A delivery comes in: verified, stored, and only then answered."""

from collections.abc import Callable
from typing import Literal

from profilegate.errors import BodyTooLarge, ProfileGateError
from profilegate.profiles.deliveries import Inbox
from profilegate.sync.metrics import SyncMetrics
from profilegate.sync.signatures.given import Headers
from profilegate.sync.sources import Source

Outcome = Literal["stored", "duplicate", "ignored"]


class Reception:
    """Takes deliveries. `clock` gives Unix seconds; `wake` says that something waits."""

    def __init__(
        self, inbox: Inbox, metrics: SyncMetrics, clock: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._clock = clock
        self._wake = wake

    async def take(self, source: Source, headers: Headers, body: bytes) -> Outcome:
        """Store a genuine delivery; what is no news is stored no second time, what is not for us not at all.

        Raises BodyTooLarge, InvalidSignature, MalformedBody, ProviderUnavailable or StoreUnavailable.
        """
        try:
            outcome = await self._taken(source, headers, body)
        except ProfileGateError as error:
            self._metrics.received.labels(source.name, error.code).inc()
            raise
        self._metrics.received.labels(source.name, outcome).inc()
        return outcome

    async def _taken(self, source: Source, headers: Headers, body: bytes) -> Outcome:
        if len(body) > source.settings.max_body:
            raise BodyTooLarge
        delivery = await source.received(headers, body, self._clock())
        if delivery is None:
            return "ignored"
        stored = await self._inbox.add(delivery)
        if stored:
            self._wake()
        return "stored" if stored else "duplicate"
