"""What asks a provider about users when its events said too little, and compares all of them from time to time."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from profilegate.errors import ProviderUnavailable, StoreUnavailable
from profilegate.profiles.deliveries import Inbox
from profilegate.profiles.events import IdentityEvent, Kind
from profilegate.profiles.lives import EventService
from profilegate.profiles.stale import Stale, StaleRecords
from profilegate.sync.management import Management
from profilegate.sync.said import Payload, Unreadable
from profilegate.sync.sources import Source, Sources
from profilegate.sync.worker import where

log = logging.getLogger("profilegate.sync")

POLL = 1.0
"""Seconds between two looks for marks."""

HOUR = 3_600_000
"""Milliseconds."""


class Fetching:
    """Settles marks, one user at a time in each process. `clock` gives Unix seconds.

    State per process: the last user that each source's API knew, for `missing`.
    """

    def __init__(
        self,
        sources: Sources,
        stale: StaleRecords,
        inbox: Inbox,
        events: EventService,
        apis: Mapping[str, Management],
        clock: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._stale = stale
        self._inbox = inbox
        self._events = events
        self._apis = apis
        self._clock = clock
        self._known: dict[str, str] = {}

    async def run(self) -> None:
        """Settle marks for ever; does nothing where no source has an API."""
        while self._apis:
            try:
                worked = await self.settle_one() or await self.mark_some()
            except StoreUnavailable:
                worked = False
            except Exception as error:
                log.error("asking a provider about its users failed: %s", where(error))
                worked = False
            if not worked:
                await asyncio.sleep(POLL)

    async def settle_one(self) -> bool:
        """Ask about one user that is due; False when there is none. Raises StoreUnavailable."""
        stale = await self._stale.take(self._now())
        if stale is None:
            return False
        began = self._now()
        try:
            await self._asked(stale, began)
        except (ProviderUnavailable, Unreadable) as error:
            log.warning("%s could not be asked about a user: %s", stale.source, getattr(error, "reason", error))
            await self._stale.unanswered(stale, self._now())
            return True
        await self._stale.answered(stale, self._now())
        return True

    async def mark_some(self) -> bool:
        """Mark the next records of a comparison that is due; False when there are none. Raises StoreUnavailable."""
        marked = 0
        for source in self._sources.all():
            period, issuer = source.settings.reconcile_hours * HOUR, source.known
            for tenant in source.tenants if period and issuer is not None else ():
                prefix = issuer.user_id_prefix if issuer is not None else ""
                marked += await self._stale.mark_next(source.name, tenant, prefix, period, self._now())
        return bool(marked)

    async def _asked(self, stale: Stale, began: int) -> None:
        api = self._apis.get(stale.source)
        if api is None:
            return  # it is not configured any more
        source = self._sources.named(stale.source)
        user = await api.user(stale.subject)
        if user is None:
            if source.settings.management is None or source.settings.management.missing == "ignore":
                return
            user = await self._looked_again(api, stale)
        event = self._event(stale, source, user, began)
        async with self._inbox.lives() as lives:
            await self._events.apply(lives, event)

    async def _looked_again(self, api: Management, stale: Stale) -> Payload | None:
        """The user once more, after the API has named somebody whom it knew before.

        An API that is redeployed, or whose address has changed, answers 404 for everybody: that erases nobody. Raises
        ProviderUnavailable.
        """
        other = self._known.get(stale.source, stale.subject)
        if other == stale.subject or await api.user(other) is None:
            self._known.pop(stale.source, None)
            raise ProviderUnavailable("it knows nobody else at the moment either, so that nobody is gone")
        return await api.user(stale.subject)

    def _event(self, stale: Stale, source: Source, user: Payload | None, began: int) -> IdentityEvent:
        """What the answer says."""
        if user is None:
            return _said(stale, "delete", {}, began)
        read = source.provider.user
        fields = read(user) if read is not None else {}
        self._known[stale.source] = stale.subject
        return _said(stale, "set", fields, began)

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _said(stale: Stale, kind: Kind, fields: Payload, began: int) -> IdentityEvent:
    """The answer holds for the moment at which the question was asked."""
    return IdentityEvent(
        key=stale.key,
        source=stale.source,
        delivery_id=f"asked at {began}",
        kind=kind,
        occurred_at=began,
        fields=fields,
        is_answer=True,
    )
