"""The one record, its key, and a change to it.

Times are integer Unix milliseconds, UTC. Structs are frozen: a change is a new value,
and only the store makes it true.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple

MEMBER = "oidc_profile."
"""What the field names of the standard claims start with."""

Source = Literal["generated", "claims", "idp", "user", "operator"]
"""Who gave a field its present value."""


class ProfileKey(Struct, frozen=True, gc=False):
    """Names one record, and is the proof that the caller may touch it.

    In request code only `auth.rules` makes one; the command line and sync make them openly.
    """

    tenant_id: str
    user_id: str


class Actor(Struct, frozen=True):
    """Who acts, and through which face: what the audit row remembers.

    `issued_at` is when the caller's token was made (Unix seconds; None where there is no token).
    """

    kind: Literal["user", "operator", "idp", "system"]
    id: str
    face: str
    issued_at: int | None = None

    @property
    def source(self) -> Source:
        """What a field's source becomes when this actor sets it."""
        return "operator" if self.kind == "system" else self.kind

    @property
    def claims_version(self) -> str:
        """How new the claims of the actor's token are; older than every event when it does not say."""
        return field_version(0 if self.issued_at is None else self.issued_at * 1000)


class Profile(Struct, frozen=True, kw_only=True, gc=False):
    """What is known about one user of one tenant.

    `sources` and `versions` say, field by field, who set the value and how new it is;
    a field that was never set is in neither.
    """

    tenant_id: str
    user_id: str
    username: str | None = None
    name: str | None = None
    avatar: str | None = None
    primary_email: str | None = None
    primary_phone: str | None = None
    custom_data: dict[str, Any] = {}
    identities: dict[str, Any] = {}
    sso_identities: list[Any] = []
    oidc_profile: dict[str, Any] = {}
    application_id: str | None = None
    suspended_by_idp: bool = False
    suspended_by_operator: bool = False
    has_password: bool = False
    last_sign_in_at: int | None = None
    created_at: int
    updated_at: int
    version: int = 1
    sources: dict[str, Source] = {}
    versions: dict[str, str] = {}

    @property
    def key(self) -> ProfileKey:
        """The key of this record. Holding the record is proof enough that it may be read."""
        return ProfileKey(self.tenant_id, self.user_id)

    def value(self, field: str) -> Any:
        """A field's value, by the names that `ProfileChange.given` uses; None for a claim that is not set."""
        if field.startswith(MEMBER):
            return self.oidc_profile.get(field.removeprefix(MEMBER))
        return getattr(self, field)

    @property
    def is_suspended(self) -> bool:
        """Either flag suffices: the provider's, or an operator's."""
        return self.suspended_by_idp or self.suspended_by_operator


class Tombstone(Struct, frozen=True, kw_only=True, gc=False):
    """What is left of an erased record: nothing of the person, only the key, the version and by whom.

    `deleted_at` is in Unix milliseconds.
    """

    tenant_id: str
    user_id: str
    version: int
    deleted_at: int
    deleted_by: Literal["idp", "user", "operator"]

    def may_return(self, issued_at: int | None) -> bool:
        """Whether a token made at `issued_at` (Unix seconds) may create the record again.

        Only a newer event undoes a deletion by the provider or an operator. After the user's own
        erasure it takes a token that is certainly newer: the same second is refused.
        """
        return self.deleted_by == "user" and issued_at is not None and issued_at * 1000 > self.deleted_at


class Standing(Struct, frozen=True, gc=False):
    """Whether a user may act at all, apart from what the token says."""

    suspended: bool = False
    tombstone: Tombstone | None = None
    revoked_before: int | None = None
    """Unix milliseconds: a token must be issued after it."""


class ProfileChange(Struct, frozen=True, omit_defaults=True):
    """The fields to set. UNSET leaves a field alone; None clears it.

    The members of `oidc_profile` are fields of their own: those that are given are set, or removed by None,
    and the others are left alone. Every other field is replaced as a whole.
    """

    username: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    primary_email: str | UnsetType | None = UNSET
    primary_phone: str | UnsetType | None = UNSET
    custom_data: dict[str, Any] | UnsetType = UNSET
    identities: dict[str, Any] | UnsetType = UNSET
    sso_identities: list[Any] | UnsetType = UNSET
    oidc_profile: dict[str, Any] | UnsetType = UNSET
    application_id: str | UnsetType | None = UNSET
    has_password: bool | UnsetType = UNSET
    last_sign_in_at: int | UnsetType | None = UNSET

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ProfileChange":
        """The change that sets these fields; the inverse of `given`."""
        members = {name.removeprefix(MEMBER): value for name, value in fields.items() if name.startswith(MEMBER)}
        plain = {name: value for name, value in fields.items() if not name.startswith(MEMBER)}
        return cls(**plain, oidc_profile=members or UNSET)

    def given(self) -> dict[str, Any]:
        """The fields that are set, in this struct's order; last the claims, as "oidc_profile.locale"."""
        each = zip(self.__struct_fields__, astuple(self), strict=True)
        found = {field: value for field, value in each if value is not UNSET}
        if "oidc_profile" in found:
            found |= {f"{MEMBER}{name}": each for name, each in found.pop("oidc_profile").items()}
        return found

    def __bool__(self) -> bool:
        return astuple(self) != ALL_UNSET and bool(self.given())


ALL_UNSET = astuple(ProfileChange())


def field_version(occurred_at: int) -> str:
    """The version of a value set at `occurred_at` (Unix milliseconds), as text that sorts like the time."""
    return f"{occurred_at:015d}"
