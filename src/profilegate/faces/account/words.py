"""What the record and its history are called on the page, and how times are written."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from babel import Locale
from babel.dates import format_datetime
from babel.lists import format_list

from profilegate.faces.account.fields import FIELDS, N_
from profilegate.faces.moments import moment
from profilegate.profiles.events import moment_of
from profilegate.profiles.history import Entry

LABELS: dict[str, str] = {field.name: field.label for field in FIELDS} | {
    "primary_email": N_("Email"),
    "primary_phone": N_("Phone"),
    "custom_data": N_("Custom data"),
    "identities": N_("Linked accounts"),
    "sso_identities": N_("Linked accounts"),
    "application_id": N_("First app used"),
    "last_sign_in_at": N_("Last sign-in"),
    "has_password": N_("Password"),
    "suspended_by_idp": N_("Suspension by the provider"),
    "suspended_by_operator": N_("Suspension by an operator"),
    "revoked_before": N_("Signed out everywhere before"),
    "oidc_profile.middleName": N_("Middle name"),
    "oidc_profile.preferredUsername": N_("Preferred username"),
    "oidc_profile.profile": N_("Profile page"),
    "oidc_profile.gender": N_("Gender"),
    "oidc_profile.address": N_("Address"),
}

ACTORS = {
    "user": N_("you"),
    "operator": N_("an operator"),
    "idp": N_("your sign-in provider"),
    "system": N_("the service"),
}

OTHERS = {"user": N_("the user"), "idp": N_("the provider")}

YES, NO = N_("yes"), N_("no")

ACTIONS = {
    "create": N_("created the profile"),
    "change": N_("changed"),
    "fill": N_("added from the sign-in"),
    "suspend": N_("suspended"),
    "restore": N_("lifted the suspension"),
    "revoke": N_("signed out everywhere"),
    "erase": N_("erased"),
    "document-create": N_("stored data of an app"),
    "document-change": N_("changed data of an app"),
    "document-delete": N_("deleted data of an app"),
}

SOURCES: dict[str, str] = {
    "generated": N_("generated"),
    "claims": N_("the sign-in"),
    "idp": N_("the provider"),
    "user": N_("the user"),
    "operator": N_("an operator"),
}

LONGEST_SHOWN = 100
"""Characters of a value in a table."""


def told(milliseconds: int, locale: Locale) -> str:
    """A moment in the reader's language. In UTC, and it says so: the server does not know the reader's clock."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{format_datetime(at, 'medium', locale=locale)} UTC"


def as_of(version: str, locale: Locale) -> str:
    """How new a field's value is, by the clock of whoever said it."""
    return told(moment_of(version), locale) if version and moment_of(version) else "–"


def shown(value: Any, name: str, locale: Locale) -> str:
    """A field's value as people read it, cut where it is long."""
    match value:
        case None:
            return "–"
        case bool():
            return YES if value else NO
        case int() if name == "last_sign_in_at":
            return told(value, locale)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def listed(words: Iterable[str], locale: Locale) -> str:
    """Several words as the language lists them."""
    return format_list(list(words), style="standard", locale=locale)


def who(entry: Entry, own: bool) -> str:
    """Who did it, as the person whose history it is reads it, or as somebody else does."""
    return (ACTORS if own else ACTORS | OTHERS).get(entry.actor_kind, entry.actor_kind)


def what(entry: Entry) -> str:
    return ACTIONS.get(entry.action, entry.action)


def label(name: str) -> str:
    return LABELS.get(name, name)


def source_label(source: str) -> str:
    return SOURCES.get(source, source)


FILTERS: dict[str, Callable[..., str]] = {
    "told": told,
    "as_of": as_of,
    "iso": moment,
    "who": who,
    "what": what,
    "label": label,
    "shown": shown,
    "listed": listed,
    "source_label": source_label,
}
