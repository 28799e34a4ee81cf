"""WorkOS's webhooks."""

from typing import Any

import pytest
from hypothesis import given
from tests.sync.any_payload import anything, check_read, check_user

from profilegate.sync.providers.workos import WORKOS
from profilegate.sync.said import Said, Unreadable

ADA = {
    "object": "user",
    "id": "user_01E4ZCR3C56J083X43JQXF3JK5",
    "email": "ada@corp.example",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email_verified": True,
    "profile_picture_url": "https://images.example/ada.png",
    "last_sign_in_at": "2026-08-31T10:00:00.000Z",
    "external_id": None,
    "metadata": {},
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-09-01T09:24:05.000Z",
}


def event(name: Any = "user.updated", **changed: Any) -> dict[str, Any]:
    return {
        "object": "event",
        "id": "event_01FKJ843CVE8F7BXQSPFH0M53V",
        "event": name,
        "data": ADA | changed,
        "created_at": "2026-09-01T09:24:05.123Z",
        "context": {},
    }


def fields_of(**changed: Any) -> dict[str, Any]:
    (said,) = WORKOS.read(event() | {"data": ADA | changed})
    return said.fields


@pytest.mark.parametrize("name", ["user.created", "user.updated"])
def test_an_event_tells_the_whole_user(name: str) -> None:
    assert WORKOS.read(event(name)) == (
        Said(
            subject="user_01E4ZCR3C56J083X43JQXF3JK5",
            kind="set",
            occurred_at=1_788_254_645_123,
            sequence=1_788_254_645_000,
            fields={
                "name": "Ada Lovelace",
                "avatar": "https://images.example/ada.png",
                "primary_email": "ada@corp.example",
                "oidc_profile.givenName": "Ada",
                "oidc_profile.familyName": "Lovelace",
                "last_sign_in_at": 1_788_170_400_000,
            },
        ),
    )


def test_a_deleted_user_is_deleted() -> None:
    (said,) = WORKOS.read(event("user.deleted"))
    assert (said.kind, said.subject, said.fields) == ("delete", ADA["id"], {})


def test_what_a_user_does_not_have_is_told_to_be_gone() -> None:
    fields = fields_of(first_name=None, last_name=None, profile_picture_url=None)
    assert (fields["name"], fields["avatar"], fields["oidc_profile.givenName"]) == (None, None, None)


def test_a_name_of_its_own_goes_before_a_composed_one() -> None:
    assert fields_of(name="Countess Ada")["name"] == "Countess Ada"


def test_an_unverified_email_is_not_told() -> None:
    assert "primary_email" not in fields_of(email_verified=False)


def test_a_locale_is_told_only_where_the_payload_has_one() -> None:
    assert "oidc_profile.locale" not in fields_of()
    assert fields_of(locale="en-GB")["oidc_profile.locale"] == "en-GB"
    assert fields_of(locale=None)["oidc_profile.locale"] is None


@pytest.mark.parametrize("name", ["dsync.user.created", "dsync.user.updated", "dsync.user.deleted"])
def test_a_directory_user_is_nobody_whom_a_token_names(name: str) -> None:
    assert WORKOS.read(event(name, object="directory_user", id="directory_user_01E1JG7J09H96KYP8HM9B0G5SJ")) == ()


@pytest.mark.parametrize("name", ["session.revoked", "organization.updated", "", None, ["user.updated"]])
def test_other_events_are_nothing_for_us(name: Any) -> None:
    assert WORKOS.read(event(name)) == ()


@pytest.mark.parametrize("subject", [None, "", 7, ["user"]])
def test_an_event_without_a_subject_is_unreadable(subject: Any) -> None:
    with pytest.raises(Unreadable):
        WORKOS.read(event("user.deleted", id=subject))


def test_the_event_names_the_delivery() -> None:
    assert WORKOS.delivery_id(event()) == "event_01FKJ843CVE8F7BXQSPFH0M53V"


def test_an_answer_that_is_no_user_does_not_empty_the_record() -> None:
    assert WORKOS.user is not None
    with pytest.raises(Unreadable):
        WORKOS.user({"message": "User not found."})


@given(anything(event("user.created"), event("user.updated"), event("user.deleted")))
def test_any_json_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(WORKOS.read, payload)


@given(anything(ADA))
def test_any_json_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(WORKOS.user, payload)
