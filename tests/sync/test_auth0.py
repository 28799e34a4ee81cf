"""What Auth0's Event Streams say."""

from typing import Any

import pytest
from hypothesis import given

from profilegate.sync.providers.auth0 import AUTH0
from profilegate.sync.said import Said, Unreadable

from .any_payload import anything, check_read, check_user

ID = "auth0|65f1c0ffee"
AT, UPDATED_AT, SIGNED_IN_AT = 1795221242638, 1795221242600, 1795221240500


def a_user(**changes: Any) -> dict[str, Any]:
    return {
        "user_id": ID,
        "email": "mira@example.test",
        "email_verified": True,
        "username": "mira",
        "phone_number": "+15550100",
        "phone_verified": True,
        "name": "Mira Okafor",
        "nickname": "mi",
        "given_name": "Mira",
        "family_name": "Okafor",
        "picture": "https://img.example.test/m.png",
        "blocked": False,
        "identities": [{"connection": "db", "user_id": "65f1c0ffee", "provider": "auth0", "isSocial": False}],
        "app_metadata": {"user_id": "auth0|other"},
        "user_metadata": {"blocked": True},
        "created_at": "2026-11-21T00:00:00.000Z",
        "updated_at": "2026-11-21T00:34:02.600Z",
        "last_login": "2026-11-21T00:34:00.500Z",
    } | changes


def event(type: str = "user.updated", object: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_0123456789abcdefABCDEF",
        "source": "urn:auth0:shop.eu",
        "specversion": "1.0",
        "type": type,
        "time": "2026-11-21T00:34:02.638Z",
        "a0tenant": "shop",
        "a0stream": "est_1",
        "data": {"object": a_user() if object is None else object, "previous_object": a_user(name="Before")},
    } | changes


WHOLE = {
    "username": "mira",
    "name": "Mira Okafor",
    "avatar": "https://img.example.test/m.png",
    "primary_email": "mira@example.test",
    "primary_phone": "+15550100",
    "oidc_profile.givenName": "Mira",
    "oidc_profile.familyName": "Okafor",
    "oidc_profile.nickname": "mi",
    "last_sign_in_at": SIGNED_IN_AT,
    "suspended_by_idp": False,
}


def fields(**changes: Any) -> dict[str, Any]:
    (said,) = AUTH0.read(event(object=a_user(**changes)))
    return said.fields


@pytest.mark.parametrize("type", ["user.created", "user.updated", "com.auth0.user.created", "com.auth0.user.updated"])
def test_an_event_states_the_whole_user_as_it_is_now(type: str) -> None:
    assert AUTH0.read(event(type)) == (Said(subject=ID, kind="set", occurred_at=AT, sequence=UPDATED_AT, fields=WHOLE),)


def test_a_user_without_anything_has_nothing() -> None:
    (said,) = AUTH0.read(event(object={"user_id": ID}))
    assert said.fields == dict.fromkeys(WHOLE.keys() - {"suspended_by_idp"})


@pytest.mark.parametrize("type", ["user.deleted", "com.auth0.user.deleted"])
def test_a_deleted_user_is_deleted_whatever_else_is_told(type: str) -> None:
    gone = a_user(deleted_at="2026-11-21T00:34:02.638Z")
    assert AUTH0.read(event(type, gone)) == (Said(subject=ID, kind="delete", occurred_at=AT, sequence=UPDATED_AT),)


def test_an_address_or_number_in_the_place_of_a_name_is_no_name() -> None:
    assert fields(name="mira@example.test")["name"] is None
    assert fields(name="+15550100")["name"] is None


def test_nothing_is_said_of_an_unverified_address_or_number() -> None:
    unproven = fields(email_verified=False, phone_verified=False)
    assert not {"primary_email", "primary_phone"} & unproven.keys()


def test_an_unverified_address_is_no_name_either() -> None:
    assert fields(name="mira@example.test", email_verified=False)["name"] is None


def test_a_blocked_user_is_suspended() -> None:
    assert fields(blocked=True)["suspended_by_idp"] is True


def test_a_user_without_the_flag_is_neither_suspended_nor_restored() -> None:
    assert "suspended_by_idp" not in fields(blocked=None)


def test_the_consoles_test_event_is_about_nobody() -> None:
    assert AUTH0.read(event("user.deleted", a0purpose="test")) == ()


@pytest.mark.parametrize("type", ["organization.member.deleted", "connection.created", "user", "", None, 7, [], {}])
def test_other_events_are_nothing_for_us(type: Any) -> None:
    assert AUTH0.read(event(type)) == ()


@pytest.mark.parametrize("data", [None, {}, [], {"object": None}, {"object": {"user_id": 7}}, {"object": []}])
@pytest.mark.parametrize("type", ["user.updated", "user.deleted"])
def test_an_event_that_names_nobody_is_unreadable(type: str, data: Any) -> None:
    with pytest.raises(Unreadable, match="/data/object/user_id"):
        AUTH0.read(event(type, data=data))


def test_the_events_id_names_the_delivery() -> None:
    assert (AUTH0.delivery_id(event()), AUTH0.delivery_id({"id": 7})) == ("evt_0123456789abcdefABCDEF", None)


def test_a_header_carries_the_secret() -> None:
    assert (AUTH0.signature, AUTH0.header) == ("static", "authorization")


def test_a_user_of_the_management_api_says_the_same_as_an_event() -> None:
    assert AUTH0.user is not None
    assert AUTH0.user(a_user()) == WHOLE


def test_another_answer_than_a_user_is_unreadable() -> None:
    assert AUTH0.user is not None
    with pytest.raises(Unreadable):
        AUTH0.user({"statusCode": 404, "error": "Not Found"})


@given(anything(event("user.created"), event(), event("user.deleted")))
def test_any_payload_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(AUTH0.read, payload)
    AUTH0.delivery_id(payload)


@given(anything(a_user()))
def test_any_answer_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(AUTH0.user, payload)
