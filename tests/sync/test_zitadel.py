"""What ZITADEL's events say."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given

from profilegate.sync.providers.zitadel import ZITADEL
from profilegate.sync.said import Said, Unreadable

from .any_payload import anything, check_read, check_user

ID, EDITOR, ORGANISATION = "336392597046099971", "336392597046034435", "336392597046755331"
AT = 1795221242638

ADDED = {
    "userName": "mira",
    "firstName": "Mira",
    "lastName": "Okafor",
    "displayName": "Mira Okafor",
    "preferredLanguage": "de",
    "gender": 1,
    "email": "mira@example.test",
    "phone": "+15550100",
}


def event(type: str, payload: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "aggregateID": ID,
        "aggregateType": "user",
        "resourceOwner": ORGANISATION,
        "instanceID": "336392597045903363",
        "version": "v2",
        "sequence": 7,
        "event_type": type,
        "created_at": "2026-11-21T00:34:02.638123456Z",
        "userID": EDITOR,
        "event_payload": payload,
    } | changes


def said(kind: Any, fields: dict[str, Any] | None = None, is_thin: bool = False) -> tuple[Said, ...]:
    return (
        Said(
            subject=ID,
            kind=kind,
            occurred_at=AT,
            sequence=7,
            tenant=ORGANISATION,
            fields=fields or {},
            is_thin=is_thin,
        ),
    )


NAMES = {
    "username": "mira",
    "name": "Mira Okafor",
    "oidc_profile.givenName": "Mira",
    "oidc_profile.familyName": "Okafor",
    "oidc_profile.locale": "de",
}


@pytest.mark.parametrize("type", ["user.human.added", "user.human.selfregistered"])
def test_a_new_user_has_the_names_that_were_given(type: str) -> None:
    assert ZITADEL.read(event(type, ADDED)) == said("set", NAMES)


def test_the_payload_may_be_base64() -> None:
    encoded = b64encode(json.dumps(ADDED).encode()).decode()
    assert ZITADEL.read(event("user.human.added", encoded)) == said("set", NAMES)


@pytest.mark.parametrize(
    "payload", [None, "", "*", "e30", "W10=", "/w==", "é", 7, [], b64encode(b"[" * 99_999).decode()]
)
def test_a_user_whose_payload_cannot_be_read_has_to_be_asked_for(payload: Any) -> None:
    assert ZITADEL.read(event("user.human.added", payload)) == said("set", is_thin=True)


def test_the_user_is_the_aggregate_and_not_the_editor() -> None:
    (each,) = ZITADEL.read(event("user.human.profile.changed", {"displayName": "M"}))
    assert each.subject == ID != EDITOR


def test_a_change_says_nothing_of_the_rest() -> None:
    assert ZITADEL.read(event("user.human.profile.changed", {"lastName": "Adeyemi", "nickName": ""})) == said(
        "set", {"oidc_profile.familyName": "Adeyemi", "oidc_profile.nickname": ""}
    )


def test_no_language_is_written_as_an_undetermined_one() -> None:
    assert ZITADEL.read(event("user.human.profile.changed", {"preferredLanguage": "und"})) == said(
        "set", {"oidc_profile.locale": None}
    )


@pytest.mark.parametrize("type", ["user.username.changed", "user.domain.claimed"])
def test_a_username_may_change_in_two_ways(type: str) -> None:
    assert ZITADEL.read(event(type, {"userName": "okafor", "urlTemplate": "x"})) == said("set", {"username": "okafor"})


def test_a_new_address_is_unproven_and_says_nothing() -> None:
    assert ZITADEL.read(event("user.human.email.changed", {"email": "boss@example.test"})) == ()
    assert "primary_email" not in ZITADEL.read(event("user.human.added", ADDED))[0].fields


@pytest.mark.parametrize("type", ["user.human.email.verified", "user.human.phone.verified", "user.human.avatar.added"])
def test_what_is_proven_or_stored_elsewhere_has_to_be_asked_for(type: str) -> None:
    assert ZITADEL.read(event(type, {"storeKey": "users/1/avatar"})) == said("set", is_thin=True)


def test_a_removed_picture_and_a_removed_number_are_gone() -> None:
    assert ZITADEL.read(event("user.human.avatar.removed")) == said("set", {"avatar": None})
    assert ZITADEL.read(event("user.human.phone.removed")) == said("set", {"primary_phone": None})


@pytest.mark.parametrize("type", ["user.deactivated", "user.locked"])
def test_a_user_may_be_suspended(type: str) -> None:
    assert ZITADEL.read(event(type)) == said("suspend")


@pytest.mark.parametrize("type", ["user.reactivated", "user.unlocked"])
def test_a_user_may_be_restored(type: str) -> None:
    assert ZITADEL.read(event(type)) == said("restore")


def test_a_user_may_be_removed() -> None:
    assert ZITADEL.read(event("user.removed")) == said("delete")


@pytest.mark.parametrize(
    "type",
    [
        "user.token.added",
        "user.human.signed.out",
        "user.machine.added",
        "user.grant.removed",
        "org.removed",
        None,
        [],
        {},
    ],
)
def test_other_events_are_nothing_for_us(type: Any) -> None:
    assert ZITADEL.read(event(type)) == ()


@pytest.mark.parametrize("type", ["user.removed", "user.locked", "user.human.added", "user.human.avatar.added"])
@pytest.mark.parametrize("subject", [None, "", 7, {}])
def test_an_event_without_an_aggregate_is_unreadable(type: str, subject: Any) -> None:
    with pytest.raises(Unreadable, match="/aggregateID"):
        ZITADEL.read(event(type, ADDED, aggregateID=subject))


def test_the_sequence_within_the_aggregate_names_the_event() -> None:
    assert ZITADEL.delivery_id(event("user.removed")) == f"user/{ID}/7"
    assert ZITADEL.delivery_id(event("user.removed", sequence="7")) == f"user/{ID}/7"


def test_an_event_without_a_sequence_has_no_id() -> None:
    assert ZITADEL.delivery_id(event("user.removed", sequence=0)) is None
    assert ZITADEL.delivery_id(event("user.removed", aggregateID=None)) is None


def test_the_signature_has_a_time() -> None:
    assert (ZITADEL.signature, ZITADEL.header) == ("timestamped", "zitadel-signature")


def answer(**changes: Any) -> dict[str, Any]:
    human = {
        "profile": {
            "givenName": "Mira",
            "familyName": "Okafor",
            "nickName": "mi",
            "displayName": "Mira Okafor",
            "preferredLanguage": "de",
            "gender": "GENDER_FEMALE",
            "avatarUrl": "https://idp.example.test/assets/v1/1/users/1/avatar",
        },
        "email": {"email": "mira@example.test", "isVerified": True},
        "phone": {"phone": "+15550100", "isVerified": True},
        "passwordChanged": "2026-11-20T00:00:00Z",
    }
    user = {
        "userId": ID,
        "details": {"sequence": "7", "changeDate": "2026-11-21T00:34:02Z", "resourceOwner": ORGANISATION},
        "state": "USER_STATE_ACTIVE",
        "username": "mira",
        "preferredLoginName": "mira@shop.example.test",
        "human": human | changes.pop("human", {}),
    }
    return {"details": {"sequence": "7"}, "user": user | changes}


WHOLE = NAMES | {
    "avatar": "https://idp.example.test/assets/v1/1/users/1/avatar",
    "oidc_profile.nickname": "mi",
    "primary_email": "mira@example.test",
    "primary_phone": "+15550100",
    "suspended_by_idp": False,
}


def user(**changes: Any) -> dict[str, Any]:
    assert ZITADEL.user is not None
    return ZITADEL.user(answer(**changes))


def test_a_user_of_the_user_service_is_the_whole_user() -> None:
    assert user() == WHOLE


def test_a_user_of_the_user_service_does_not_have_what_is_not_there() -> None:
    bare = user(human={"profile": {"displayName": "Mira"}, "email": {}, "phone": None})
    expected = {"username": "mira", "name": "Mira", "suspended_by_idp": False}
    assert bare == dict.fromkeys(WHOLE) | expected


def test_a_verification_that_is_left_out_is_none() -> None:
    assert "primary_email" not in user(human={"email": {"email": "mira@example.test"}})


@pytest.mark.parametrize("state", ["USER_STATE_INACTIVE", "USER_STATE_LOCKED"])
def test_an_inactive_or_locked_user_is_suspended(state: str) -> None:
    assert user(state=state)["suspended_by_idp"] is True


@pytest.mark.parametrize("state", ["USER_STATE_UNSPECIFIED", None, [], {}])
def test_an_unknown_state_is_no_word(state: Any) -> None:
    assert "suspended_by_idp" not in user(state=state)


def test_of_a_machine_only_the_username_and_the_state_are_said() -> None:
    assert ZITADEL.user is not None
    machine = {"userId": ID, "state": "USER_STATE_ACTIVE", "username": "robot", "machine": {"name": "Robot"}}
    assert ZITADEL.user({"user": machine}) == {"username": "robot", "suspended_by_idp": False}


def test_another_answer_than_a_user_is_unreadable() -> None:
    assert ZITADEL.user is not None
    with pytest.raises(Unreadable):
        ZITADEL.user({"code": 5, "message": "not found"})


@given(
    anything(
        event("user.human.added", ADDED),
        event("user.human.profile.changed", b64encode(json.dumps(ADDED).encode()).decode()),
        event("user.human.avatar.removed"),
        event("user.human.email.verified"),
        event("user.locked"),
        event("user.removed"),
    )
)
def test_any_payload_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(ZITADEL.read, payload)
    ZITADEL.delivery_id(payload)


@given(anything(answer()))
def test_any_answer_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(ZITADEL.user, payload)
