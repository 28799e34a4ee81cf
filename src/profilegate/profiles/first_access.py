"""The record that a first access stores."""

from typing import Any

from msgspec.structs import replace

from profilegate.profiles import avatars, names
from profilegate.profiles.record import MEMBER, Actor, Profile, ProfileChange, ProfileKey, Source, field_version
from profilegate.profiles.rules import ProfileRules


def bare(key: ProfileKey, now: int, rules: ProfileRules) -> Profile:
    """The record of a user of whom nothing is known: name and avatar generated. `now` in Unix milliseconds."""
    made = ProfileChange(name=absent("name", key, rules), avatar=absent("avatar", key, rules))
    empty = Profile(tenant_id=key.tenant_id, user_id=key.user_id, created_at=now, updated_at=now)
    return _with(empty, made, "generated", field_version(now))


def absent(field: str, key: ProfileKey, rules: ProfileRules) -> Any:
    """What a record has in the place of a field that nobody has set."""
    match field:
        case "name":
            return names.generated(key)
        case "avatar":
            return avatars.generated(rules.avatar_base, key)
        case "custom_data" | "identities":
            return {}
        case "sso_identities":
            return []
        case "has_password" | "suspended_by_idp":
            return False
    return None


def known(first: Profile, claimed: ProfileChange, wanted: ProfileChange, actor: Actor) -> Profile:
    """The bare record, overlaid with what the owner's token says and then with what was asked for.

    Both changes must have passed the rules already.
    """
    claims = _with(first, claimed, "claims", actor.claims_version)
    return _with(claims, wanted, actor.source, field_version(first.created_at))


def _with(profile: Profile, change: ProfileChange, source: Source, version: str) -> Profile:
    given = change.given()
    plain = {field: value for field, value in given.items() if not field.startswith(MEMBER)}
    members = {field.removeprefix(MEMBER): value for field, value in given.items() if field.startswith(MEMBER)}
    return replace(
        profile,
        **plain,
        oidc_profile={name: value for name, value in {**profile.oidc_profile, **members}.items() if value is not None},
        sources=profile.sources | dict.fromkeys(given, source),
        versions=profile.versions | dict.fromkeys(given, version),
    )
