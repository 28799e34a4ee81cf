"""The form's fields: what people see, may edit and have typed. The rules are the domain's; here are their words."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct

from profilegate.auth.principal import Principal
from profilegate.errors import InvalidField
from profilegate.faces.logto.capabilities import Capability, capabilities_of
from profilegate.profiles import avatars, claims, names
from profilegate.profiles.record import MEMBER, Profile, ProfileChange
from profilegate.profiles.rules import ProfileRules


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Marks a message that is translated where it is shown."""
    return message


class Field(Struct, frozen=True):
    """One field: its name in the domain and in the form, its label, and what a browser should know of it."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    capability: str = "profile"


FIELDS = (
    Field("name", N_("Display name"), autocomplete="name", capability="name"),
    Field(
        "username",
        N_("Username"),
        autocomplete="username",
        hint=N_("The name that others know you by. It begins with a letter or an underscore."),
        capability="username",
    ),
    Field(
        "avatar",
        N_("Picture address"),
        kind="url",
        hint=N_("The address of a picture on the web, beginning with https://."),
        capability="avatar",
    ),
    Field(f"{MEMBER}givenName", N_("Given name"), autocomplete="given-name"),
    Field(f"{MEMBER}familyName", N_("Family name"), autocomplete="family-name"),
    Field(f"{MEMBER}nickname", N_("Nickname"), autocomplete="nickname"),
    Field(f"{MEMBER}website", N_("Website"), kind="url", autocomplete="url"),
    Field(f"{MEMBER}birthdate", N_("Birthday"), autocomplete="bday", hint=N_("Such as 1990-12-31.")),
    Field(f"{MEMBER}locale", N_("Language"), autocomplete="language", hint=N_("Such as en or pt-BR.")),
    Field(f"{MEMBER}zoneinfo", N_("Time zone"), hint=N_("Such as Europe/Berlin.")),
)

REASONS = {
    "read_only": N_("Your provider or an operator looks after this."),
    "off": "",
    "missing_permission": N_("You are not permitted to change this."),
}

PROBLEMS = {
    "blank": N_("This must not be empty."),
    "too_long": N_("This is too long."),
    "over_policy": N_("This is too long."),
    "too_short": N_("This is too short."),
    "characters": N_("This has characters that are not allowed."),
    "url": N_("This must be an address that begins with https:// or http://."),
    "pattern": N_("This may have letters, digits and underscores only, and must not begin with a digit."),
    "reserved": N_("This name is reserved."),
    "taken": N_("Somebody else has this username."),
    "lowercase_not_allowed": N_("Username cannot have lowercase letters."),
    "uppercase_not_allowed": N_("Username cannot have uppercase letters."),
    "numbers_not_allowed": N_("Username cannot have numbers."),
    "underscore_not_allowed": N_("Username cannot have underscores."),
    "removed": N_("A username cannot be removed."),
}
OTHER_PROBLEM = N_("This cannot be used.")

LIMITS = {"name": names.LIMIT, "avatar": avatars.LIMIT}


class Shown(Struct, frozen=True, kw_only=True):
    """One field as it stands on the page. `was` is the value that the page was made with, `stored` what somebody
    else has saved since."""

    field: Field
    value: str
    was: str
    is_editable: bool
    reason: str
    limit: int
    problem: str = ""
    stored: str | None = None


def shown(
    profile: Profile,
    caller: Principal,
    rules: ProfileRules,
    typed: Mapping[str, str | None] | None = None,
    problems: Mapping[str, str] | None = None,
    conflicts: Mapping[str, str] | None = None,
    was: Mapping[str, str] | None = None,
) -> list[Shown]:
    """The fields of a record, with what was changed in the place of what is stored, and with what it was changed from
    unless the person is shown that it is something else by now."""
    capabilities = capabilities_of(caller, rules).fields
    found = []
    for field in FIELDS:
        can = capabilities[field.capability]
        reason = _reason(field, can, rules)
        if reason == "off":
            continue
        stored = value_of(profile, field.name)
        found.append(
            Shown(
                field=field,
                value=(typed or {}).get(field.name, stored) or "",
                was=(was or {}).get(field.name, stored),
                is_editable=reason is None,
                reason="" if reason is None else REASONS[reason],
                limit=LIMITS.get(field.name, rules.usernames.max_length if field.name == "username" else claims.LIMIT),
                problem=(problems or {}).get(field.name, ""),
                stored=(conflicts or {}).get(field.name),
            )
        )
    return found


def _reason(field: Field, can: Capability, rules: ProfileRules) -> str | None:
    """Why the owner may not edit a field, of which a claim may have an owner of its own."""
    editing = rules.editing_of(field.name)
    return editing if editing != "edit" else None if can.reason is UNSET else can.reason


def hidden(rules: ProfileRules) -> frozenset[str]:
    """The fields that are off: they are not shown, wherever they would stand."""
    return frozenset(each for each in ProfileChange.__struct_fields__ if rules.editing_of(each) == "off")


def value_of(profile: Profile, name: str) -> str:
    """The value as the form has it."""
    value = profile.value(name)
    return value if isinstance(value, str) else ""


def typed_in(form: Mapping[str, Any]) -> dict[str, str]:
    """What was typed into each field. Browsers send line ends as CRLF and no file is expected."""
    return {field.name: str(form[field.name]).strip() for field in FIELDS if isinstance(form.get(field.name), str)}


def wanted_of(form: Mapping[str, Any]) -> dict[str, str | None]:
    """What was changed: typed otherwise than the page had it. An emptied field is removed."""
    typed = typed_in(form)
    return {
        name: value or None
        for name, value in typed.items()
        if isinstance(was := form.get(f"was.{name}"), str) and value != was.strip()
    }


def was_of(form: Mapping[str, Any], wanted: Mapping[str, str | None]) -> dict[str, str]:
    """What the page had in the fields that were changed."""
    return {name: str(form.get(f"was.{name}", "")) for name in wanted}


def problems_of(wanted: Mapping[str, str | None], rules: ProfileRules) -> dict[str, str]:
    """What is wrong with the values, by field: all of it at once."""
    found = {name: _problem(rules, name, value) for name, value in wanted.items()}
    return {name: problem for name, problem in found.items() if problem}


def _problem(rules: ProfileRules, name: str, value: str | None) -> str:
    if name == "username" and value is None:
        return PROBLEMS["removed"]
    broken: InvalidField | None = rules.problem(name, value)
    return "" if broken is None else PROBLEMS.get(broken.reason, OTHER_PROBLEM)
