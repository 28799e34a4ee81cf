"""A store in a dictionary, for tests that are not about databases."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from profilegate.errors import PreconditionFailed, UsernameTaken
from profilegate.profiles.record import (
    Actor,
    Profile,
    ProfileChange,
    ProfileKey,
    Source,
    Standing,
    Tombstone,
    field_version,
)


class MemoryStore:
    """`ProfileStore` and `StandingPort` for one thread. No method awaits anything, so each is atomic. No audit."""

    def __init__(self, comparison_key: Callable[[str], str] = str.lower) -> None:
        self.records: dict[ProfileKey, Profile | Tombstone] = {}
        self.revoked: dict[ProfileKey, int] = {}
        self.creations: dict[ProfileKey, tuple[int, int]] = {}
        self._comparison_key = comparison_key

    async def get(self, key: ProfileKey) -> Profile | Tombstone | None:
        return self.records.get(key)

    async def recall(self, key: ProfileKey) -> Profile | Tombstone | None:
        return self.records.get(key)

    async def get_many(self, keys: Sequence[ProfileKey]) -> dict[ProfileKey, Profile | Tombstone]:
        return {key: self.records[key] for key in keys if key in self.records}

    async def create(self, profile: Profile, actor: Actor) -> bool:
        if profile.key in self.records:
            return False
        return self._put(profile)

    async def revive(self, profile: Profile, actor: Actor) -> bool:
        buried = self.records.get(profile.key)
        if not isinstance(buried, Tombstone) or not buried.may_return(actor.issued_at):
            return False
        return buried.version + 1 == profile.version and self._put(profile)

    async def change(
        self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int, expected: int | None = None
    ) -> Profile | None:
        profile = self._living(key)
        if profile is None:
            return None
        if expected not in (None, profile.version):
            raise PreconditionFailed
        return self._set(profile, change.given(), actor.source, now) or profile

    async def fill(self, key: ProfileKey, change: ProfileChange, actor: Actor, now: int) -> Profile | None:
        profile = self._living(key)
        if profile is None:
            return None
        news = {
            field: value
            for field, value in change.given().items()
            if profile.sources.get(field, "generated") == "generated"
            and not (field == "username" and self._is_taken(value, key))
        }
        return self._set(profile, news, "claims", now) or profile

    async def erase(self, key: ProfileKey, actor: Actor, now: int) -> bool:
        profile = self._living(key)
        if profile is None:
            return False
        self.records[key] = Tombstone(
            tenant_id=key.tenant_id,
            user_id=key.user_id,
            version=profile.version + 1,
            deleted_at=now,
            deleted_by=actor.source,
        )
        return True

    async def suspend(self, key: ProfileKey, actor: Actor, now: int, suspended: bool = True) -> bool:
        profile = self._living(key)
        flag = "suspended_by_idp" if actor.kind == "idp" else "suspended_by_operator"
        if profile is None or getattr(profile, flag) == suspended:
            return False
        return self._put(replace(profile, **{flag: suspended}, version=profile.version + 1, updated_at=now))

    async def revoke_before(self, key: ProfileKey, moment: int, actor: Actor, now: int) -> bool:
        if key not in self.records or self.revoked.get(key, -1) >= moment:
            return False
        self.revoked[key] = moment
        return True

    async def count_creation(self, creator: ProfileKey, limit: int, window: int, now: int) -> int | None:
        start, made = self.creations.get(creator, (now, 0))
        if start + window <= now:
            start, made = now, 0
        self.creations[creator] = (start, made + 1)
        return None if made < limit else start + window - now

    async def standing(self, key: ProfileKey) -> Standing:
        record = self.records.get(key)
        revoked = self.revoked.get(key)
        if isinstance(record, Profile):
            return Standing(record.is_suspended, None, revoked)
        return Standing(False, record, revoked)

    def _living(self, key: ProfileKey) -> Profile | None:
        record = self.records.get(key)
        return record if isinstance(record, Profile) else None

    def _put(self, profile: Profile) -> bool:
        if self._is_taken(profile.username, profile.key):
            raise UsernameTaken
        self.records[profile.key] = profile
        return True

    def _set(self, profile: Profile, given: dict[str, Any], source: Source, now: int) -> Profile | None:
        news = {field: value for field, value in given.items() if getattr(profile, field) != value}
        if not news:
            return None
        changed = replace(
            profile,
            **news,
            sources=profile.sources | dict.fromkeys(news, source),
            versions=profile.versions | dict.fromkeys(news, field_version(now)),
            version=profile.version + 1,
            updated_at=now,
        )
        self._put(changed)
        return changed

    def _is_taken(self, username: str | None, key: ProfileKey) -> bool:
        return username is not None and any(
            isinstance(other, Profile)
            and other.username is not None
            and other.tenant_id == key.tenant_id
            and other.key != key
            and self._comparison_key(other.username) == self._comparison_key(username)
            for other in self.records.values()
        )
