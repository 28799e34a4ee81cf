"""The record as Logto shows it: its keys, in its order, as far as the caller may see them."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from profilegate.auth.principal import Principal
from profilegate.profiles import claims
from profilegate.profiles.record import Profile
from profilegate.profiles.rules import ProfileRules
from profilegate.settings import Permission

# The permissions that shape the answer; their bits make the mask in the ETag.
SHAPING = ("email", "phone", "custom_data", "identities", "address")


class Address(Struct, omit_defaults=True):
    """A postal address (OpenID Connect Core, section 5.1.1)."""

    formatted: str | UnsetType = UNSET
    streetAddress: str | UnsetType = UNSET  # noqa: N815
    locality: str | UnsetType = UNSET
    region: str | UnsetType = UNSET
    postalCode: str | UnsetType = UNSET  # noqa: N815
    country: str | UnsetType = UNSET


class OIDCProfile(Struct, omit_defaults=True):
    """The standard claims; what is not set is absent."""

    familyName: str | UnsetType = UNSET  # noqa: N815
    givenName: str | UnsetType = UNSET  # noqa: N815
    middleName: str | UnsetType = UNSET  # noqa: N815
    nickname: str | UnsetType = UNSET
    preferredUsername: str | UnsetType = UNSET  # noqa: N815
    profile: str | UnsetType = UNSET
    website: str | UnsetType = UNSET
    gender: str | UnsetType = UNSET
    birthdate: str | UnsetType = UNSET
    zoneinfo: str | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    address: Address | UnsetType = UNSET


class LogtoUser(Struct):
    """The whole record. Times are integer Unix milliseconds. What the token may not see, or is off, is absent."""

    id: str
    username: str | UnsetType | None = UNSET
    primaryEmail: str | UnsetType | None = UNSET  # noqa: N815
    primaryPhone: str | UnsetType | None = UNSET  # noqa: N815
    name: str | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    customData: dict[str, Any] | UnsetType = UNSET  # noqa: N815
    identities: dict[str, Any] | UnsetType = UNSET
    lastSignInAt: int | UnsetType | None = UNSET  # noqa: N815
    createdAt: int | UnsetType = UNSET  # noqa: N815
    updatedAt: int | UnsetType = UNSET  # noqa: N815
    profile: dict[str, Any] | UnsetType = UNSET
    applicationId: str | UnsetType | None = UNSET  # noqa: N815
    isSuspended: bool | UnsetType = UNSET  # noqa: N815
    hasPassword: bool | UnsetType = UNSET  # noqa: N815
    ssoIdentities: list[Any] | UnsetType = UNSET  # noqa: N815


class Availability(Struct, omit_defaults=True):
    """Whether the caller could take a username right now, and if not, why."""

    username: str
    available: bool
    reason: str | UnsetType = UNSET


class ExportedDocument(Struct):
    """What one application keeps about the user. Times are integer Unix milliseconds, here and below."""

    appId: int  # noqa: N815
    app: str
    profileData: Raw  # noqa: N815
    createdAt: int  # noqa: N815
    updatedAt: int  # noqa: N815


class ExportedEntry(Struct):
    """A change of the record: by what kind of person or system, through which face, of which fields."""

    at: int
    by: str
    face: str
    action: str
    fields: list[str]


class ExportedUser(Struct):
    """Everything about one user. `sources` says where each value came from; `withheld` are the kinds of data that the
    token may not see; `complete` is false where there are more documents or changes than an export holds."""

    exportedAt: int  # noqa: N815
    tenantId: str  # noqa: N815
    profile: LogtoUser
    sources: dict[str, str]
    applications: list[ExportedDocument]
    history: list[ExportedEntry]
    withheld: list[str]
    complete: bool


class Erased(Struct):
    """The receipt of an erasure: the SHA-256 of the other members' values, which are all that is left of the record."""

    receipt: str
    tenantId: str  # noqa: N815
    id: str
    version: int
    erasedAt: int  # noqa: N815
    erasedBy: str  # noqa: N815


class LogtoError(Struct, omit_defaults=True):
    """Every error of this face. `code` is stable; `message` is for people, in their language."""

    message: str
    code: str | UnsetType = UNSET
    data: dict[str, Any] | UnsetType = UNSET
    details: str | UnsetType = UNSET


def to_wire(profile: Profile, caller: Principal, rules: ProfileRules) -> LogtoUser:
    """The record as this caller may see it."""

    def seen(field: str, permission: Permission = "read") -> Any:
        off = rules.editing_of(field) == "off"
        return getattr(profile, field) if not off and caller.permissions >= {"read", permission} else UNSET

    return LogtoUser(
        id=profile.user_id,
        username=seen("username"),
        primaryEmail=seen("primary_email", "email"),
        primaryPhone=seen("primary_phone", "phone"),
        name=seen("name"),
        avatar=seen("avatar"),
        customData=seen("custom_data", "custom_data"),
        identities=seen("identities", "identities"),
        lastSignInAt=seen("last_sign_in_at"),
        createdAt=seen("created_at"),
        updatedAt=seen("updated_at"),
        profile=UNSET if seen("oidc_profile") is UNSET else to_oidc_profile(profile, caller),
        applicationId=seen("application_id"),
        isSuspended=seen("is_suspended"),
        hasPassword=seen("has_password"),
        ssoIdentities=seen("sso_identities", "identities") if rules.editing_of("identities") != "off" else UNSET,
    )


def to_oidc_profile(profile: Profile, caller: Principal) -> dict[str, Any]:
    """The standard claims that are set, in their order; the address only with its own permission."""
    if "read" not in caller.permissions:
        return {}
    shown = _ordered(profile.oidc_profile, claims.MEMBERS)
    address = shown.pop("address", None)
    if address is not None and "address" in caller.permissions:
        shown["address"] = _ordered(address, claims.ADDRESS)
    return shown


def _ordered(members: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: members[name] for name in names if name in members}


def mask(caller: Principal) -> int:
    """A number that is the same for all callers who see the same of a record."""
    if "read" not in caller.permissions:
        return 1 << len(SHAPING)
    return sum(1 << bit for bit, permission in enumerate(SHAPING) if permission in caller.permissions)
