"""FusionAuth's webhooks."""

from typing import Any

import pytest
from hypothesis import given
from tests.sync.any_payload import anything, check_read, check_user

from profilegate.sync.providers.fusionauth import FUSIONAUTH, KINDS
from profilegate.sync.said import Said, Unreadable

ADA = {
    "active": True,
    "birthDate": "1990-12-10",
    "connectorId": "e3306678-a53a-4964-9040-1c96f36dda72",
    "data": {"salary": 7},
    "email": "ada@corp.example",
    "firstName": "Ada",
    "fullName": "Countess Ada",
    "id": "7b6c267c-4a31-47a4-8c19-11aa40dbd304",
    "imageUrl": "https://images.example/ada.png",
    "insertInstant": 1_767_225_600_000,
    "lastLoginInstant": 1_788_170_400_000,
    "lastName": "Lovelace",
    "lastUpdateInstant": 1_788_254_645_001,
    "mobilePhone": "+44 20 7946 0000",
    "preferredLanguages": ["en_GB", "de"],
    "tenantId": "a743e2cd-55bb-789c-b076-8846fdd3a51f",
    "timezone": "Europe/London",
    "username": "ada",
    "usernameStatus": "ACTIVE",
    "verified": True,
}


def event(name: Any = "user.update.complete", without: tuple[str, ...] = (), **changed: Any) -> dict[str, Any]:
    user = {member: value for member, value in ADA.items() if member not in without} | changed
    return {
        "event": {
            "createInstant": 1_788_254_645_123,
            "id": "6c854b61-8e16-45db-b9ac-9465255b0fae",
            "info": {"ipAddress": "203.0.113.7"},
            "original": {"id": "somebody else", "username": "old"},
            "tenantId": "a743e2cd-55bb-789c-b076-8846fdd3a51f",
            "type": name,
            "user": user,
        }
    }


def fields_of(*without: str, **changed: Any) -> dict[str, Any]:
    (said,) = FUSIONAUTH.read(event(without=without, **changed))
    return said.fields


@pytest.mark.parametrize("name", ["user.create.complete", "user.update.complete"])
def test_a_completed_event_tells_the_whole_user(name: str) -> None:
    assert FUSIONAUTH.read(event(name)) == (
        Said(
            subject="7b6c267c-4a31-47a4-8c19-11aa40dbd304",
            kind="set",
            occurred_at=1_788_254_645_123,
            sequence=1_788_254_645_001,
            tenant="a743e2cd-55bb-789c-b076-8846fdd3a51f",
            fields={
                "username": "ada",
                "name": "Countess Ada",
                "avatar": "https://images.example/ada.png",
                "primary_email": "ada@corp.example",
                "primary_phone": "+44 20 7946 0000",
                "oidc_profile.givenName": "Ada",
                "oidc_profile.middleName": None,
                "oidc_profile.familyName": "Lovelace",
                "oidc_profile.birthdate": "1990-12-10",
                "oidc_profile.zoneinfo": "Europe/London",
                "oidc_profile.locale": "en_GB",
                "suspended_by_idp": False,
                "last_sign_in_at": 1_788_170_400_000,
            },
        ),
    )


@pytest.mark.parametrize("name", ["user.create", "user.update", "user.delete", "user.bulk.create", "user.email.update"])
def test_what_could_still_be_vetoed_is_nothing_for_us(name: str) -> None:
    assert FUSIONAUTH.read(event(name)) == ()


@pytest.mark.parametrize("name", ["test", "user.login.success", "", None, {"type": "user.deactivate"}])
def test_other_events_are_nothing_for_us(name: Any) -> None:
    assert FUSIONAUTH.read(event(name)) == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("user.deactivate", "suspend"), ("user.reactivate", "restore"), ("user.delete.complete", "delete")],
)
def test_an_event_about_the_account_tells_no_fields(name: str, kind: str) -> None:
    (said,) = FUSIONAUTH.read(event(name))
    assert (said.kind, said.subject, said.fields) == (kind, ADA["id"], {})


def test_a_member_that_is_left_out_has_no_value() -> None:
    fields = fields_of("username", "imageUrl", "mobilePhone", "preferredLanguages")
    assert [fields[name] for name in ("username", "avatar", "primary_phone", "oidc_profile.locale")] == [None] * 4


def test_without_a_full_name_the_name_is_composed() -> None:
    assert fields_of("fullName")["name"] == "Ada Lovelace"


def test_a_user_who_is_not_active_is_suspended() -> None:
    assert fields_of(active=False)["suspended_by_idp"] is True


@pytest.mark.parametrize("active", [None, "false", 0])
def test_only_true_and_false_say_whether_a_user_is_suspended(active: Any) -> None:
    assert "suspended_by_idp" not in fields_of(active=active)


def test_an_unverified_email_is_not_told() -> None:
    assert "primary_email" not in fields_of(verified=False)


@pytest.mark.parametrize("status", ["PENDING", "REJECTED"])
def test_a_username_that_moderation_has_not_passed_is_not_told(status: str) -> None:
    assert "username" not in fields_of(usernameStatus=status)


def test_the_custom_data_stay_at_fusionauth() -> None:
    assert "custom_data" not in fields_of()


@pytest.mark.parametrize("subject", [None, "", 7])
def test_an_event_without_a_subject_is_unreadable(subject: Any) -> None:
    with pytest.raises(Unreadable):
        FUSIONAUTH.read(event("user.deactivate", id=subject))


def test_the_event_names_the_delivery() -> None:
    assert FUSIONAUTH.delivery_id(event()) == "6c854b61-8e16-45db-b9ac-9465255b0fae"


def test_the_apis_answer_has_the_same_user() -> None:
    assert FUSIONAUTH.user is not None
    assert FUSIONAUTH.user({"user": ADA, "emailVerificationId": "x"}) == fields_of()


def test_an_answer_that_is_no_user_does_not_empty_the_record() -> None:
    assert FUSIONAUTH.user is not None
    with pytest.raises(Unreadable):
        FUSIONAUTH.user({"generalErrors": []})


@given(anything(*map(event, KINDS)))
def test_any_json_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(FUSIONAUTH.read, payload)


@given(anything({"user": ADA}))
def test_any_json_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(FUSIONAUTH.user, payload)
