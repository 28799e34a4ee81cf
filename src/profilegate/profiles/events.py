"""What identity providers tell of their users, and how that becomes the record. Pure.

Deliveries come late, twice and in any order, so nothing here depends on when one comes: every event has a
version, versions have one order, and each field, each deletion and each sign of life keeps the newest.
The same events end in the same record, however they come.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from profilegate.profiles import first_access
from profilegate.profiles.record import MEMBER, Profile, ProfileKey
from profilegate.profiles.rules import ProfileRules

Kind = Literal["set", "suspend", "restore", "revoke", "delete"]

# At the same moment the graver word is the newer one.
RANK: dict[Kind, int] = {"set": 0, "restore": 1, "suspend": 2, "revoke": 3, "delete": 4}

SUSPENSION = "suspended_by_idp"

# What changes when nothing of the record's content does.
BOOKKEEPING = frozenset({"tenant_id", "user_id", "version", "updated_at", "sources", "versions"})


class IdentityEvent(Struct, frozen=True, kw_only=True):
    """What a provider says of one user.

    `fields` holds domain fields (`record.ProfileChange`, a claim as "oidc_profile.locale", and "suspended_by_idp");
    None says that the provider has no value, absence says nothing. `occurred_at` is in Unix milliseconds;
    `sequence` orders the events of one moment.
    """

    key: ProfileKey
    source: str
    delivery_id: str
    kind: Kind
    occurred_at: int
    sequence: int = 0
    fields: dict[str, Any] = {}
    is_answer: bool = False
    """To a question of ours: it tells what the user is like, and never that an erased one has come back."""

    @property
    def version(self) -> str:
        """Text that sorts as (occurred_at, sequence, rank, delivery). Sorts after `field_version(occurred_at)`."""
        delivery = sha256(f"{self.source}\0{self.delivery_id}".encode(errors="replace")).hexdigest()[:12]
        return f"{self.occurred_at:015d}.{self.sequence:019d}.{RANK[self.kind]}.{delivery}"


class Life(Struct, frozen=True, kw_only=True):
    """A record, or what is left of it, with what decides between the two.

    `seen` is the version of the newest word that the user exists, `grave` of the newest that they are gone; each
    empty where there was none. `revoked_before` and `deleted_at` are Unix milliseconds.
    """

    profile: Profile
    seen: str = ""
    grave: str = ""
    deleted_at: int | None = None
    deleted_by: Literal["idp", "user", "operator"] | None = None
    revoked_before: int | None = None

    @property
    def is_over(self) -> bool:
        return self.deleted_at is not None


def reduced(life: Life | None, event: IdentityEvent, rules: ProfileRules, now: int) -> Life:
    """The life after the event; the same one, or an equal one, when the event says nothing new.

    `life` is None for a user of whom nothing is known yet; `now` is in Unix milliseconds and only dates a new record.
    Does not know who else has a username: that is for the service.
    """
    before = life or Life(profile=first_access.bare(event.key, now, rules))
    match event.kind:
        case "delete":
            return _buried(before, event, rules)
        case "revoke":
            return replace(before, revoked_before=_later(before.revoked_before, event.occurred_at))
        case "set" if event.is_answer and before.is_over:
            return before
        case "set":
            return _told(_alive(before, event, rules, now), event.fields, event.version, rules)
    return _told(before, {SUSPENSION: event.kind == "suspend"}, event.version, rules)


def changed_fields(before: Life | None, after: Life) -> tuple[str, ...]:
    """The names of the content that differs; of a new record, what it has."""
    old = before.profile if before is not None else None
    return tuple(_differences(old, after.profile))


def with_username_of(after: Life, before: Life | None) -> Life:
    """The life with the username as it was, because somebody else has the new one."""
    old = before.profile if before is not None and not before.is_over else None
    profile = after.profile
    sources = {field: each for field, each in profile.sources.items() if field != "username"}
    versions = {field: each for field, each in profile.versions.items() if field != "username"}
    if old is not None and "username" in old.sources:
        sources["username"], versions["username"] = old.sources["username"], old.versions["username"]
    kept = replace(profile, username=old.username if old else None, sources=sources, versions=versions)
    return replace(after, profile=kept)


def moment_of(version: str) -> int:
    """The Unix milliseconds that a version begins with."""
    return int(version[:15])


def told_again(life: Life, fields: dict[str, Any], version: str, rules: ProfileRules) -> Life:
    """The life after fields of an earlier event that could not be had then; of those that ended since, nothing."""
    return life if life.is_over else _told(life, fields, version, rules)


def _alive(life: Life, event: IdentityEvent, rules: ProfileRules, now: int) -> Life:
    """The life after the word that the user exists, which opens the grave if it is the newer."""
    seen = max(life.seen, event.version)
    if not life.is_over or seen <= life.grave:
        return replace(life, seen=seen)
    bare, buried = first_access.bare(event.key, now, rules), life.profile
    born = replace(
        bare,
        version=buried.version,
        suspended_by_idp=buried.suspended_by_idp,
        suspended_by_operator=buried.suspended_by_operator,
        sources=bare.sources | buried.sources,
        versions=bare.versions | buried.versions,
    )
    return replace(life, profile=born, seen=seen, deleted_at=None, deleted_by=None)


def _told(life: Life, fields: dict[str, Any], version: str, rules: ProfileRules) -> Life:
    """The life with those fields that this version is the newest word on, and the provider's to say."""
    said = {SUSPENSION: fields[SUSPENSION]} if isinstance(fields.get(SUSPENSION), bool) else {}
    if not life.is_over:
        said |= rules.acceptable({field: value for field, value in fields.items() if field != SUSPENSION})
    news = {field: value for field, value in said.items() if _is_news(life, field, version, rules)}
    if not news:
        return life
    profile = _with(life.profile, news, rules)
    noted = dict.fromkeys(news, version)
    sources = profile.sources | dict.fromkeys(news, "idp")
    return replace(life, profile=replace(profile, sources=sources, versions=profile.versions | noted))


def _is_news(life: Life, field: str, version: str, rules: ProfileRules) -> bool:
    source = life.profile.sources.get(field, "generated")
    stored = "" if source == "generated" else life.profile.versions.get(field, "")
    if version <= max(stored, life.grave):
        return False
    owner = "idp" if field == SUSPENSION else rules.owner_of(field)
    return owner == "idp" or (owner == "idp_until_edited" and source not in ("user", "operator"))


def _buried(life: Life, event: IdentityEvent, rules: ProfileRules) -> Life:
    """The life without anything older than its end, which is all of it unless the user was seen since."""
    if event.version <= life.grave:
        return life
    revoked = _later(life.revoked_before, event.occurred_at)
    profile = _newer_than(life.profile, event.version, rules)
    if life.seen > event.version:
        return replace(life, profile=profile, grave=event.version, revoked_before=revoked)
    left = Profile(
        tenant_id=profile.tenant_id,
        user_id=profile.user_id,
        version=profile.version,
        suspended_by_idp=profile.suspended_by_idp,
        suspended_by_operator=profile.suspended_by_operator,
        sources={SUSPENSION: "idp"} if SUSPENSION in profile.sources else {},
        versions={SUSPENSION: profile.versions[SUSPENSION]} if SUSPENSION in profile.versions else {},
        created_at=0,
        updated_at=0,
    )
    return replace(
        life,
        profile=left,
        grave=event.version,
        revoked_before=revoked,
        deleted_at=event.occurred_at,
        deleted_by="idp",
    )


def _newer_than(profile: Profile, version: str, rules: ProfileRules) -> Profile:
    """The record as if every field that is older had never been set."""
    old = {
        field
        for field, source in profile.sources.items()
        if source != "generated" and profile.versions.get(field, "") <= version
    }
    if not old:
        return profile
    kept = _with(profile, dict.fromkeys(old), rules)
    generated = dict.fromkeys(old & {"name", "avatar"}, "generated")
    return replace(
        kept,
        sources={field: each for field, each in kept.sources.items() if field not in old} | generated,
        versions={field: each for field, each in kept.versions.items() if field not in old},
    )


def _with(profile: Profile, values: dict[str, Any], rules: ProfileRules) -> Profile:
    """The record with these values; None gives what a record without the field has."""
    members = dict(profile.oidc_profile)
    plain: dict[str, Any] = {}
    for field, value in values.items():
        if field.startswith(MEMBER):
            members[field.removeprefix(MEMBER)] = value
        else:
            plain[field] = value if value is not None else first_access.absent(field, profile.key, rules)
    return replace(profile, **plain, oidc_profile={name: value for name, value in members.items() if value is not None})


def _differences(before: Profile | None, after: Profile) -> Iterator[str]:
    for field in after.__struct_fields__:
        if field in BOOKKEEPING:
            continue
        old, new = getattr(before, field, None), getattr(after, field)
        if field == "oidc_profile":
            old = old or {}
            yield from (f"{MEMBER}{name}" for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name))
        elif old != new and field != "created_at" and (before is not None or new):
            yield field


def _later(first: int | None, second: int) -> int:
    return second if first is None else max(first, second)
