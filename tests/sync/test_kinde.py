"""Kinde's webhooks."""

from typing import Any

import pytest
from hypothesis import given
from tests.sync.any_payload import anything, check_read, check_user

from profilegate.sync.providers.kinde import KINDE
from profilegate.sync.said import Said, Unreadable

UPDATED = {
    "email": "ada@corp.example",
    "first_name": "Ada",
    "id": "kp_67a4cbba264d4a42bd60ca8673f4fc6b",
    "is_password_reset_requested": False,
    "is_suspended": False,
    "last_name": "Lovelace",
    "organizations": [{"code": "org_1", "permissions": None, "roles": None}],
    "phone": None,
    "username": "ada",
}
CREATED = {name: UPDATED[name] for name in ("id", "email", "first_name", "last_name", "phone")}
OF_THE_API = {
    "id": "kp_67a4cbba264d4a42bd60ca8673f4fc6b",
    "provided_id": None,
    "preferred_email": "ada@corp.example",
    "phone": "+442079460000",
    "username": "ada",
    "first_name": "Ada",
    "last_name": None,
    "is_suspended": True,
    "picture": "https://images.example/ada.png",
    "total_sign_ins": 3,
    "failed_sign_ins": 0,
    "last_signed_in": "2026-08-31T20:00:00.000000+10:00",
    "created_on": "2026-01-01T00:00:00.000000+10:00",
}


def event(name: Any, user: Any) -> dict[str, Any]:
    return {
        "type": name,
        "event_id": "event_018f3a",
        "event_timestamp": "2026-09-01T09:24:05.123456+00:00",
        "source": "admin",
        "timestamp": "2026-09-01T19:24:05.123456+10:00",
        "data": {"user": user},
    }


def test_an_update_tells_what_it_has() -> None:
    assert KINDE.read(event("user.updated", UPDATED)) == (
        Said(
            subject="kp_67a4cbba264d4a42bd60ca8673f4fc6b",
            kind="set",
            occurred_at=1_788_254_645_123,
            fields={
                "username": "ada",
                "name": "Ada Lovelace",
                "primary_email": "ada@corp.example",
                "primary_phone": None,
                "oidc_profile.givenName": "Ada",
                "oidc_profile.familyName": "Lovelace",
                "suspended_by_idp": False,
            },
        ),
    )


def test_a_creation_says_nothing_of_members_that_it_lacks() -> None:
    (said,) = KINDE.read(event("user.created", CREATED))
    assert not {"username", "avatar", "suspended_by_idp"} & said.fields.keys()


def test_null_says_that_there_is_no_value() -> None:
    (said,) = KINDE.read(event("user.updated", UPDATED | {"username": None, "first_name": None, "last_name": None}))
    assert (said.fields["username"], said.fields["name"]) == (None, None)


def test_without_any_part_of_the_name_nothing_is_said_of_it() -> None:
    (said,) = KINDE.read(event("user.updated", {"id": "kp_1"}))
    assert said.fields == {}


def test_suspending_somebody_is_an_update() -> None:
    (said,) = KINDE.read(event("user.updated", UPDATED | {"is_suspended": True}))
    assert said.fields["suspended_by_idp"] is True


@pytest.mark.parametrize("flag", [None, "true", 1])
def test_only_true_and_false_say_whether_a_user_is_suspended(flag: Any) -> None:
    (said,) = KINDE.read(event("user.updated", UPDATED | {"is_suspended": flag}))
    assert "suspended_by_idp" not in said.fields


def test_a_deletion_has_only_the_id() -> None:
    (said,) = KINDE.read(event("user.deleted", {"id": "kp_1"}))
    assert (said.kind, said.subject, said.fields) == ("delete", "kp_1", {})


@pytest.mark.parametrize(
    "name", ["user.authenticated", "user.authentication_failed", "organization.created", "", None, ["user.deleted"]]
)
def test_other_events_are_nothing_for_us(name: Any) -> None:
    assert KINDE.read(event(name, UPDATED)) == ()


@pytest.mark.parametrize("user", [None, {}, {"id": 7}, {"id": ""}, ["kp_1"]])
def test_an_event_without_a_subject_is_unreadable(user: Any) -> None:
    with pytest.raises(Unreadable):
        KINDE.read(event("user.deleted", user))


def test_the_event_names_the_delivery() -> None:
    assert KINDE.delivery_id(event("user.updated", UPDATED)) == "event_018f3a"


def test_the_api_calls_the_email_preferred() -> None:
    assert KINDE.user is not None
    assert KINDE.user(OF_THE_API) == {
        "username": "ada",
        "name": "Ada",
        "avatar": "https://images.example/ada.png",
        "primary_email": "ada@corp.example",
        "primary_phone": "+442079460000",
        "oidc_profile.givenName": "Ada",
        "oidc_profile.familyName": None,
        "suspended_by_idp": True,
        "last_sign_in_at": 1_788_170_400_000,
    }


def test_an_answer_that_is_no_user_is_unreadable() -> None:
    assert KINDE.user is not None
    with pytest.raises(Unreadable):
        KINDE.user({"errors": []})


@given(anything(event("user.created", CREATED), event("user.updated", UPDATED), event("user.deleted", {"id": "kp_1"})))
def test_any_json_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(KINDE.read, payload)


@given(anything(OF_THE_API))
def test_any_json_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(KINDE.user, payload)
