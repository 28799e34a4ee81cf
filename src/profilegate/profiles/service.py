"""What may happen to a record, in the domain's words. Every face, the webhooks and the page call this."""

from collections.abc import Callable, Sequence

from msgspec import UNSET, Struct
from msgspec.structs import replace

from profilegate.errors import (
    PreconditionFailed,
    ProfileNotFound,
    StoreUnavailable,
    TooManyCreations,
    UsernameTaken,
)
from profilegate.profiles import avatars, first_access
from profilegate.profiles.ports import ProfileStore
from profilegate.profiles.record import Actor, Profile, ProfileChange, ProfileKey, Tombstone
from profilegate.profiles.rules import ProfileRules, without

# A round without an answer means that somebody else made or erased the record meanwhile.
# More than a few in a row is a fault, not a race.
ROUNDS = 5

HOUR = 3_600_000
"""Milliseconds."""

NOTHING = ProfileChange()

# Facts about the sign-in that made the record, not about its user: no reason to change it later.
ABOUT_THE_FIRST_ACCESS = frozenset({"application_id", "last_sign_in_at"})


class ProfileService(Struct, frozen=True):
    """The rules round one store. `clock` gives Unix seconds."""

    store: ProfileStore
    rules: ProfileRules
    clock: Callable[[], float]

    async def get_or_create(self, key: ProfileKey, actor: Actor, claimed: ProfileChange = NOTHING) -> Profile:
        """The record, made on first access with what is missing generated.

        `claimed` is what the caller's token says of its user: on the owner's own access it takes the
        place of generated values. Raises ProfileNotFound where the record was erased or others' records
        are not made on reading, and TooManyCreations when the caller has made too many of them.
        """
        known = await self.store.recall(key) if _owns(actor, key) else (await self.store.get_many([key])).get(key)
        if isinstance(known, Profile):
            return await self._filled(known, actor, claimed)
        return await self.ensured(key, actor, claimed)

    async def ensured(self, key: ProfileKey, actor: Actor, claimed: ProfileChange = NOTHING) -> Profile:
        """The same, as the database has it now: for whoever decides by it, or writes next to it."""
        admitted = _owns(actor, key)
        for _ in range(ROUNDS):
            found = await self.store.get(key)
            if isinstance(found, Profile):
                return await self._filled(found, actor, claimed)
            if found is None and not admitted:
                await self._admit_creation(actor, key)
                admitted = True
            made = await self._made(key, found, actor, claimed, NOTHING)
            if made is not None:
                return made
        raise StoreUnavailable

    async def change(
        self,
        key: ProfileKey,
        change: ProfileChange,
        actor: Actor,
        claimed: ProfileChange = NOTHING,
        seen: frozenset[int] | None = None,
    ) -> Profile:
        """Set the given fields, on a new record if there is none, and return the record.

        `seen` are the versions one of which the record must have, where the caller insists. Raises
        InvalidField, FieldNotEditable, UsernameTaken, PreconditionFailed or ProfileNotFound; then nothing
        is written. An empty change reads.
        """
        self.rules.refuse_uneditable(change, actor)
        wanted = self.rules.checked(change)
        expected = await self._expected(key, seen)
        if not wanted:
            return await self.ensured(key, actor, claimed)
        for _ in range(ROUNDS):
            changed = await self.store.change(key, wanted, actor, self._now(), expected)
            if changed is not None:
                return await self._filled(changed, actor, claimed)
            if expected is not None:
                raise PreconditionFailed
            found = await self.store.get(key)
            made = None if isinstance(found, Profile) else await self._made(key, found, actor, claimed, wanted)
            if made is not None:
                return made
        raise StoreUnavailable

    async def recall(self, key: ProfileKey) -> Profile | None:
        """The record, as it was at most a second ago; None where there is none. Creates nothing."""
        found = await self.store.recall(key)
        return found if isinstance(found, Profile) else None

    async def read_many(self, keys: Sequence[ProfileKey], reader: ProfileKey) -> list[Profile | None]:
        """The records, in order, None where there is none. The reader's own is never older than its last change.

        Creates nothing.
        """
        found: dict[ProfileKey, Profile | Tombstone | None] = {}
        found |= await self.store.get_many([key for key in keys if key != reader])
        if reader in keys:
            found[reader] = await self.store.recall(reader)
        profiles = (found.get(key) for key in keys)
        return [each if isinstance(each, Profile) else None for each in profiles]

    async def username_problem(self, key: ProfileKey, username: str) -> str | None:
        """Why the user cannot have this username: the rule's reason, or "taken"; None when it is free or their own.

        Somebody may take it the next moment; only `change` settles that.
        """
        broken = self.rules.problem("username", username)
        if broken is not None:
            return broken.reason
        holder = await self.store.holder(key.tenant_id, username)
        return None if holder in (None, key.user_id) else "taken"

    def preview(self, key: ProfileKey) -> Profile:
        """What a first access by somebody else would store, with both times 0. Stores nothing."""
        return first_access.bare(key, 0, self.rules)

    def fresh_avatar(self, key: ProfileKey) -> str:
        """A newly generated avatar address, another one every millisecond."""
        return avatars.regenerated(self.rules.avatar_base, key, self._now())

    async def _filled(self, profile: Profile, actor: Actor, claimed: ProfileChange) -> Profile:
        """The record after generated and older values gave way to the owner's claims. The store is asked only for news.

        A claimed username that somebody else has is new every time; then the store's look finds it taken.
        """
        news = self._news(profile, actor, claimed)
        if not news:
            return profile
        try:
            return await self.store.fill(profile.key, news, actor, self._now()) or profile
        except UsernameTaken:
            return profile

    def has_news(self, profile: Profile, actor: Actor, claimed: ProfileChange) -> bool:
        """Whether the actor's own access would change the record, by what its token says of its user."""
        return bool(self._news(profile, actor, claimed))

    def _news(self, profile: Profile, actor: Actor, claimed: ProfileChange) -> ProfileChange:
        """The claimed values that differ from what stands there, where that is generated, or the provider's."""
        if not claimed or not _owns(actor, profile):
            return NOTHING
        differing = {
            field: value
            for field, value in claimed.given().items()
            if profile.value(field) != value
            and field not in ABOUT_THE_FIRST_ACCESS
            and self._is_newer(profile, field, actor.claims_version)
        }
        return self.rules.accepted(ProfileChange.of(differing)) if differing else NOTHING

    def _is_newer(self, profile: Profile, field: str, version: str) -> bool:
        source = profile.sources.get(field, "generated")
        if source == "generated":
            return True
        followed = source in ("claims", "idp") and self.rules.owner_of(field) != "user"
        return followed and profile.versions.get(field, "") < version

    async def _made(
        self,
        key: ProfileKey,
        found: Tombstone | None,
        actor: Actor,
        claimed: ProfileChange,
        wanted: ProfileChange,
    ) -> Profile | None:
        """A new record, or None when somebody else was quicker."""
        if found is not None and not (_owns(actor, key) and found.may_return(actor.issued_at)):
            raise ProfileNotFound
        known = self.rules.accepted(claimed) if _owns(actor, key) else NOTHING
        first = first_access.bare(key, self._now(), self.rules)
        try:
            return await self._stored(first_access.known(first, known, wanted, actor), found, actor)
        except UsernameTaken:
            if await self.store.get(key) != found:
                return None  # taken by a twin of this very request
            if wanted.username is not UNSET:
                raise
        # A username that a token merely offers never stands in the way of a first access.
        return await self._stored(first_access.known(first, without(known, "username"), wanted, actor), found, actor)

    async def _stored(self, profile: Profile, found: Tombstone | None, actor: Actor) -> Profile | None:
        if found is None:
            return profile if await self.store.create(profile, actor) else None
        profile = replace(profile, version=found.version + 1)
        return profile if await self.store.revive(profile, actor) else None

    async def _admit_creation(self, actor: Actor, key: ProfileKey) -> None:
        """Let somebody else's record be made, or raise. Counts only creations, never reads."""
        if self.rules.create_on_read == "self":
            raise ProfileNotFound
        creator = ProfileKey(key.tenant_id, actor.id)
        wait = await self.store.count_creation(creator, self.rules.creations_per_hour, HOUR, self._now())
        if wait is not None:
            raise TooManyCreations(retry_after=-(-wait // 1000))

    async def _expected(self, key: ProfileKey, seen: frozenset[int] | None) -> int | None:
        """The one version that the statement insists on; it, not this look, decides in a race."""
        if seen is None:
            return None
        found = await self.store.get(key)
        if isinstance(found, Profile) and found.version in seen:
            return found.version
        raise PreconditionFailed

    def _now(self) -> int:
        return int(self.clock() * 1000)


def _owns(actor: Actor, key: ProfileKey | Profile) -> bool:
    return actor.kind == "user" and actor.id == key.user_id
