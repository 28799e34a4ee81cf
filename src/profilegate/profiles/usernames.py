"""The username: its rule, and the key by which two of them are the same."""

import re

from msgspec import Struct

from profilegate.errors import InvalidField
from profilegate.identifiers import is_identifier
from profilegate.profiles.text import refuse_longer

LIMIT = 128
"""Code points; ASCII, so bytes too."""

PATTERN = "[A-Za-z_][0-9A-Za-z_]*"
"""`/^[A-Z_a-z]\\w*$/` as JavaScript reads it: ASCII, and to the very end of the text."""


CLASSES = {
    "lowercase": str.islower,
    "uppercase": str.isupper,
    "numbers": str.isdecimal,
    "underscore": "_".__eq__,
}


class UsernameRule(Struct, frozen=True):
    """Which usernames a tenant's users may take. `forbidden` names the character classes that may not be used."""

    pattern: str = PATTERN
    case_sensitive: bool = False
    reserved: frozenset[str] = frozenset()
    min_length: int = 1
    max_length: int = LIMIT
    forbidden: tuple[str, ...] = ()

    def checked(self, username: str) -> str:
        """The username as it was sent. Raises InvalidField when it breaks the rule.

        Printable ASCII it must be even where a configured pattern takes more. Whether somebody has it is
        not looked at here: only the database's constraint can say that.
        """
        refuse_longer("username", username, LIMIT)
        if not is_identifier(username, LIMIT) or re.fullmatch(self.pattern, username) is None:
            raise InvalidField("username", f"must match {self.pattern}", "pattern")
        self._check_policy(username)
        if username.lower() in map(str.lower, self.reserved):  # a word misleads in any case
            raise InvalidField("username", "is reserved", "reserved")
        return username

    def comparison_key(self, username: str) -> str:
        """Two usernames of a tenant are the same exactly when their keys are equal."""
        return username if self.case_sensitive else username.lower()

    def _check_policy(self, username: str) -> None:
        if len(username) < self.min_length:
            raise InvalidField("username", f"must be at least {self.min_length} characters long", "too_short")
        if len(username) > self.max_length:
            raise InvalidField("username", f"must be at most {self.max_length} characters long", "over_policy")
        for name in self.forbidden:
            if any(map(CLASSES[name], username)):
                raise InvalidField("username", f"must not contain {name}", f"{name}_not_allowed")
