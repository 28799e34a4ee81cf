"""The configured rules for a change's values, and who may edit which field."""

from typing import Literal

import pytest

from profilegate.errors import FieldNotEditable, InvalidField
from profilegate.profiles.record import Actor, ProfileChange
from profilegate.profiles.rules import ProfileRules, without
from profilegate.profiles.usernames import UsernameRule

RULES = ProfileRules(UsernameRule(), "https://avatars.example/svg")
GUARDED = ProfileRules(UsernameRule(), "https://avatars.example/svg", {"name": "read_only", "avatar": "off"})


def actor(kind: Literal["user", "operator", "idp", "system"]) -> Actor:
    return Actor(kind, "somebody", "phoenix")


@pytest.mark.parametrize("field", ["name", "avatar"])
def test_the_owner_may_not_edit_a_field_that_is_read_only_or_off(field: str) -> None:
    with pytest.raises(FieldNotEditable) as refusal:
        GUARDED.refuse_uneditable(ProfileChange(username="bob", **{field: None}), actor("user"))
    assert refusal.value.field == field


@pytest.mark.parametrize("change", [ProfileChange(), ProfileChange(username="bob")])
def test_the_owner_may_edit_the_other_fields(change: ProfileChange) -> None:
    GUARDED.refuse_uneditable(change, actor("user"))


@pytest.mark.parametrize("kind", ["operator", "idp", "system"])
def test_everybody_but_the_owner_may_edit_every_field(
    kind: Literal["operator", "idp", "system"],
) -> None:
    GUARDED.refuse_uneditable(ProfileChange(name="Bob", avatar=None), actor(kind))


def test_checked_normalises_and_leaves_absent_and_null_as_they_are() -> None:
    assert RULES.checked(ProfileChange(name="A\u030a")) == ProfileChange(name="Å")
    assert RULES.checked(ProfileChange(name=None, avatar=None)) == ProfileChange(name=None, avatar=None)
    assert RULES.checked(ProfileChange()) == ProfileChange()


@pytest.mark.parametrize(("change", "field"), [
    (ProfileChange(name=""), "name"),
    (ProfileChange(avatar=""), "avatar"),
    (ProfileChange(username=""), "username"),
    (ProfileChange(username=None), "username"),
    (ProfileChange(username="1", name="Bob"), "username"),
    (ProfileChange(primary_email="x" * 129), "primary_email"),
    (ProfileChange(primary_phone="1" * 129), "primary_phone"),
])  # fmt: skip
def test_checked_refuses_a_value_that_breaks_its_rule(change: ProfileChange, field: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        RULES.checked(change)
    assert refusal.value.field == field


def test_accepted_drops_the_bad_values_and_only_those() -> None:
    claimed = ProfileChange(username="not one", name="A\u030a", avatar="javascript:alert(1)", custom_data={"a": 1})
    assert RULES.accepted(claimed) == ProfileChange(name="Å", custom_data={"a": 1})


def test_without_leaves_one_field_alone() -> None:
    assert without(ProfileChange(username="bob", name=None), "username") == ProfileChange(name=None)
