"""The standard claims that a record keeps in `oidc_profile`, and their rule (OpenID Connect Core, section 5.1)."""

from typing import Any

from profilegate.errors import InvalidField
from profilegate.profiles.text import refuse_longer, refuse_unprintable

LIMIT = 2048
"""Code points of one claim."""

ADDRESS = ("formatted", "streetAddress", "locality", "region", "postalCode", "country")

TEXTS = (
    "familyName",
    "givenName",
    "middleName",
    "nickname",
    "preferredUsername",
    "profile",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
)
MEMBERS = (*TEXTS, "address")
"""The members, in the order in which they are shown."""

# An address may have several lines (section 5.1.1).
LINES = str.maketrans("", "", "\r\n\t")


def checked(name: str, value: Any) -> Any:
    """The claim as it was sent. Raises InvalidField for unknown names, control characters and texts over the limit."""
    if name not in MEMBERS:
        raise InvalidField(name, "is not a standard claim")
    if name == "address" and isinstance(value, dict):
        for part, text in value.items():
            if not isinstance(text, str):
                raise InvalidField(f"address.{part}", "must be text")
            _check(f"address.{part}", text, text.translate(LINES))
    elif isinstance(value, str):
        _check(name, value, value)
    return value


def _check(field: str, text: str, printable: str) -> None:
    refuse_unprintable(field, printable)
    refuse_longer(field, text, LIMIT)
