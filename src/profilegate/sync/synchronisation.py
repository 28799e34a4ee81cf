"""Everything of one process that keeps the records in step, put together, and what of it runs beside the requests."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from msgspec import Struct

from profilegate.auth.issuers import Issuers
from profilegate.errors import StoreUnavailable
from profilegate.profiles.deliveries import Inbox
from profilegate.profiles.lives import EventService
from profilegate.profiles.stale import StaleRecords
from profilegate.settings import Settings
from profilegate.sync.fetching import Fetching
from profilegate.sync.management import Management
from profilegate.sync.metrics import SyncMetrics
from profilegate.sync.operations import Operations
from profilegate.sync.reception import Reception
from profilegate.sync.sources import Sources
from profilegate.sync.worker import Worker, where
from profilegate.sync_settings import WebhookSettings

log = logging.getLogger("profilegate.sync")

MINUTE = 60.0
"""Seconds between two rounds of forgetting what is old and looking who is silent."""


class Stores(Struct, frozen=True):
    """What is kept."""

    inbox: Inbox
    stale: StaleRecords


class Synchronisation:
    """`reception` takes deliveries, `operations` is for operators; `running` applies, fetches and tidies up."""

    def __init__(
        self,
        settings: Settings,
        issuers: Issuers,
        stores: Stores,
        events: EventService,
        metrics: SyncMetrics,
        clock: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.sources = Sources(settings.webhooks, issuers)
        self.worker = Worker(self.sources, stores.inbox, events, settings.sync.max_attempts, clock)
        self.reception = Reception(stores.inbox, metrics, clock, self.worker.wake)
        self.operations = Operations(
            self.sources, stores.inbox, metrics, settings.sync.silence_factor, clock, self.worker.wake
        )
        self._apis = apis(settings.webhooks, clock, transport)
        self.fetching = Fetching(self.sources, stores.stale, stores.inbox, events, self._apis, clock)
        self._inbox = stores.inbox
        self._clock = clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work beside the block; at its end what is under way is undone, for the next process to do."""
        tasks: list[asyncio.Task[None]] = [asyncio.create_task(each()) for each in self._work()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for api in self._apis.values():
                await api.close()

    def _work(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        return (self.worker.run, self.fetching.run, self._tidy) if self.sources.all() else ()

    async def _tidy(self) -> None:
        while True:
            try:
                await self._inbox.forget(int(self._clock() * 1000))
                await self.operations.look()
            except StoreUnavailable:
                pass  # /ready tells
            except Exception as error:
                log.error("tidying up failed: %s", where(error))
            await asyncio.sleep(MINUTE)


def apis(
    sources: Sequence[WebhookSettings], clock: Callable[[], float], transport: httpx.AsyncBaseTransport | None
) -> dict[str, Management]:
    """The management APIs of the sources that have one, by the sources' names."""
    return {
        each.source: Management(each.management, clock, transport) for each in sources if each.management is not None
    }
