"""The record that a first access stores."""

from msgspec.structs import replace

from profilegate.profiles import avatars, names
from profilegate.profiles.record import MEMBER, Actor, Profile, ProfileChange, ProfileKey, Source, field_version
from profilegate.profiles.rules import ProfileRules


def bare(key: ProfileKey, now: int, rules: ProfileRules) -> Profile:
    """The record of a user of whom nothing is known: name and avatar generated. `now` in Unix milliseconds."""
    made = ProfileChange(name=names.generated(key), avatar=avatars.generated(rules.avatar_base, key))
    return _with(
        Profile(tenant_id=key.tenant_id, user_id=key.user_id, created_at=now, updated_at=now), made, "generated"
    )


def known(first: Profile, claimed: ProfileChange, wanted: ProfileChange, actor: Actor) -> Profile:
    """The bare record, overlaid with what the owner's token says and then with what was asked for.

    Both changes must have passed the rules already.
    """
    return _with(_with(first, claimed, "claims"), wanted, actor.source)


def _with(profile: Profile, change: ProfileChange, source: Source) -> Profile:
    given = change.given()
    version = field_version(profile.created_at)
    plain = {field: value for field, value in given.items() if not field.startswith(MEMBER)}
    members = {field.removeprefix(MEMBER): value for field, value in given.items() if field.startswith(MEMBER)}
    return replace(
        profile,
        **plain,
        oidc_profile={name: value for name, value in {**profile.oidc_profile, **members}.items() if value is not None},
        sources=profile.sources | dict.fromkeys(given, source),
        versions=profile.versions | dict.fromkeys(given, version),
    )
