"""The rules for a record's values, as configured: one place that every face, webhook and command shares."""

from contextlib import suppress
from typing import Any, Literal

from msgspec import Struct

from profilegate.errors import FieldNotEditable, InvalidField
from profilegate.profiles import avatars, claims, documents, names
from profilegate.profiles.record import MEMBER, Actor, ProfileChange
from profilegate.profiles.text import refuse_longer, refuse_unprintable
from profilegate.profiles.usernames import UsernameRule

CONTACT_LIMIT = 128
"""Code points of an email address, a phone number or a client's id."""

LATEST = 10**15
"""Unix milliseconds: the year 33658."""

Editing = Literal["edit", "read_only", "off"]
Ownership = Literal["user", "idp", "idp_until_edited"]

FIELDS = frozenset(ProfileChange.__struct_fields__)

TYPES: dict[str, type] = {
    "custom_data": dict, "identities": dict, "sso_identities": list, "has_password": bool, "last_sign_in_at": int,
    f"{MEMBER}address": dict,
}  # fmt: skip
"""The fields that are no text."""


class ProfileRules(Struct, frozen=True):
    """What values are taken, who may edit which field, and when other people's records are made.

    `avatar_base` is the URL that generated avatars start with; `editing` holds the fields that are
    not freely editable by their owner; `ownership` says whose word counts when the provider's events say another
    value, by field, all claims being "oidc_profile"; `creations_per_hour` counts other people's records per caller.
    """

    usernames: UsernameRule
    avatar_base: str
    editing: dict[str, Editing] = {}
    ownership: dict[str, Ownership] = {}
    create_on_read: Literal["anyone", "self"] = "anyone"
    creations_per_hour: int = 600

    def checked(self, change: ProfileChange) -> ProfileChange:
        """The change with its values normalised. Raises InvalidField for the first that breaks its rule."""
        return ProfileChange.of({field: self._value(field, value) for field, value in change.given().items()})

    def accepted(self, claimed: ProfileChange) -> ProfileChange:
        """Only those of a provider's values that follow the rules. A provider's odd value is no error of the user."""
        taken: dict[str, Any] = {}
        for field, value in claimed.given().items():
            if value is None:
                continue
            try:
                taken[field] = self._value(field, value)
            except InvalidField:
                continue
        return ProfileChange.of(taken)

    def refuse_uneditable(self, change: ProfileChange, actor: Actor) -> None:
        """Raise FieldNotEditable when the owner may not edit one of the given fields. Operators may."""
        if self.editing or self.ownership:
            for field in change.given():
                self.refuse_field(field, actor)

    def refuse_field(self, field: str, actor: Actor) -> None:
        """Raise FieldNotEditable when the owner may not edit this field, whatever is to be done with it."""
        if actor.kind == "user" and self.editing_of(field) != "edit":
            raise FieldNotEditable(field)

    def editing_of(self, field: str) -> Editing:
        """What the owner may do with a field, of which a claim is a part of `oidc_profile`; the provider's are read."""
        whole = "oidc_profile" if field.startswith(MEMBER) else field
        editing, owner = self.editing.get(whole, "edit"), self.ownership.get(field) or self.ownership.get(whole)
        return "read_only" if editing == "edit" and owner == "idp" else editing

    def owner_of(self, field: str) -> Ownership:
        """Whose word counts for a field. What no setting names is the provider's."""
        whole = "oidc_profile" if field.startswith(MEMBER) else field
        return self.ownership.get(field) or self.ownership.get(whole, "idp")

    def acceptable(self, said: dict[str, Any]) -> dict[str, Any]:
        """Those of a provider's values that are of the right type and follow the rules; an empty text is none.

        A provider's odd value is no reason to refuse the others, and never stands against a good one.
        """
        taken: dict[str, Any] = {}
        known = (each for each in said.items() if each[0] in FIELDS or each[0].startswith(MEMBER))
        for field, value in known:
            if value is None or value == "":
                taken[field] = None
            elif type(value) is TYPES.get(field, str) and (type(value) is not int or 0 <= value < LATEST):
                with suppress(InvalidField):
                    taken[field] = self._value(field, value)
        return taken

    def problem(self, field: str, value: Any) -> InvalidField | None:
        """Which rule the value breaks, or None."""
        try:
            self._value(field, value)
        except InvalidField as error:
            return error
        return None

    def _value(self, field: str, value: Any) -> Any:
        if field == "username" and value is None:
            raise InvalidField("username", "cannot be removed")
        if field.startswith(MEMBER):
            return claims.checked(field.removeprefix(MEMBER), value)
        match field, value:
            case (("custom_data" | "identities" | "sso_identities"), _):
                return documents.checked(field, value)
            case "name", str():
                return names.checked(value)
            case "avatar", str():
                return avatars.checked(value)
            case "username", str():
                return self.usernames.checked(value)
            case (("primary_email" | "primary_phone" | "application_id"), str()):
                refuse_unprintable(field, value)
                refuse_longer(field, value, CONTACT_LIMIT)
        return value


def without(change: ProfileChange, field: str) -> ProfileChange:
    """The change with one field left alone."""
    return ProfileChange.of({each: value for each, value in change.given().items() if each != field})
