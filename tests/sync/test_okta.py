"""Okta's event hooks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sync.any_payload import anything, check_read, check_user, objects

from profilegate.sync.providers.okta import KINDS, OKTA
from profilegate.sync.said import Said, Unreadable

USER_ID = "00u1abcdefGHIJKLM0h8"
AT = 1_788_254_645_123


def event(kind: str, **changed: Any) -> dict[str, Any]:
    return {
        "uuid": "5f1b7b1e-a6d2-11f0-8c2c-7d5a5a2f4d10",
        "published": "2026-09-01T09:24:05.123Z",
        "eventType": kind,
        "version": "0",
        "displayMessage": "something happened to a user",
        "severity": "INFO",
        "actor": {"id": "00uadmin", "type": "User", "alternateId": "root@corp.example", "displayName": "Root"},
        "outcome": {"result": "SUCCESS", "reason": None},
        "target": [
            {"id": "0oa99", "type": "AppInstance", "alternateId": "Shop", "displayName": "Shop"},
            {"id": "0ua77", "type": "AppUser", "alternateId": "ada@corp.example", "displayName": "Ada"},
            {"id": USER_ID, "type": "User", "alternateId": "ada@corp.example", "displayName": "Ada Lovelace"},
        ],
    } | changed


def hook(*events: Any) -> dict[str, Any]:
    return {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "eventId": "b2a1c7de-0001-4f5e-9c0a-000000000001",
        "eventTime": "2026-09-01T09:24:07.000Z",
        "source": "https://corp.okta.example/api/v1/eventHooks/who1",
        "data": {"events": list(events)},
    }


ADA = {
    "id": USER_ID,
    "status": "ACTIVE",
    "created": "2026-01-01T00:00:00.000Z",
    "lastLogin": "2026-08-31T10:00:00.000Z",
    "lastUpdated": "2026-09-01T09:24:05.000Z",
    "profile": {
        "login": "ada@corp.example",
        "email": "ada@corp.example",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "displayName": "Countess Ada",
        "nickName": "Ada",
        "locale": "en_GB",
        "timezone": "Europe/London",
        "mobilePhone": None,
        "secondEmail": None,
    },
    "credentials": {"emails": [{"value": "ada@corp.example", "status": "VERIFIED", "type": "PRIMARY"}]},
}


def fields_of(**changed: Any) -> dict[str, Any]:
    assert OKTA.user is not None
    return OKTA.user(ADA | changed)


def test_a_profile_update_has_no_values_and_so_is_thin() -> None:
    assert OKTA.read(hook(event("user.account.update_profile"))) == (
        Said(
            subject=USER_ID,
            kind="set",
            occurred_at=AT,
            delivery_id="5f1b7b1e-a6d2-11f0-8c2c-7d5a5a2f4d10",
            is_thin=True,
        ),
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("user.lifecycle.create", "set"),
        ("user.lifecycle.activate", "restore"),
        ("user.lifecycle.reactivate", "restore"),
        ("user.lifecycle.unsuspend", "restore"),
        ("user.lifecycle.suspend", "suspend"),
        ("user.lifecycle.deactivate", "suspend"),
        ("user.lifecycle.delete.initiated", "delete"),
        ("user.lifecycle.delete.completed", "delete"),
        ("user.session.clear", "revoke"),
    ],
)
def test_an_event_is_of_its_kind(name: str, kind: str) -> None:
    (said,) = OKTA.read(hook(event(name)))
    assert (said.kind, said.subject, said.fields, said.is_thin) == (kind, USER_ID, {}, kind == "set")


@pytest.mark.parametrize(
    "name", ["user.session.end", "user.authentication.sso", "user.account.lock", "user.mfa.factor.activate", "", None]
)
def test_other_events_are_nothing_for_us(name: Any) -> None:
    assert OKTA.read(hook(event(name))) == ()


def test_a_batch_tells_of_several_users_each_with_an_id_of_its_own() -> None:
    first = event("user.lifecycle.suspend", uuid="one")
    other = event("user.lifecycle.create", uuid="two", target=[{"id": "00uBob", "type": "User"}])
    told = OKTA.read(hook(first, event("user.session.start"), other))
    assert [(said.subject, said.kind, said.delivery_id) for said in told] == [
        (USER_ID, "suspend", "one"),
        ("00uBob", "set", "two"),
    ]


@pytest.mark.parametrize("result", ["FAILURE", "SKIPPED", "DENY"])
def test_an_attempt_that_came_to_nothing_is_nothing_for_us(result: str) -> None:
    assert OKTA.read(hook(event("user.lifecycle.suspend", outcome={"result": result}))) == ()


def test_an_event_without_an_outcome_is_believed() -> None:
    (said,) = OKTA.read(hook(event("user.lifecycle.suspend", outcome=None)))
    assert said.kind == "suspend"


@pytest.mark.parametrize("target", [None, [], [{"id": "0ua77", "type": "AppUser"}], [{"type": "User"}], ["User"]])
def test_a_known_event_that_names_no_user_does_not_keep_back_the_others(target: Any) -> None:
    nobody, somebody = event("user.lifecycle.suspend", target=target), event("user.lifecycle.suspend")
    assert [each.kind for each in OKTA.read(hook(nobody, somebody))] == ["suspend"]


@pytest.mark.parametrize("payload", [{}, {"data": None}, {"data": {"events": {}}}])
def test_an_envelope_without_events_is_unreadable(payload: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        OKTA.read(payload)


def test_the_envelope_names_the_delivery() -> None:
    assert OKTA.delivery_id(hook()) == "b2a1c7de-0001-4f5e-9c0a-000000000001"


def test_a_user_of_the_api_is_told_whole() -> None:
    assert fields_of() == {
        "username": "ada@corp.example",
        "name": "Countess Ada",
        "primary_email": "ada@corp.example",
        "primary_phone": None,
        "oidc_profile.givenName": "Ada",
        "oidc_profile.middleName": None,
        "oidc_profile.familyName": "Lovelace",
        "oidc_profile.nickname": "Ada",
        "oidc_profile.profile": None,
        "oidc_profile.locale": "en_GB",
        "oidc_profile.zoneinfo": "Europe/London",
        "suspended_by_idp": False,
        "last_sign_in_at": 1_788_170_400_000,
    }


def test_without_a_display_name_the_name_is_composed() -> None:
    assert (
        fields_of(profile={"firstName": "Ada", "lastName": "Lovelace", "displayName": None})["name"] == "Ada Lovelace"
    )


@pytest.mark.parametrize(
    ("status", "suspended"),
    [("SUSPENDED", True), ("DEPROVISIONED", True), ("ACTIVE", False), ("PROVISIONED", False), ("LOCKED_OUT", False)],
)
def test_only_an_operators_act_suspends(status: str, suspended: bool) -> None:
    assert fields_of(status=status)["suspended_by_idp"] is suspended


def test_a_user_without_a_status_or_a_sign_in_says_nothing_of_them() -> None:
    assert not {"suspended_by_idp", "last_sign_in_at"} & fields_of(status=None, lastLogin=None).keys()


def test_an_unverified_email_is_not_told() -> None:
    known = [{"value": "ada@corp.example", "status": "UNVERIFIED", "type": "PRIMARY"}]
    assert "primary_email" not in fields_of(credentials={"emails": known})


def test_that_another_email_is_unverified_does_not_matter() -> None:
    known = [{"value": "other@corp.example", "status": "UNVERIFIED", "type": "SECONDARY"}]
    assert fields_of(credentials={"emails": known})["primary_email"] == "ada@corp.example"


@pytest.mark.parametrize("changed", [{"id": None}, {"profile": None}, {"profile": []}])
def test_an_answer_that_is_no_user_does_not_empty_the_record(changed: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        fields_of(**changed)


@given(anything(*(hook(event(name), event("user.session.start")) for name in KINDS)))
def test_any_json_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(OKTA.read, payload)


@given(anything(ADA) | st.builds(lambda profile: ADA | {"profile": profile}, objects))
def test_any_json_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(OKTA.user, payload)
