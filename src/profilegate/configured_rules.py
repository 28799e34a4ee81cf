"""From settings to the domain's rules: the one place where their names meet."""

from python_usernames.reserved_words import get_reserved_words

from profilegate.profiles.record import MEMBER
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.usernames import CLASSES, UsernameRule
from profilegate.settings import FieldSettings, Settings, UsernameSettings
from profilegate.sync_settings import Ownership, OwnershipSettings

FIELDS = FieldSettings.__struct_fields__


def rules(settings: Settings) -> ProfileRules:
    """The domain's rules, from the settings."""
    fields = settings.fields
    return ProfileRules(
        usernames=username_rule(settings.usernames),
        avatar_base=settings.avatars.base_url,
        editing={("oidc_profile" if each == "profile" else each): getattr(fields, each) for each in FIELDS},
        ownership=ownership(settings.sync.ownership),
        create_on_read=settings.phoenix.create_on_read,
        creations_per_hour=settings.phoenix.creations_per_hour,
    )


def username_rule(settings: UsernameSettings) -> UsernameRule:
    """The rule for usernames, from the settings."""
    reserved = get_reserved_words() if settings.reserved == "standard" else settings.reserved
    return UsernameRule(
        pattern=settings.pattern,
        case_sensitive=settings.case_sensitive,
        reserved=frozenset(reserved),
        min_length=settings.min_length,
        max_length=settings.max_length,
        forbidden=tuple(name for name in CLASSES if name not in settings.allowed),
    )


def ownership(settings: OwnershipSettings) -> dict[str, Ownership]:
    """Whose word counts for each field, in the domain's names."""
    said: dict[str, Ownership] = {each: getattr(settings, each) for each in FIELDS}
    said["oidc_profile"] = said.pop("profile")
    said["sso_identities"] = said["identities"]
    return said | {f"{MEMBER}{claim}": owner for claim, owner in settings.claims.items()}
