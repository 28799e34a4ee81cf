"""The display name: which are taken, and what people without one are called."""

import hashlib
import re
import unicodedata

import pytest
from hypothesis import given

from profilegate.errors import InvalidField
from profilegate.profiles import names
from profilegate.profiles.record import ProfileKey
from profilegate.profiles.words import ADJECTIVES, ANIMALS

from .strategies import keys, texts

GENERATED = re.compile(r"[A-Z][a-z]+ [A-Z][a-z]+ ([1-9]|[1-9][0-9])")
BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
OFFENSIVE = """
    ape ass baboon bastard beaver bitch black booby chimp chink cock cow crap cripple dead dick dumb dyke fat filthy
    gay gorilla horny idle lame lesbian mad monkey naked nude nuts pig poor psycho pussy queer rat retarded savage
    sexy shag sick slut snake stupid swine tit tranny ugly virgin weasel white wicked worm yellow
"""


def taken(text: str) -> str | None:
    """The name as it is kept; None when it is refused in the one way that is allowed."""
    try:
        return names.checked(text)
    except InvalidField as refusal:
        if refusal.field != "name":
            raise
        return None


@given(texts)
def test_a_name_that_is_taken_is_short_and_free_of_controls(text: str) -> None:
    name = taken(text) or "-"
    assert len(name) <= 128
    assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(name) & set(BIDIRECTIONAL)


@given(texts)
def test_a_name_that_is_taken_is_normalised_and_stays_as_it_is(text: str) -> None:
    name = taken(text) or "-"
    assert unicodedata.is_normalized("NFC", name)
    assert names.checked(name) == name


@pytest.mark.parametrize(
    "name",
    ["Ada", "  Ada ", "<b>O'Neill</b>", "\\", "1", "محمد", "דוד", "می\u200cخواهم", "𝒜" * 128, "👩\u200d👩\u200d👧"],
)
def test_a_name_in_any_script_is_kept_as_it_is(name: str) -> None:
    assert names.checked(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "\u00a0\u3000", "\u200b\u200d", "\ufeff", "a\0", "a\nb", "\ta", "a\x7f", "a\u0085", "a\u2028", "a\u2029"]
    + ["\ud800", "a\udfff", "𝒜" * 129]
    + [f"a{control}" for control in BIDIRECTIONAL],
)
def test_a_name_that_shows_nothing_or_hides_something_is_refused(name: str) -> None:
    with pytest.raises(InvalidField, match=r"^name "):
        names.checked(name)


def test_the_limit_counts_code_points_after_normalisation() -> None:
    assert names.checked("A\u030a" * 128) == "Å" * 128
    assert taken("\u0958" * 64) == "\u0915\u093c" * 64
    assert taken("\u0958" * 65) is None


@given(keys)
def test_a_generated_name_is_two_words_and_a_number_and_follows_the_rule(key: ProfileKey) -> None:
    name = names.generated(key)
    assert GENERATED.fullmatch(name)
    assert names.checked(name) == name


@given(keys)
def test_equal_keys_get_equal_names(key: ProfileKey) -> None:
    assert names.generated(ProfileKey(key.tenant_id, key.user_id)) == names.generated(key)


def test_the_two_ids_are_told_apart() -> None:
    assert names.generated(ProfileKey("a", "bc")) != names.generated(ProfileKey("ab", "c"))


def test_the_user_of_the_documents_is_called_what_they_show() -> None:
    assert names.generated(ProfileKey("your_tenant", "user_123")) == "Brave Tiger 42"


def test_a_thousand_people_have_different_names_that_never_change() -> None:
    people = [names.generated(ProfileKey("tenant", f"user-{n}")) for n in range(1000)]
    assert len(set(people)) == 1000
    assert sha256(people) == "7319ebc37ed5efc4da40b458e0f1518d722606a99c1b297cbbb6b15e356a4a7f"


def test_the_word_lists_never_change() -> None:
    assert sha256(ADJECTIVES) == "c868d8b2651bc84e2ab46e22fb9d4824cacbb33d5076dff916c4eb8d7038faa1"
    assert sha256(ANIMALS) == "043adfe57c7c48c10f860bd1ab4e8364910e8378e8d2a7d1484a10e16fa444f1"


@pytest.mark.parametrize("words", [ADJECTIVES, ANIMALS], ids=["adjectives", "animals"])
def test_the_words_are_many_unique_and_kind(words: tuple[str, ...]) -> None:
    assert len(words) == len(set(words)) >= 200
    assert [word for word in words if not re.fullmatch("[A-Z][a-z]+", word)] == []
    assert {word.lower() for word in words} & set(OFFENSIVE.split()) == set()


def sha256(words: tuple[str, ...] | list[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
