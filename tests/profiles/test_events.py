"""What a provider's event makes of a record, and that the order in which events come makes no difference."""

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from profilegate.profiles import avatars, names
from profilegate.profiles.events import RANK, IdentityEvent, Kind, Life, changed_fields, moment_of, reduced
from profilegate.profiles.record import Profile, ProfileKey, Source, field_version
from profilegate.profiles.rules import Ownership, ProfileRules
from profilegate.profiles.usernames import UsernameRule

BASE = "https://avatars.test/svg"
KEY = ProfileKey("acme", "ann")
NOW = 1_800_000_000_000
OWNERS: dict[str, Ownership] = {
    "name": "idp_until_edited",
    "avatar": "idp_until_edited",
    "username": "idp_until_edited",
    "oidc_profile": "idp_until_edited",
    "oidc_profile.locale": "idp",
    "custom_data": "user",
    "primary_email": "idp",
}
RULES = ProfileRules(UsernameRule(), BASE, ownership=OWNERS)
GENERATED_NAME = names.generated(KEY)
GENERATED_AVATAR = avatars.generated(BASE, KEY)


def event(kind: Kind, at: int, delivery: str = "1", sequence: int = 0, **fields: Any) -> IdentityEvent:
    """At that many milliseconds after NOW."""
    return IdentityEvent(
        key=KEY,
        source="logto",
        delivery_id=delivery,
        kind=kind,
        occurred_at=NOW + at,
        sequence=sequence,
        fields={name.replace("__", "."): value for name, value in fields.items()},
    )


def after(events: Iterable[IdentityEvent], life: Life | None = None, rules: ProfileRules = RULES) -> Life:
    for each in events:
        life = reduced(life, each, rules, NOW)
    assert life is not None
    return life


def known(field: str, value: Any, source: Source, at: int) -> Life:
    """A record in which this field was set at that many milliseconds after NOW."""
    profile = after([event("set", -1_000_000, "first")]).profile
    plain = {field: value} if "." not in field else {"oidc_profile": {field.split(".")[1]: value}}
    profile = replace(
        profile,
        **plain,
        sources=profile.sources | {field: source},
        versions=profile.versions | {field: field_version(NOW + at)},
    )
    return Life(profile=profile, seen=field_version(NOW - 1_000_000))


def comparable(life: Life) -> Life:
    """All of it but when the record was made here."""
    return replace(life, profile=replace(life.profile, created_at=0, updated_at=0, versions=_said(life.profile)))


def _said(profile: Profile) -> dict[str, str]:
    """The versions; those of generated values are of the record's making."""
    return {name: each for name, each in profile.versions.items() if profile.sources.get(name) != "generated"}


# Fields


def test_the_first_word_of_a_user_makes_the_record_with_what_is_missing_generated() -> None:
    life = after([event("set", 0, primary_email="ann@acme.test")])
    profile = life.profile
    assert (profile.name, profile.avatar) == (GENERATED_NAME, GENERATED_AVATAR)
    assert (profile.primary_email, profile.sources["primary_email"]) == ("ann@acme.test", "idp")
    assert (profile.created_at, profile.updated_at, life.is_over, life.grave) == (NOW, NOW, False, "")


@pytest.mark.parametrize(
    ("owner", "source", "is_taken"),
    [
        ("idp", "generated", True),
        ("idp", "claims", True),
        ("idp", "idp", True),
        ("idp", "user", True),
        ("idp", "operator", True),
        ("idp_until_edited", "generated", True),
        ("idp_until_edited", "claims", True),
        ("idp_until_edited", "idp", True),
        ("idp_until_edited", "user", False),
        ("idp_until_edited", "operator", False),
        ("user", "generated", False),
        ("user", "claims", False),
        ("user", "idp", False),
        ("user", "user", False),
        ("user", "operator", False),
    ],
)
@pytest.mark.parametrize("field", ["name", "oidc_profile.locale", "username"])
def test_a_newer_word_is_taken_as_the_ownership_says(
    field: str, owner: Ownership, source: Source, is_taken: bool
) -> None:
    rules = ProfileRules(UsernameRule(), BASE, ownership={field: owner})
    life = after([event("set", 0, **{field.replace(".", "__"): "said"})], known(field, "stood", source, -1), rules)
    assert life.profile.value(field) == ("said" if is_taken else "stood")
    assert life.profile.sources[field] == ("idp" if is_taken else source)


@pytest.mark.parametrize("source", ["claims", "idp", "user", "operator"])
@pytest.mark.parametrize("at", [1, 5_000])
def test_an_older_word_is_not_taken_even_by_a_field_that_is_the_providers(source: Source, at: int) -> None:
    before = known("primary_email", "stood@acme.test", source, at)
    assert after([event("set", 0, primary_email="said@acme.test")], before).profile == before.profile


def test_a_word_of_the_same_moment_is_newer_than_an_edit_of_it() -> None:
    before = known("primary_email", "stood@acme.test", "user", 0)
    assert after([event("set", 0, primary_email="said@acme.test")], before).profile.primary_email == "said@acme.test"


def test_a_generated_value_gives_way_to_any_word_however_old() -> None:
    assert after([event("set", -50, name="Said")], after([event("set", 0)])).profile.name == "Said"


@pytest.mark.parametrize(
    ("field", "said", "left"),
    [
        ("name", "Said", GENERATED_NAME),
        ("avatar", "https://said.test/", GENERATED_AVATAR),
        ("username", "said", None),
        ("primary_email", "said@acme.test", None),
        ("identities", {"github": {"userId": "1"}}, {}),
        ("sso_identities", [{"issuer": "https://sso.test"}], []),
        ("has_password", True, False),
        ("last_sign_in_at", 5, None),
        ("oidc_profile.locale", "de", None),
        ("oidc_profile.address", {"locality": "Ulm"}, None),
    ],
)
def test_none_leaves_what_a_record_has_without_the_field_and_is_the_providers_word(
    field: str, said: Any, left: Any
) -> None:
    name = field.replace(".", "__")
    told = after([event("set", 0, **{name: said})])
    emptied = after([event("set", 1, "2", **{name: None})], told)
    assert (told.profile.value(field), emptied.profile.value(field)) == (said, left)
    assert emptied.profile.sources[field] == "idp"
    assert after([event("set", 0, **{name: said})], emptied) == emptied


def test_what_an_event_does_not_speak_of_stays() -> None:
    told = after([event("set", 0, name="Ann", oidc_profile__locale="de", primary_email="ann@acme.test")])
    profile = after([event("set", 1, "2", oidc_profile__zoneinfo="UTC")], told).profile
    assert (profile.name, profile.primary_email) == ("Ann", "ann@acme.test")
    assert profile.oidc_profile == {"locale": "de", "zoneinfo": "UTC"}


@pytest.mark.parametrize(
    "odd",
    [{"username": "1 !"}, {"name": 7}, {"primary_email": ["a"]}, {"unheard_of": "x"}, {"oidc_profile__unheard": "x"},
     {"suspended_by_idp": "yes"}, {"has_password": "yes"}, {"last_sign_in_at": -1}, {"oidc_profile__address": "x"}],
)  # fmt: skip
def test_an_odd_value_is_passed_over_and_the_others_are_taken(odd: dict[str, Any]) -> None:
    told = after([event("set", 0, primary_phone="+4930123456", **odd)])
    assert comparable(told) == comparable(after([event("set", 0, primary_phone="+4930123456")]))


def test_a_later_event_does_not_undo_what_it_says_worse() -> None:
    told = after([event("set", 0, username="ann"), event("set", 1, "2", username="1 !")])
    assert told.profile.username == "ann"


# Suspension and revocation


@pytest.mark.parametrize("by_operator", [False, True])
def test_the_providers_suspension_and_an_operators_are_kept_apart(by_operator: bool) -> None:
    before = after([event("set", 0)])
    before = replace(before, profile=replace(before.profile, suspended_by_operator=by_operator))
    suspended = after([event("suspend", 1)], before)
    assert (suspended.profile.suspended_by_idp, suspended.profile.suspended_by_operator) == (True, by_operator)
    restored = after([event("restore", 2)], suspended)
    assert (restored.profile.suspended_by_idp, restored.profile.suspended_by_operator) == (False, by_operator)


def test_the_newest_word_on_the_suspension_counts_whether_it_is_an_event_or_a_field() -> None:
    told = [event("suspend", 1), event("set", 2, suspended_by_idp=False), event("suspend", 3, "3")]
    for order in permutations(told):
        assert after(order).profile.suspended_by_idp is True
    for order in permutations(told[:2]):
        assert after(order).profile.suspended_by_idp is False


def test_a_suspension_of_somebody_unknown_makes_a_suspended_record() -> None:
    life = after([event("suspend", 0)])
    assert (life.profile.suspended_by_idp, life.is_over, life.seen) == (True, False, "")


def test_a_revocation_moves_the_moment_forwards_only_and_nothing_else() -> None:
    before = after([event("set", 0, name="Ann")])
    life = after([event("revoke", 5), event("revoke", 3, "2")], before)
    assert life == replace(before, revoked_before=NOW + 5)


# Deletion


def test_a_deletion_leaves_nothing_but_the_key_and_when_and_by_whom() -> None:
    before = after([event("set", 0, name="Ann", username="ann", oidc_profile__locale="de", has_password=True)])
    life = after([event("delete", 1)], before)
    assert life.is_over
    assert (life.deleted_at, life.deleted_by, life.revoked_before) == (NOW + 1, "idp", NOW + 1)
    left = Profile(tenant_id="acme", user_id="ann", version=before.profile.version, created_at=0, updated_at=0)
    assert life.profile == left


def test_a_deletion_before_the_creation_that_it_ends_keeps_the_record_from_being_made() -> None:
    life = after([event("delete", 2), event("set", 1, name="Ann")])
    assert life.is_over
    assert (life.profile.name, life.profile.sources) == (None, {})


def test_a_late_deletion_ends_nothing_that_the_user_came_back_for_but_what_was_before_it() -> None:
    told = [event("set", 1, name="Old", username="old"), event("set", 3, "3", username="new")]
    life = after([*told, event("delete", 2, "2")])
    assert not life.is_over
    assert (life.profile.name, life.profile.username, life.revoked_before) == (GENERATED_NAME, "new", NOW + 2)
    assert life.profile.sources == {"name": "generated", "avatar": "generated", "username": "idp"}


def test_a_late_word_from_before_the_deletion_is_no_word_on_who_came_back() -> None:
    life = after([event("delete", 2), event("set", 3), event("set", 1, name="Old", username="old")])
    assert (life.profile.name, life.profile.username) == (GENERATED_NAME, None)


def test_who_comes_back_gets_a_new_record_with_the_version_going_on() -> None:
    before = after([event("set", 0, name="Ann"), event("delete", 1)])
    before = replace(before, profile=replace(before.profile, version=7))
    life = reduced(before, event("set", 2, username="ann"), RULES, NOW + 9)
    assert (life.is_over, life.deleted_by, life.grave) == (False, None, before.grave)
    assert (life.profile.version, life.profile.created_at) == (7, NOW + 9)
    assert (life.profile.name, life.profile.username) == (GENERATED_NAME, "ann")


@pytest.mark.parametrize("kind", ["suspend", "restore", "revoke"])
def test_nothing_but_a_set_brings_anybody_back(kind: Kind) -> None:
    assert after([event("delete", 1), event(kind, 2)]).is_over


def test_a_suspension_after_the_deletion_holds_for_who_comes_back() -> None:
    told = [event("delete", 1), event("suspend", 2), event("set", 3)]
    for order in permutations(told):
        life = after(order)
        assert (life.is_over, life.profile.suspended_by_idp) == (False, True)


def test_an_operators_suspension_outlives_the_deletion() -> None:
    before = after([event("set", 0)])
    before = replace(before, profile=replace(before.profile, suspended_by_operator=True))
    assert after([event("delete", 1), event("set", 2)], before).profile.suspended_by_operator is True


@pytest.mark.parametrize("by", ["user", "operator"])
def test_an_erasure_here_is_undone_by_a_newer_word_only(by: Any) -> None:
    left = Profile(tenant_id="acme", user_id="ann", version=4, created_at=0, updated_at=0)
    over = Life(profile=left, grave=field_version(NOW), deleted_at=NOW, deleted_by=by)
    older = after([event("set", -1, name="Ann")], over)
    assert (older.is_over, older.deleted_by, older.profile) == (True, by, left)
    newer = after([event("set", 1, name="Ann")], over)
    assert (newer.is_over, newer.deleted_by, newer.profile.name) == (False, None, "Ann")


# Versions


def test_a_version_is_ordered_by_time_then_sequence_then_the_graver_kind() -> None:
    ordered = [
        event("delete", 0, sequence=9),
        *(event(kind, 1, sequence=n) for n in (0, 1, 10) for kind in ("set", "restore", "suspend", "revoke", "delete")),
        event("set", 2),
        event("set", 10),
    ]
    assert [each.version for each in ordered] == sorted(each.version for each in ordered)
    assert len({each.version for each in ordered}) == len(ordered)


def test_every_kind_has_a_rank_of_its_own() -> None:
    assert sorted(RANK.values()) == list(range(len(get_args(Kind))))


def test_two_deliveries_of_one_moment_have_one_order_of_their_own() -> None:
    one, other = event("set", 0, "1", name="One"), event("set", 0, "2", name="Other")
    assert one.version != other.version
    assert comparable(after([one, other])) == comparable(after([other, one]))


def test_the_same_delivery_has_the_same_version_and_another_source_another() -> None:
    assert event("set", 0).version == event("set", 0).version
    assert event("set", 0).version != replace(event("set", 0), source="clerk").version


def test_a_version_sorts_after_that_of_an_edit_of_its_moment_and_tells_its_moment() -> None:
    assert field_version(NOW) < event("set", 0).version < field_version(NOW + 1)
    assert moment_of(event("set", 7, sequence=3).version) == NOW + 7


@pytest.mark.parametrize("delivery", ["\ud800", "", "é" * 300])
def test_any_text_may_name_a_delivery(delivery: str) -> None:
    assert event("set", 0, delivery).version.isascii()


# What is audited


def test_the_changed_fields_are_those_whose_values_differ() -> None:
    before = after([event("set", 0, name="Ann", oidc_profile__locale="de", oidc_profile__zoneinfo="UTC")])
    told = event("set", 1, "2", name="Ann", username="ann", oidc_profile__locale="en", suspended_by_idp=True)
    changed = changed_fields(before, after([told], before))
    assert sorted(changed) == ["oidc_profile.locale", "suspended_by_idp", "username"]


# Any order


MOMENTS = st.integers(0, 4).map(lambda n: n * 10)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["Ann", "Bea", None, "", 3]),
    "username": st.sampled_from(["ann", "bea", None, "1 !"]),
    "primary_email": st.sampled_from(["a@acme.test", "b@acme.test", None]),
    "oidc_profile.locale": st.sampled_from(["de", "en", None]),
    "oidc_profile.zoneinfo": st.sampled_from(["UTC", None]),
    "custom_data": st.sampled_from([{"a": 1}, None]),
    "suspended_by_idp": st.sampled_from([True, False, None]),
}


@st.composite
def identity_events(draw: st.DrawFn) -> IdentityEvent:
    kind: Kind = draw(st.sampled_from(("set", "set", "set", "suspend", "restore", "revoke", "delete", "delete")))
    fields = draw(st.fixed_dictionaries({}, optional=VALUES)) if kind == "set" else {}
    # One delivery says one thing, so its id tells everything that makes an event what it is.
    at, sequence = draw(MOMENTS), draw(st.integers(0, 1))
    made = event(kind, at, f"{kind} {at} {sequence} {sorted(fields.items(), key=str)}", sequence)
    return replace(made, fields=fields)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[IdentityEvent], list[IdentityEvent]]:
    """Any events, some of them twice, and the same in another order."""
    events = draw(st.lists(identity_events(), min_size=1, max_size=9))
    events += draw(st.lists(st.sampled_from(events), max_size=3))
    return events, list(draw(st.permutations(events)))


def outcome(events: Sequence[IdentityEvent]) -> bool | None:
    """Whether the newest word on it is that the user is gone; None without any."""
    said = [each for each in events if each.kind in ("set", "delete")]
    return max(said, key=lambda each: each.version).kind == "delete" if said else None


@settings(max_examples=300)
@given(orders())
def test_any_events_in_any_order_end_in_the_same_life(drawn: tuple[list[IdentityEvent], list[IdentityEvent]]) -> None:
    one, other = drawn
    assert comparable(after(one)) == comparable(after(other))


@settings(max_examples=300)
@given(orders())
def test_hearing_everything_again_changes_nothing(drawn: tuple[list[IdentityEvent], list[IdentityEvent]]) -> None:
    one, other = drawn
    life = after(one)
    assert after(other, life) == life


@settings(max_examples=300)
@given(orders())
def test_a_life_is_over_exactly_when_a_deletion_is_the_newest_word(
    drawn: tuple[list[IdentityEvent], list[IdentityEvent]],
) -> None:
    for events in drawn:
        assert after(events).is_over == bool(outcome(events))


@st.composite
def edited(draw: st.DrawFn) -> Life:
    """A record with what the user or an operator has set, before anything that the events tell of."""
    field = draw(st.sampled_from(["name", "username", "primary_email", "oidc_profile.locale", "oidc_profile.zoneinfo"]))
    value = {"name": "Chosen", "username": "chosen", "primary_email": "chosen@acme.test"}.get(field, "Chosen")
    return known(field, value, draw(st.sampled_from(["user", "operator"])), -500)


@settings(max_examples=300)
@given(orders(), edited())
def test_with_an_edit_in_the_record_all_orders_end_the_same_once_everything_was_heard_again(
    drawn: tuple[list[IdentityEvent], list[IdentityEvent]], life: Life
) -> None:
    """A late deletion takes an edit away, and only then there is place for a word that came before it."""
    one, other = drawn
    assert comparable(after([*one, *other], life)) == comparable(after([*other, *one], life))


@settings(max_examples=300)
@given(orders(), edited())
def test_with_an_edit_in_the_record_too_a_deletion_that_is_the_newest_word_ends_it(
    drawn: tuple[list[IdentityEvent], list[IdentityEvent]], life: Life
) -> None:
    for events in drawn:
        assert after(events, life).is_over == bool(outcome(events))


@settings(max_examples=300)
@given(orders(), edited())
def test_without_a_deletion_an_edit_stays_whatever_the_provider_says_of_the_field_until_it_is_edited(
    drawn: tuple[list[IdentityEvent], list[IdentityEvent]], life: Life
) -> None:
    alive = [[each for each in events if each.kind != "delete"] for events in drawn]
    if not alive[0]:
        return
    one, other = (after(events, life) for events in alive)
    assert comparable(one) == comparable(other)
    for field in ("name", "username", "oidc_profile.zoneinfo"):
        if life.profile.sources.get(field) in ("user", "operator"):
            assert one.profile.value(field) == life.profile.value(field)
