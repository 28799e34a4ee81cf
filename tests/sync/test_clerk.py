"""What Clerk's webhooks say."""

from typing import Any

import pytest
from hypothesis import given

from profilegate.sync.providers.clerk import CLERK
from profilegate.sync.said import Said, Unreadable

from .any_payload import anything, check_read, check_user

AT = 1795221242638


def contact(id: str, name: str, value: str, status: str | None = "verified") -> dict[str, Any]:
    return {
        "id": id,
        "object": name,
        name: value,
        "verification": None if status is None else {"status": status, "strategy": "email_code"},
        "linked_to": [],
    }


def a_user(**changes: Any) -> dict[str, Any]:
    return {
        "id": "user_2aB3",
        "object": "user",
        "username": "mira",
        "first_name": "Mira",
        "last_name": "Okafor",
        "image_url": "https://img.clerk.example/abc",
        "has_image": True,
        "primary_email_address_id": "idn_2",
        "primary_phone_number_id": "idn_3",
        "email_addresses": [
            contact("idn_1", "email_address", "old@example.test"),
            contact("idn_2", "email_address", "mira@example.test"),
        ],
        "phone_numbers": [contact("idn_3", "phone_number", "+15550100")],
        "password_enabled": True,
        "banned": False,
        "locked": False,
        "last_sign_in_at": AT - 5000,
        "created_at": AT - 9000,
        "updated_at": AT - 20,
        "external_accounts": [],
        "public_metadata": {},
        "unsafe_metadata": {"id": "user_other"},
    } | changes


def event(type: str = "user.updated", data: Any = None, **changes: Any) -> dict[str, Any]:
    data = a_user() if data is None else data
    return {
        "data": data,
        "event_attributes": {"http_request": {"client_ip": "192.0.2.1", "user_agent": "Firefox"}},
        "instance_id": "ins_1",
        "object": "event",
        "timestamp": AT,
        "type": type,
    } | changes


DELETED = event("user.deleted", {"id": "user_2aB3", "object": "user", "deleted": True})


def fields(**changes: Any) -> dict[str, Any]:
    (said,) = CLERK.read(event(data=a_user(**changes)))
    return said.fields


@pytest.mark.parametrize("type", ["user.created", "user.updated"])
def test_an_event_states_the_whole_user(type: str) -> None:
    assert CLERK.read(event(type)) == (
        Said(
            subject="user_2aB3",
            kind="set",
            occurred_at=AT,
            sequence=AT - 20,
            fields={
                "username": "mira",
                "name": "Mira Okafor",
                "avatar": "https://img.clerk.example/abc",
                "primary_email": "mira@example.test",
                "primary_phone": "+15550100",
                "oidc_profile.givenName": "Mira",
                "oidc_profile.familyName": "Okafor",
                "has_password": True,
                "last_sign_in_at": AT - 5000,
                "suspended_by_idp": False,
            },
        ),
    )


def test_a_deleted_user_is_named_by_an_id_and_nothing_else() -> None:
    assert CLERK.read(DELETED) == (Said(subject="user_2aB3", kind="delete", occurred_at=AT),)


def test_the_primary_address_is_the_one_with_the_primary_id_and_not_the_first() -> None:
    assert fields()["primary_email"] == "mira@example.test"


@pytest.mark.parametrize("status", ["unverified", "failed", "expired", None])
def test_nothing_is_said_of_an_unverified_address(status: str | None) -> None:
    unproven = [contact("idn_2", "email_address", "mira@example.test", status)]
    assert "primary_email" not in fields(email_addresses=unproven)


def test_nothing_is_said_of_an_unverified_phone_number() -> None:
    assert "primary_phone" not in fields(phone_numbers=[contact("idn_3", "phone_number", "+15550100", "unverified")])


def test_a_user_without_contacts_has_none() -> None:
    none = fields(primary_email_address_id=None, primary_phone_number_id=None, email_addresses=[], phone_numbers=[])
    assert (none["primary_email"], none["primary_phone"]) == (None, None)


def test_an_address_that_is_not_primary_is_not_taken_when_there_is_no_primary_one() -> None:
    assert fields(primary_email_address_id=None)["primary_email"] is None


def test_the_generated_picture_of_a_user_without_one_is_no_avatar() -> None:
    assert fields(has_image=False)["avatar"] is None


def test_a_name_may_have_one_part() -> None:
    assert fields(last_name=None)["name"] == "Mira"
    assert fields(first_name="", last_name="Okafor")["name"] == "Okafor"


def test_a_user_without_names_has_none() -> None:
    without = fields(first_name=None, last_name=None, username=None)
    names = ("name", "username", "oidc_profile.givenName", "oidc_profile.familyName")
    assert [without[field] for field in names] == [None] * 4


def test_a_banned_user_is_suspended() -> None:
    assert fields(banned=True)["suspended_by_idp"] is True


def test_a_lock_suspends_nobody_because_its_end_is_not_told() -> None:
    assert fields(locked=True)["suspended_by_idp"] is False


def test_a_user_without_the_flag_is_neither_suspended_nor_restored() -> None:
    assert "suspended_by_idp" not in fields(banned=None)


def test_an_event_without_a_time_happened_when_the_user_changed() -> None:
    (said,) = CLERK.read(event(timestamp=None))
    assert said.occurred_at == AT - 20


@pytest.mark.parametrize(
    "type", ["session.revoked", "session.removed", "session.ended", "organization.created", None, 7]
)
def test_other_events_are_nothing_for_us(type: Any) -> None:
    assert CLERK.read(event(type)) == ()


@pytest.mark.parametrize("data", [{}, {"id": ""}, {"id": 7}, [], "user_2aB3", None])
@pytest.mark.parametrize("type", ["user.created", "user.deleted"])
def test_an_event_that_names_nobody_is_unreadable(type: str, data: Any) -> None:
    with pytest.raises(Unreadable, match="/data/id"):
        CLERK.read(event(type) | {"data": data})


def test_the_header_names_the_delivery() -> None:
    assert (CLERK.signature, CLERK.delivery_id(event())) == ("standard", None)


def test_a_user_of_the_backend_api_says_the_same_as_an_event() -> None:
    assert CLERK.user is not None
    assert CLERK.user(a_user()) == fields()


def test_another_answer_than_a_user_is_unreadable() -> None:
    assert CLERK.user is not None
    with pytest.raises(Unreadable):
        CLERK.user({"errors": [{"code": "resource_not_found"}]})


@given(anything(event(), event("user.created"), DELETED))
def test_any_payload_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(CLERK.read, payload)


@given(anything(a_user()))
def test_any_answer_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(CLERK.user, payload)
