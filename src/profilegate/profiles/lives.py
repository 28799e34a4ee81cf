"""Applying a provider's event to the records: the reducer, with what only the store knows round it."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from profilegate.errors import StoreUnavailable
from profilegate.profiles.events import IdentityEvent, Life, moment_of, reduced, told_again, with_username_of
from profilegate.profiles.record import Actor, ProfileKey
from profilegate.profiles.rules import ProfileRules

FACE = "webhook"
"""What the audit rows of events name as their face."""

# A record that is made at this very moment by somebody else is found the next time.
ROUNDS = 5


class Wish(Struct, frozen=True, kw_only=True):
    """A username that a provider gave a user while somebody else had it. `version` is the event's."""

    key: ProfileKey
    source: str
    username: str
    version: str


class Lives(Protocol):
    """The records within one transaction. A life that was found is locked until its end."""

    async def find(self, key: ProfileKey) -> Life | None: ...

    async def add(self, life: Life, actor: Actor, now: int) -> bool:
        """Store a life where there is none; False, and nothing written, when there is one by now."""

    async def save(self, before: Life, after: Life, actor: Actor, now: int) -> None:
        """Store the life in the place of the one that was found.

        `version` and `updated_at` move only when its content differs.
        """

    async def bury(self, key: ProfileKey, until: int | None = None) -> None:
        """Delete what the end of a record leaves no owner for: documents, wishes, marks, what deliveries said.

        With `until`, in Unix milliseconds, only documents that are older: the user came back since. Then what was
        said of them is heard again, for a field that was edited until the end may take what was not taken.
        """

    async def holder(self, tenant_id: str, username: str) -> ProfileKey | None:
        """The user who has this username, or one that compares equal."""

    async def wish(self, wish: Wish, now: int) -> None:
        """Note a username that could not be given."""

    async def forget_wishes(self, key: ProfileKey, version: str) -> None:
        """Forget the user's wishes up to this version."""

    async def is_waiting(self, key: ProfileKey) -> bool:
        """Whether the provider has given this user another username, newer than the present one."""

    async def wishes(self, limit: int) -> list[Wish]:
        """Wishes that may come true: for a free username, or one whose holder is waiting. The newest first."""

    async def mark_stale(self, key: ProfileKey, source: str, subject: str, now: int) -> None:
        """Note that the provider knows more of this user than it told."""

    async def end_sessions(self, issuer: str, subject: str | None, session_id: str | None, until: int) -> int:
        """End the sessions of our own pages that the provider means and that began up to then; returns how many.

        `until` is in Unix milliseconds: who has signed in again since stays, however late or often a delivery comes.
        """


class EventService(Struct, frozen=True):
    """The rules round the records. `clock` gives Unix seconds."""

    rules: ProfileRules
    clock: Callable[[], float]

    async def apply(self, lives: Lives, event: IdentityEvent) -> bool:
        """Make the record what the event says, as far as it is news. Returns whether there is a record after it.

        A username that somebody else has never fails an event: the user keeps the old one, and the wish is noted.
        """
        actor, now = Actor("idp", event.source, FACE), int(self.clock() * 1000)
        for _ in range(ROUNDS):
            before = await lives.find(event.key)
            after = reduced(before, event, self.rules, now)
            if await self._stored(lives, before, after, actor, now):
                return not after.is_over
        raise StoreUnavailable

    async def grant(self, lives: Lives, wish: Wish) -> bool:
        """Give the username that was wished for, if it is free by now and still what the provider says last."""
        actor, now = Actor("idp", wish.source, FACE), int(self.clock() * 1000)
        before = await lives.find(wish.key)
        if before is None:
            return False
        after = told_again(before, {"username": wish.username}, wish.version, self.rules)
        if after == before:  # somebody has set another since
            await lives.forget_wishes(wish.key, wish.version)
            return False
        await self._make_way(lives, wish, actor, now)
        return await self._stored(lives, before, after, actor, now)

    async def _stored(self, lives: Lives, before: Life | None, after: Life, actor: Actor, now: int) -> bool:
        """False when somebody else made the record first."""
        after = await self._with_free_username(lives, before, after, actor, now)
        if before is None and not await lives.add(after, actor, now):
            return False
        if before is not None and after != before:
            await lives.save(before, after, actor, now)
        if after.is_over or (before is not None and after.grave != before.grave):
            await lives.bury(after.profile.key, None if after.is_over else moment_of(after.grave))
        return True

    async def _with_free_username(self, lives: Lives, before: Life | None, after: Life, actor: Actor, now: int) -> Life:
        profile = after.profile
        version = profile.versions.get("username", "")
        if before is not None and before.profile.versions.get("username", "") == version:
            return after
        if profile.username is not None:
            holder = await lives.holder(profile.tenant_id, profile.username)
            if holder not in (None, profile.key):
                wish = Wish(key=profile.key, source=actor.id, username=profile.username, version=version)
                await lives.wish(wish, now)
                return with_username_of(after, before)
        if version:
            await lives.forget_wishes(profile.key, version)
        return after

    async def _make_way(self, lives: Lives, wish: Wish, actor: Actor, now: int) -> None:
        """Take the username from a holder whose own newer one is only waiting: the provider has given it on.

        Without it two users who swap their usernames would wait for each other for ever.
        """
        holder = await lives.holder(wish.key.tenant_id, wish.username)
        if holder is None or holder == wish.key:
            return
        before = await lives.find(holder)
        if before is not None and await lives.is_waiting(holder):
            nameless = replace(before, profile=replace(before.profile, username=None))
            await lives.save(before, nameless, actor, now)
