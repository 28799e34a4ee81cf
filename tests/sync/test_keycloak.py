"""What Keycloak's events say, as the p2-inc extension sends them."""

import json
from typing import Any

import pytest
from hypothesis import given

from profilegate.sync.providers.keycloak import KEYCLOAK
from profilegate.sync.said import Said, Unreadable

from .any_payload import anything, check_read, check_user

ID, ADMIN = "5b0a64f5-57e8-4b4d-9f3c-2a5d2f4b7c11", "e1f0f6f0-0000-4c1f-8c43-0c65f2d2a9aa"
AT = 1795221242638
UID = "d0a7a3de-8f0f-4e0b-b3f4-5d0f5c1c9c01"
CLAIMS = ("middleName", "nickname", "profile", "website", "gender", "birthdate", "zoneinfo", "locale")
NO_CLAIMS = dict.fromkeys(f"oidc_profile.{name}" for name in CLAIMS)


def a_user(**changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "username": "mira",
        "firstName": "Mira",
        "lastName": "Okafor",
        "email": "mira@example.test",
        "emailVerified": True,
        "enabled": True,
        "createdTimestamp": AT - 9000,
        "attributes": {"picture": ["https://img.example.test/m.png"], "locale": ["de"], "department": ["R&D"]},
        "requiredActions": [],
    } | changes


WHOLE = NO_CLAIMS | {
    "username": "mira",
    "name": "Mira Okafor",
    "avatar": "https://img.example.test/m.png",
    "primary_email": "mira@example.test",
    "oidc_profile.givenName": "Mira",
    "oidc_profile.familyName": "Okafor",
    "oidc_profile.locale": "de",
    "suspended_by_idp": False,
}


def admin(
    operation: str = "USER-UPDATE", sent: Any = None, path: str = f"users/{ID}", **changes: Any
) -> dict[str, Any]:
    return {
        "uid": UID,
        "id": "a3b0cbb1-2ea5-4c2a-8a29-0f2cbe2f8f10",
        "time": AT,
        "realmId": "shop",
        "authDetails": {"realmId": "master", "clientId": "console", "userId": ADMIN, "username": "root"},
        "resourceType": "USER",
        "operationType": operation.partition("-")[2],
        "resourcePath": path,
        "representation": None if sent is None else json.dumps(sent),
        "type": f"admin.{operation}",
        "details": {"userId": ID, "username": "mira"},
    } | changes


def access(name: str = "UPDATE_PROFILE", **changes: Any) -> dict[str, Any]:
    return {
        "uid": UID,
        "time": AT,
        "realmId": "0f6c6a30-6f8a-4f6c-a0b6-7c8f8f0d0e01",
        "authDetails": {"realmId": "shop", "clientId": "account", "userId": ID, "sessionId": "s-1", "username": "mira"},
        "details": {"updated_first_name": "Mirabel", "context": "ACCOUNT"},
        "type": f"access.{name}",
    } | changes


def told(sent: dict[str, Any]) -> Said:
    (said,) = KEYCLOAK.read(admin(sent=sent))
    return said


@pytest.mark.parametrize("name", ["REGISTER", "UPDATE_PROFILE", "UPDATE_EMAIL", "VERIFY_EMAIL"])
def test_an_access_event_only_says_that_the_user_changed(name: str) -> None:
    assert KEYCLOAK.read(access(name)) == (Said(subject=ID, kind="set", occurred_at=AT, is_thin=True),)


def test_a_user_locked_out_for_good_has_to_be_asked_for() -> None:
    (said,) = KEYCLOAK.read(access("USER_DISABLED_BY_PERMANENT_LOCKOUT"))
    assert (said.kind, said.is_thin) == ("set", True)


def test_a_user_may_delete_the_account() -> None:
    assert KEYCLOAK.read(access("DELETE_ACCOUNT")) == (Said(subject=ID, kind="delete", occurred_at=AT),)


@pytest.mark.parametrize(
    "name", ["LOGIN", "LOGOUT", "REFRESH_TOKEN", "LOGIN_ERROR", "UPDATE_PROFILE_ERROR", "DELETE_ACCOUNT_ERROR"]
)
def test_sign_ins_sign_outs_and_failures_are_nothing_for_us(name: str) -> None:
    assert KEYCLOAK.read(access(name)) == ()


@pytest.mark.parametrize("operation", ["USER-CREATE", "USER-UPDATE"])
def test_an_administrators_change_says_what_was_sent(operation: str) -> None:
    assert KEYCLOAK.read(admin(operation, a_user())) == (Said(subject=ID, kind="set", occurred_at=AT, fields=WHOLE),)


def test_the_representation_may_be_an_object_instead_of_a_text() -> None:
    (said,) = KEYCLOAK.read(admin(representation=a_user()))
    assert (said.fields, said.is_thin) == (WHOLE, False)


@pytest.mark.parametrize("sent", [None, "", "{", "[]", "null", "[" * 100_000, 7, []])
def test_a_change_without_a_readable_representation_has_to_be_asked_for(sent: Any) -> None:
    assert KEYCLOAK.read(admin(representation=sent)) == (Said(subject=ID, kind="set", occurred_at=AT, is_thin=True),)


def test_a_part_of_a_user_says_nothing_of_the_rest() -> None:
    assert told({"enabled": False}) == Said(subject=ID, kind="set", occurred_at=AT, fields={"suspended_by_idp": True})


def test_half_a_name_is_no_name_and_the_other_half_has_to_be_asked_for() -> None:
    said = told({"lastName": "Adeyemi"})
    assert (said.fields, said.is_thin) == ({"oidc_profile.familyName": "Adeyemi"}, True)


def test_an_address_that_is_not_said_to_be_verified_has_to_be_asked_for() -> None:
    said = told({"email": "new@example.test"})
    assert (said.fields, said.is_thin) == ({}, True)


def test_a_verification_does_not_say_of_which_address() -> None:
    said = told({"emailVerified": True})
    assert (said.fields, said.is_thin) == ({}, True)


def test_nothing_is_said_of_an_unverified_address() -> None:
    said = told({"email": "new@example.test", "emailVerified": False})
    assert (said.fields, said.is_thin) == ({}, False)


def test_a_removed_address_is_gone() -> None:
    assert told({"email": "", "emailVerified": False}).fields == {"primary_email": None}


def test_attributes_are_replaced_as_a_whole() -> None:
    assert told({"attributes": {"nickname": ["mi"]}}).fields == NO_CLAIMS | {
        "avatar": None,
        "oidc_profile.nickname": "mi",
    }


def test_a_deleted_user_is_the_one_of_the_path_and_not_the_administrator() -> None:
    assert KEYCLOAK.read(admin("USER-DELETE")) == (Said(subject=ID, kind="delete", occurred_at=AT),)


@pytest.mark.parametrize("operation", ["USER-DELETE", "USER-CREATE"])
def test_a_linked_account_that_is_added_or_removed_is_not_the_user(operation: str) -> None:
    link = {"identityProvider": "google", "userId": "117", "userName": "somebody", "username": "somebody"}
    assert KEYCLOAK.read(admin(operation, link, f"users/{ID}/federated-identity/google")) == ()


def test_the_path_decides_whom_a_representation_is_about() -> None:
    assert told(a_user(id=ADMIN)).subject == ID


def test_an_administrator_may_end_all_of_a_users_sessions() -> None:
    assert KEYCLOAK.read(admin("USER-ACTION", path=f"users/{ID}/logout")) == (
        Said(subject=ID, kind="revoke", occurred_at=AT),
    )


@pytest.mark.parametrize("action", ["", "/reset-password", "/execute-actions-email", "/consents/shop", "/logout/x"])
def test_other_actions_are_nothing_for_us(action: str) -> None:
    assert KEYCLOAK.read(admin("USER-ACTION", path=f"users/{ID}{action}")) == ()


@pytest.mark.parametrize("operation", ["USER-CREATE", "USER-UPDATE", "USER-DELETE"])
def test_what_failed_did_not_happen(operation: str) -> None:
    assert KEYCLOAK.read(admin(operation, a_user(), error="forbidden")) == ()


@pytest.mark.parametrize("operation", ["CLIENT-UPDATE", "GROUP_MEMBERSHIP-CREATE", "REALM-DELETE"])
def test_other_resources_are_nothing_for_us(operation: str) -> None:
    assert KEYCLOAK.read(admin(operation)) == ()


@pytest.mark.parametrize("type", [None, 7, [], {}, "system.started"])
def test_other_types_are_nothing_for_us(type: Any) -> None:
    assert KEYCLOAK.read(access(type=type)) == ()


@pytest.mark.parametrize("payload", [access(authDetails=None), access(authDetails={"userId": 7})])
def test_an_access_event_without_a_user_is_unreadable(payload: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="/authDetails/userId"):
        KEYCLOAK.read(payload)


@pytest.mark.parametrize("operation", ["USER-UPDATE", "USER-DELETE"])
def test_an_admin_event_without_a_path_is_unreadable(operation: str) -> None:
    with pytest.raises(Unreadable, match="/resourcePath"):
        KEYCLOAK.read(admin(operation, resourcePath=None))


def test_the_uid_names_the_delivery() -> None:
    assert (KEYCLOAK.delivery_id(access()), KEYCLOAK.delivery_id({"id": "event"})) == (UID, None)


def test_the_body_is_signed_in_a_header() -> None:
    assert (KEYCLOAK.signature, KEYCLOAK.header) == ("digest", "x-keycloak-signature")


def test_a_user_of_the_admin_api_is_the_whole_user() -> None:
    assert KEYCLOAK.user is not None
    assert KEYCLOAK.user(a_user()) == WHOLE


def test_a_user_of_the_admin_api_does_not_have_what_is_not_there() -> None:
    assert KEYCLOAK.user is not None
    bare = {"id": ID, "username": "mira", "enabled": False, "emailVerified": False}
    assert KEYCLOAK.user(bare) == dict.fromkeys(WHOLE) | {"username": "mira", "suspended_by_idp": True}


def test_a_user_of_the_admin_api_may_have_one_name() -> None:
    assert KEYCLOAK.user is not None
    assert KEYCLOAK.user({"id": ID, "lastName": "Okafor"})["name"] == "Okafor"


def test_another_answer_than_a_user_is_unreadable() -> None:
    assert KEYCLOAK.user is not None
    with pytest.raises(Unreadable):
        KEYCLOAK.user({"error": "User not found"})


@given(
    anything(
        access("REGISTER"),
        access("DELETE_ACCOUNT"),
        admin("USER-CREATE", a_user()),
        admin("USER-DELETE"),
        admin("USER-ACTION", path=f"users/{ID}/logout"),
        admin(representation=a_user()),
    )
)
def test_any_payload_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(KEYCLOAK.read, payload)
    KEYCLOAK.delivery_id(payload)


@given(anything(a_user()))
def test_any_representation_is_read_or_unreadable(sent: dict[str, Any]) -> None:
    check_read(KEYCLOAK.read, admin(sent=sent))


@given(anything(a_user()))
def test_any_answer_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(KEYCLOAK.user, payload)
