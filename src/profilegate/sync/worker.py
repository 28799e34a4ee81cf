"""What applies stored deliveries to the records, in every process, beside the requests.

A delivery is applied and marked as done in one transaction, so a crash at any point loses nothing and applies
nothing twice. State per process: none that matters; what waits is in the database.
"""

import asyncio
import logging
import random
import traceback
from collections.abc import Callable
from contextlib import suppress

from profilegate.errors import StoreUnavailable
from profilegate.profiles.deliveries import Delivery, Inbox, Work
from profilegate.profiles.lives import EventService
from profilegate.profiles.record import ProfileKey
from profilegate.sync.sources import Sources

log = logging.getLogger("profilegate.sync")

BATCH = 32
"""Deliveries in one transaction. On SQLite other writers wait meanwhile."""

POLL = 1.0
"""Seconds until a process looks for what others have stored, or what is to be tried again."""

LONGEST_PAUSE = 300
"""Seconds between two tries of one delivery."""

GRANTS = 30.0
"""Seconds after which usernames are looked for that people have given up."""

WISHES = 50
"""Usernames that are given belatedly, in one transaction."""


class Worker:
    """Applies deliveries until it is cancelled. `clock` gives Unix seconds."""

    def __init__(
        self, sources: Sources, inbox: Inbox, events: EventService, max_attempts: int, clock: Callable[[], float]
    ) -> None:
        self._sources = sources
        self._inbox = inbox
        self._events = events
        self._max_attempts = max_attempts
        self._clock = clock
        self._bell = asyncio.Event()
        self._granted = 0.0

    def wake(self) -> None:
        """Say that something waits."""
        self._bell.set()

    async def run(self) -> None:
        """Apply whatever waits, for ever. A database that is down is asked again every second."""
        while True:
            self._bell.clear()
            try:
                await self.drain()
            except StoreUnavailable:
                pass  # /ready tells
            except Exception as error:
                log.error("applying deliveries failed: %s", where(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._bell.wait()

    async def drain(self) -> int:
        """Apply everything that is due now; returns how many deliveries that were. Raises StoreUnavailable."""
        applied = 0
        while batch := await self._batch():
            applied += batch
        if applied or self._clock() - self._granted > GRANTS:
            self._granted = self._clock()
            await self._grant_wishes()
        return applied

    async def _batch(self) -> int:
        """Apply some, or count the attempt of the one that cannot be. Returns how many were taken."""
        current: list[Delivery] = []
        try:
            async with self._inbox.work(BATCH, self._now()) as work:
                await self._apply_all(work, current)
                return len(work.deliveries)
        except Exception as error:
            if not current:
                raise
            await self._failed(current[-1], error)
            return 1

    async def _apply_all(self, work: Work, current: list[Delivery]) -> None:
        """`current` ends with the delivery that is being worked on, and is empty while none is."""
        # In one order in every process, so that two of them do not wait for each other's records.
        for delivery in sorted(work.deliveries, key=lambda each: (each.tenant_id, each.user_id, each.id)):
            current.append(delivery)
            await self._apply(work, delivery)
        current.clear()
        if work.deliveries:
            await work.done(self._now())

    async def _apply(self, work: Work, delivery: Delivery) -> None:
        source, about = self._sources.named(delivery.source), set[ProfileKey]()
        for said in source.said(delivery):
            if said.kind == "logout":
                await work.lives.end_sessions(source.issuer, said.subject, said.session_id, delivery.received_at)
            event = source.event(said, delivery)
            if event is None:
                continue
            about.add(event.key)
            lives_on = await self._events.apply(work.lives, event)
            # Nobody is asked about an erased user: the event is older than the end, and so is what it left out.
            if lives_on and said.is_thin and said.subject is not None and source.settings.management is not None:
                await work.lives.mark_stale(event.key, delivery.source, said.subject, self._now())
        if len(about) > 1:  # it is found by its first user only, so an erasure of another would not reach what it says
            await work.forget(delivery)

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        """Try again later. Only what fails for reasons of its own, and often enough, is a dead letter."""
        passing = isinstance(error, StoreUnavailable)
        last = not passing and delivery.attempts + 1 >= self._max_attempts
        log.log(
            logging.ERROR if last else logging.WARNING,
            "delivery %s of %s: attempt %d failed%s: %s",
            delivery.id,
            delivery.source,
            delivery.attempts + 1,
            ", it is a dead letter now" if last else "",
            type(error).__name__ if passing else where(error),
        )
        pause = min(2 ** min(delivery.attempts, 16), LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads
        next_at = None if last else self._now() + int(pause * 1000)
        await self._inbox.failed(delivery, type(error).__name__, next_at)

    async def _grant_wishes(self) -> None:
        try:
            async with self._inbox.lives() as lives:
                for wish in await lives.wishes(WISHES):
                    await self._events.grant(lives, wish)
        except StoreUnavailable:
            raise
        except Exception as error:
            log.error("usernames that became free could not be given: %s", where(error))

    def _now(self) -> int:
        return int(self._clock() * 1000)


def where(error: Exception) -> str:
    """The kind of an error and the lines that it came through. Its words stay out: a driver's tell people's values."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
