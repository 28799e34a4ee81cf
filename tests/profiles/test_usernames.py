"""The username: the rule of JavaScript's /^[A-Z_a-z]\\w*$/, and which two are the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.errors import InvalidField
from profilegate.profiles.usernames import UsernameRule

from .strategies import texts

RULE = UsernameRule()
DOTTED = UsernameRule(r"[A-Za-z_][0-9A-Za-z_.-]*")

ascii_like = st.text(st.sampled_from("aZ_09 .-\n\0é\u0131٣"), max_size=131) | st.from_regex("[A-Z_a-z][0-9A-Z_a-z]*")


def is_taken(rule: UsernameRule, username: str) -> bool:
    """Whether it is kept as it was sent; False when it is refused in the one way that is allowed."""
    try:
        return rule.checked(username) == username
    except InvalidField as refusal:
        if refusal.field != "username":
            raise
        return False


@pytest.mark.parametrize("username", ["a", "_", "Alice", "alice_99", "__", "A1", "x" * 128])
def test_letters_digits_and_underscores_are_kept(username: str) -> None:
    assert RULE.checked(username) == username


@pytest.mark.parametrize(
    "username",
    ["", "1a", "9", "a-b", "a.b", "a b", " a", "a ", "ab\n", "\nab", "a\0", "a@b", "é", "aé", "ålice", "a٣", "😀",
     "\N{CYRILLIC SMALL LETTER A}", "\N{KELVIN SIGN}", "\N{FULLWIDTH LATIN SMALL LETTER A}", "a\ud800", "x" * 129],
)  # fmt: skip
def test_anything_else_is_refused(username: str) -> None:
    with pytest.raises(InvalidField, match=r"^username "):
        RULE.checked(username)


@given(texts | ascii_like)
def test_a_username_is_taken_exactly_when_javascript_would_match_it(username: str) -> None:
    assert is_taken(RULE, username) == bool(re.fullmatch(r"[A-Z_a-z]\w{0,127}", username, re.ASCII))


def test_a_configured_pattern_is_the_whole_rule() -> None:
    assert DOTTED.checked("alice.b-c") == "alice.b-c"
    assert not is_taken(DOTTED, ".alice")
    assert not is_taken(DOTTED, "alice.b\n")
    assert not is_taken(UsernameRule("ab|cd"), "abx")


@pytest.mark.parametrize("username", ["é", "a٣", "x" * 129])
def test_no_pattern_lets_through_what_is_not_ascii_or_too_long(username: str) -> None:
    assert not is_taken(UsernameRule(r"\w+"), username)


@pytest.mark.parametrize("username", ["", "a\0b", "a\nb"])
def test_no_pattern_lets_through_nothing_or_control_characters(username: str) -> None:
    assert not is_taken(UsernameRule("[^@]*"), username)


def test_case_makes_no_difference_unless_configured() -> None:
    assert RULE.comparison_key("BOB") == RULE.comparison_key("bob")
    exact = UsernameRule(case_sensitive=True)
    assert exact.comparison_key("BOB") != exact.comparison_key("bob")


@pytest.mark.parametrize(("username", "case_sensitive", "is_free"), [
    ("admin", False, False), ("ADMIN", False, False), ("admins", False, True),
    ("Admin", True, False), ("admin", True, False), ("admins", True, True),
])  # fmt: skip
def test_a_reserved_word_is_reserved_in_any_case(username: str, case_sensitive: bool, is_free: bool) -> None:
    rule = UsernameRule(case_sensitive=case_sensitive, reserved=("Admin",))
    assert is_taken(rule, username) == is_free


def test_a_reserved_username_is_told_from_a_malformed_one() -> None:
    with pytest.raises(InvalidField, match="is reserved"):
        UsernameRule(reserved=("admin",)).checked("admin")
