"""Records in memory, in front of the repository: what was read a moment ago is not read again.

A remembered record is at most a second older than the database, and never older than a change that this process has
made. Whatever decides over a change, a precondition or a first access reads the database itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from typing import TypeVar

from msgspec import Struct

from profilegate.profiles.record import Actor, Profile, ProfileChange, ProfileKey, Standing, Tombstone
from profilegate.second_chance import SecondChance
from profilegate.store.coherence import Coherence
from profilegate.store.profiles import ProfileRepository, Whole
from profilegate.store.under_way import UnderWay

T = TypeVar("T")

PLAIN = Standing()

Read = Callable[[ProfileKey], Awaitable[Whole | None]]
ReadMany = Callable[[Sequence[ProfileKey]], Awaitable[Mapping[ProfileKey, Whole]]]


class Place(Struct, eq=False, gc=False):
    """Where a record is remembered: `whole` is None once that is over, and whoever knows the place sees it."""

    whole: Whole | None
    size: int
    is_used: bool = False


def emptied(place: Place) -> None:
    """The record is no longer remembered here."""
    place.whole = None


class Reading(UnderWay):
    """A read or change of a record. `told` is the newest version that was told of meanwhile."""

    told: float = 0


class RecordCache:
    """`ProfileStore` and `StandingPort` over the repository; reads that decide nothing may be answered from memory.

    `read` gets what is not remembered, and `elsewhere` other people's records where those may be older; they are not
    remembered then. `most` bounds the bytes that are; 0 remembers nothing. State per worker: N workers read a record
    N times.
    """

    def __init__(
        self,
        repository: ProfileRepository,
        read: Read,
        coherence: Coherence,
        most: int,
        elsewhere: ReadMany | None = None,
    ) -> None:
        self._repository = repository
        self._read = read
        self._elsewhere = elsewhere
        self._coherence = coherence
        self._known: SecondChance[ProfileKey, Place] = SecondChance(most, emptied)
        self._readings: dict[ProfileKey, set[Reading]] = {}
        self.hits = self.misses = 0
        coherence.tell(self.forget)

    @property
    def refused(self) -> int:
        """How many changes found the queue too long."""
        return self._repository.changes.refused

    async def whole(self, key: ProfileKey) -> Whole | None:
        """What there is under the key, remembered or read."""
        return self.remembered(key) or await self._looked(key)

    def remembered(self, key: ProfileKey) -> Whole | None:
        """What is remembered under the key, if that may be believed now."""
        if not self._coherence.is_current():
            return None
        place = self._known.get(key)
        if place is None:
            return None
        self.hits += 1
        place.is_used = True
        return place.whole

    def _all_remembered(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Whole]:
        if not self._coherence.is_current():
            return {}
        known: dict[ProfileKey, Whole] = {}
        for key in keys:
            place = self._known.get(key)
            if place is not None and place.whole is not None:
                place.is_used = True
                known[key] = place.whole
        self.hits += len(known)
        return known

    def place(self, key: ProfileKey, whole: Whole) -> Place | None:
        """Where just this is remembered under the key; None when it is not, or no longer."""
        place = self._known.get(key)
        return None if place is None or place.whole is not whole else place

    def held(self, asking: Place, asked: Place) -> Whole | None:
        """What the second place holds, where the first holds something too, and both may be believed now."""
        if not self._coherence.is_current() or asking.whole is None or asked.whole is None:
            return None
        self.hits += 1 if asking is asked else 2
        asking.is_used = asked.is_used = True
        return asked.whole

    def forget(self, key: ProfileKey | None, version: int | None = None) -> None:
        """The record has changed; None: any may have. What a read under way finds is not remembered either.

        `version` is the one that the change made, where that tells it apart from what was before.
        """
        told = float("inf") if version is None else version
        if key is None:
            self._known.clear()
            readings = [each for under_way in self._readings.values() for each in under_way]
        else:
            readings = [*self._readings.get(key, ())]
            place = self._known.get(key)
            if place is not None and place.whole is not None and place.whole.version < told:
                self._known.forget(key)
        for each in readings:
            each.told = max(each.told, told)

    async def both(self, asking: ProfileKey, asked: ProfileKey) -> tuple[Whole | None, Whole | None]:
        """The caller's own record and the one that is asked for, which is somebody else's unless it is the same."""
        mine = self.remembered(asking)
        if asking == asked:
            mine = mine or await self._looked(asking)
            return mine, mine
        theirs = self.remembered(asked)
        if mine is None and theirs is None:
            return await self._looked_at_both(asking, asked)
        return mine or await self._looked(asking), theirs or (await self._glanced([asked])).get(asked)

    async def recall(self, key: ProfileKey) -> Profile | Tombstone | None:
        whole = await self.whole(key)
        return None if whole is None else whole.found

    async def standing(self, key: ProfileKey) -> Standing:
        whole = await self.whole(key)
        return PLAIN if whole is None else whole.standing

    async def get(self, key: ProfileKey) -> Profile | Tombstone | None:
        return await self._repository.get(key)

    async def get_many(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Profile | Tombstone]:
        return {key: whole.found for key, whole in (await self.wholes(keys)).items()}

    async def wholes(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Whole]:
        """What there is under other people's keys, remembered or read by one query."""
        known = self._all_remembered(keys)
        if len(known) < len(keys) and (missing := [key for key in dict.fromkeys(keys) if key not in known]):
            known |= await self._glanced(missing)
        return known

    async def create(self, profile: Profile, actor: Actor) -> bool:
        return await self._changing(profile.key, self._repository.create(profile, actor), lambda _: False)

    async def revive(self, profile: Profile, actor: Actor) -> bool:
        return await self._changing(profile.key, self._repository.revive(profile, actor))

    async def change(
        self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int, expected: int | None = None
    ) -> Profile | None:
        """The changed record is remembered as the database gave it back: its owner will ask for it next."""
        with Reading(self._readings, key) as reading, self._coherence.expect(key) as echo:
            try:
                done = await self._repository.changed(key, change, actor, now, expected)
            except BaseException:
                self.forget(key)  # an error may come after the commit
                raise
            if not isinstance(done, Whole):
                self.forget(key, None if done is None else done.version)  # somebody else may have been first
                return done
            self.forget(key, done.version)
            self._remember(key, done, reading)
            await echo.wait()
            return done.found if isinstance(done.found, Profile) else None

    async def fill(self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int) -> Profile | None:
        return await self._changing(key, self._repository.fill(key, change, actor, now))

    async def erase(self, key: ProfileKey, actor: Actor, now: int, expected: int | None = None) -> Tombstone | None:
        return await self._changing(key, self._repository.erase(key, actor, now, expected))

    async def suspend(self, key: ProfileKey, actor: Actor, now: int, suspended: bool = True) -> bool:
        return await self._changing(key, self._repository.suspend(key, actor, now, suspended))

    async def revoke_before(self, key: ProfileKey, moment: int, actor: Actor, now: int) -> bool:
        return await self._changing(key, self._repository.revoke_before(key, moment, actor, now))

    async def holder(self, tenant_id: str, username: str) -> str | None:
        return await self._repository.holder(tenant_id, username)

    async def count_creation(self, creator: ProfileKey, limit: int, window: int, now: int) -> int | None:
        return await self._repository.count_creation(creator, limit, window, now)

    async def _changing(self, key: ProfileKey, change: Awaitable[T], moved: Callable[[T], bool] = bool) -> T:
        """Forget the record when it may have changed, whatever came of it: an error may come after the commit.

        Where its row has `moved`, other processes are told, and we wait until they should have heard it.
        """
        with self._coherence.expect(key) as echo:
            try:
                done = await change
            finally:
                self.forget(key)
            if moved(done):
                await echo.wait()
            return done

    async def _looked(self, key: ProfileKey) -> Whole | None:
        self.misses += 1
        with Reading(self._readings, key) as reading:
            whole = await self._read(key)
            if whole is not None:
                self._remember(key, whole, reading)
            return whole

    async def _looked_at_both(self, one: ProfileKey, other: ProfileKey) -> tuple[Whole | None, Whole | None]:
        """At the same time, where `read` asks as soon as it is called."""
        if self._elsewhere is not None:
            mine, found = await asyncio.gather(self._looked(one), self._elsewhere([other]))
            return mine, found.get(other)
        self.misses += 2
        with Reading(self._readings, one) as first, Reading(self._readings, other) as second:
            mine, theirs = await in_turn(self._read(one), self._read(other))
            if mine is not None:
                self._remember(one, mine, first)
            if theirs is not None:
                self._remember(other, theirs, second)
            return mine, theirs

    async def _glanced(self, keys: Sequence[ProfileKey]) -> Mapping[ProfileKey, Whole]:
        if self._elsewhere is not None:
            return await self._elsewhere(keys)
        if len(keys) == 1:
            whole = await self._looked(keys[0])
            return {} if whole is None else {keys[0]: whole}
        self.misses += len(keys)
        if not self._known.most:
            return await self._repository.look_at_many(keys)
        with ExitStack() as readings:
            under_way = {key: readings.enter_context(Reading(self._readings, key)) for key in keys}
            found = await self._repository.look_at_many(keys)
            for key, whole in found.items():
                self._remember(key, whole, under_way[key])
            return found

    def _remember(self, key: ProfileKey, whole: Whole, reading: Reading) -> None:
        """Unless nobody would tell of the next change, or something newer has been told of already."""
        if self._known.most and self._coherence.is_current() and whole.version >= reading.told:
            self._known.put(key, Place(whole, whole.size))


async def in_turn(first: Awaitable[T], second: Awaitable[T]) -> tuple[T, T]:
    """What both come to. A coroutine that has not begun, because the first has failed, never will."""
    try:
        return await first, await second
    finally:
        if isinstance(second, Coroutine):
            second.close()
