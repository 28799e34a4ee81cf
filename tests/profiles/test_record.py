"""The record's own arithmetic: tombstones, changes, versions, sources."""

from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from profilegate.profiles.record import Actor, Profile, ProfileChange, Source, Tombstone, field_version

times = st.integers(0, 10**15 - 1)


@pytest.mark.parametrize(("deleted_by", "deleted_at", "issued_at", "may_return"), [
    ("user", 100_000, 101, True),
    ("user", 99_999, 100, True),
    ("user", 100_000, 100, False),
    ("user", 100_500, 100, False),
    ("user", 100_000, 99, False),
    ("user", 100_000, None, False),
    ("idp", 100_000, 101, False),
    ("operator", 100_000, 101, False),
])  # fmt: skip
def test_only_the_owners_certainly_newer_token_undoes_an_erasure(
    deleted_by: Literal["idp", "user", "operator"], deleted_at: int, issued_at: int | None, may_return: bool
) -> None:
    grave = Tombstone(tenant_id="t", user_id="u", version=1, deleted_at=deleted_at, deleted_by=deleted_by)
    assert grave.may_return(issued_at) is may_return


@given(times, times)
@example(999_999_999_999, 1_700_000_000_000)
def test_field_versions_sort_like_their_times(one: int, other: int) -> None:
    assert (field_version(one) < field_version(other)) == (one < other)


def test_a_change_tells_absent_from_null() -> None:
    assert ProfileChange(name=None).given() == {"name": None}
    assert ProfileChange(avatar="a", username="b").given() == {"username": "b", "avatar": "a"}
    assert ProfileChange().given() == {}


@pytest.mark.parametrize(("change", "is_one"), [
    (ProfileChange(), False), (ProfileChange(name=None), True), (ProfileChange(custom_data={}), True),
])  # fmt: skip
def test_a_change_of_nothing_is_false(change: ProfileChange, is_one: bool) -> None:
    assert bool(change) is is_one


@pytest.mark.parametrize(("by_idp", "by_operator", "suspended"), [
    (False, False, False), (True, False, True), (False, True, True), (True, True, True),
])  # fmt: skip
def test_either_suspension_suffices(by_idp: bool, by_operator: bool, suspended: bool) -> None:
    profile = Profile(
        tenant_id="t", user_id="u", created_at=0, updated_at=0,
        suspended_by_idp=by_idp, suspended_by_operator=by_operator,
    )  # fmt: skip
    assert profile.is_suspended is suspended


@pytest.mark.parametrize(("kind", "source"), [
    ("user", "user"), ("operator", "operator"), ("idp", "idp"), ("system", "operator"),
])  # fmt: skip
def test_what_the_command_line_sets_counts_as_an_operators(
    kind: Literal["user", "operator", "idp", "system"], source: Source
) -> None:
    assert Actor(kind, "somebody", "cli").source == source
