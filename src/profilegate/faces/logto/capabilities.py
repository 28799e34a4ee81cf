"""What the caller may edit: for account pages that show a field as read-only and say why."""

from msgspec import UNSET, Struct, UnsetType

from profilegate.auth.principal import Principal
from profilegate.profiles import avatars, claims, documents, names
from profilegate.profiles.rules import ProfileRules
from profilegate.settings import Permission


class Capability(Struct, rename="camel"):
    """One field: whether it can be edited, why not, and its limits in code points or levels."""

    editable: bool
    reason: str | UnsetType = UNSET
    min_length: int | UnsetType = UNSET
    max_length: int | UnsetType = UNSET
    pattern: str | UnsetType = UNSET
    case_sensitive: bool | UnsetType = UNSET
    max_depth: int | UnsetType = UNSET


class Capabilities(Struct):
    """Every field of the record that people edit somewhere."""

    fields: dict[str, Capability]


def capabilities_of(caller: Principal, rules: ProfileRules) -> Capabilities:
    """What this token may edit under these rules."""

    def capability(name: str, permissions: tuple[Permission, ...] = (), **limits: int | str | bool) -> Capability:
        reason = _reason(caller, rules, name, ("write", *permissions))
        return Capability(reason is None, reason or UNSET, **limits)  # type: ignore[arg-type]

    rule = rules.usernames
    return Capabilities(
        {
            "name": capability("name", max_length=names.LIMIT),
            "avatar": capability("avatar", max_length=avatars.LIMIT),
            "username": capability(
                "username",
                min_length=rule.min_length,
                max_length=rule.max_length,
                pattern=rule.pattern,
                case_sensitive=rule.case_sensitive,
            ),
            "customData": capability("custom_data", ("custom_data",), max_depth=documents.DEEPEST),
            "profile": capability("oidc_profile", max_length=claims.LIMIT),
            "primaryEmail": capability("primary_email"),
            "primaryPhone": capability("primary_phone"),
            "identities": capability("identities"),
        }
    )


def _reason(caller: Principal, rules: ProfileRules, name: str, permissions: tuple[Permission, ...]) -> str | None:
    editing = rules.editing_of(name)
    if editing != "edit":
        return editing
    return None if caller.permissions.issuperset(permissions) else "missing_permission"
