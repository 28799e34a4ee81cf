"""What Logto's webhooks say, by deliveries that a real Logto 1.41 sent (logto/)."""

import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from profilegate.profiles import claims
from profilegate.sync.providers.logto import LOGTO
from profilegate.sync.said import Said

from .any_payload import anything, check_read, check_user

RECORDED = Path(__file__).parent / "logto"
KEY = (RECORDED / "SIGNING_KEY").read_text().strip().encode()

CAROL, DAVE = "732pwwwjziin", "amqvz1927uzk"


def recorded(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((RECORDED / f"{name}.body").read_bytes())
    return payload


def profile(**said: str) -> dict[str, Any]:
    return {f"oidc_profile.{name}": said.get(name) for name in claims.MEMBERS}


def carol(**changes: Any) -> dict[str, Any]:
    return {
        "username": "carol",
        "primary_email": "carol@example.test",
        "primary_phone": None,
        "name": "Carol",
        "avatar": "https://cdn.example.test/c.png",
        "custom_data": {},
        "identities": {},
        "last_sign_in_at": None,
        "application_id": None,
        "suspended_by_idp": False,
        **profile(),
    } | changes


LATER = {
    "username": "carol3",
    "name": "Carol M",
    "avatar": None,
    "last_sign_in_at": 1795221244467,
    "application_id": "6xoq1p86o0netm7rccgey",
    "has_password": True,
    **profile(nickname="cc"),
}

EFFECTS: dict[str, tuple[Said, ...]] = {
    "001-User.Created": (
        Said(
            subject=CAROL,
            kind="set",
            occurred_at=1795221242661,
            sequence=1795221242638,
            fields=carol(has_password=True),
        ),
    ),
    "002-User.Data.Updated": (
        Said(
            subject=CAROL,
            kind="set",
            occurred_at=1795221246027,
            sequence=1795221245988,
            fields=carol(
                name="Carol B",
                avatar="https://cdn.example.test/c2.png",
                last_sign_in_at=1795221244467,
                application_id="6xoq1p86o0netm7rccgey",
            ),
        ),
    ),
    "006-User.Data.Updated": (
        Said(
            subject=CAROL,
            kind="set",
            occurred_at=1795221251124,
            sequence=1795221251115,
            fields=carol(**LATER),
        ),
    ),
    "007-User.Data.Updated": (
        Said(subject=CAROL, kind="set", occurred_at=1795221251937, fields={"custom_data": {"a": {"b": 1}}}),
    ),
    "009-User.SuspensionStatus.Updated": (
        Said(
            subject=CAROL,
            kind="set",
            occurred_at=1795221253759,
            sequence=1795221253737,
            fields=carol(**LATER | {"custom_data": {"a": {"b": 1}}, "suspended_by_idp": True}),
        ),
    ),
    "011-User.Deleted": (Said(subject=CAROL, kind="delete", occurred_at=1795221255432, sequence=1795221254582),),
    "012-User.Created": (),
    "014-User.Created": (
        Said(
            subject=DAVE,
            kind="set",
            occurred_at=1795221290042,
            sequence=1795221290011,
            fields=carol(username="dave", primary_email=None, name=None, avatar=None),
        ),
    ),
}


def test_every_recorded_delivery_has_its_effect_below() -> None:
    assert {each.stem for each in RECORDED.glob("*.body")} == EFFECTS.keys()


@pytest.mark.parametrize("name", EFFECTS)
def test_a_recorded_delivery_has_the_effect_that_was_meant(name: str) -> None:
    assert LOGTO.read(recorded(name)) == EFFECTS[name]


@pytest.mark.parametrize("name", EFFECTS)
def test_a_recorded_delivery_is_signed_in_the_providers_header(name: str) -> None:
    lines = (RECORDED / f"{name}.head").read_text().splitlines()
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    assert headers[LOGTO.header] == hmac.digest(KEY, (RECORDED / f"{name}.body").read_bytes(), "sha256").hex()


def test_the_whole_body_is_signed_and_names_no_delivery() -> None:
    assert (LOGTO.signature, LOGTO.delivery_id(recorded("001-User.Created"))) == ("digest", None)


def test_custom_data_with_somebody_elses_id_are_custom_data() -> None:
    spoofed = {"id": DAVE, "isSuspended": True, "updatedAt": 1}
    (said,) = LOGTO.read(recorded("007-User.Data.Updated") | {"data": spoofed})
    assert (said.subject, said.fields) == (CAROL, {"custom_data": spoofed})


def test_a_whole_user_is_the_one_of_the_route_even_when_the_data_say_another_id() -> None:
    payload = recorded("006-User.Data.Updated")
    (said,) = LOGTO.read(payload | {"data": payload["data"] | {"id": DAVE}})
    assert said.subject == CAROL


def test_a_profile_is_all_of_the_claims_and_nothing_else() -> None:
    route = {"matchedRoute": "/users/:userId/profile", "data": {"nickname": "cc", "id": DAVE, "name": "Dave"}}
    (said,) = LOGTO.read(recorded("007-User.Data.Updated") | route)
    assert (said.subject, said.fields) == (CAROL, profile(nickname="cc"))


@pytest.mark.parametrize("route", ["/users/:userId/identities", "/users/:userId/roles", "/users/:userId/new"])
def test_what_an_unknown_route_changed_has_to_be_asked_for(route: str) -> None:
    payload = recorded("006-User.Data.Updated") | {"matchedRoute": route, "data": {"id": DAVE, "name": "Dave"}}
    assert LOGTO.read(payload) == (Said(subject=CAROL, kind="set", occurred_at=1795221251124, is_thin=True),)


def test_an_unknown_route_without_a_user_is_nothing_for_us() -> None:
    assert LOGTO.read(recorded("001-User.Created") | {"matchedRoute": "/import", "params": {}}) == ()


def test_the_consoles_test_payload_is_about_nobody_whatever_the_event() -> None:
    for event in ("User.Created", "User.Data.Updated", "User.Deleted", "PostSignIn"):
        assert LOGTO.read(recorded("012-User.Created") | {"event": event}) == ()


def interaction(event: str = "PostSignIn", **changes: Any) -> dict[str, Any]:
    return {
        "hookId": "jv9hn1dy03h7p6u4prqoh",
        "event": event,
        "createdAt": "2026-11-21T00:35:00.000Z",
        "interactionEvent": "SignIn",
        "userAgent": "Firefox",
        "userIp": "192.0.2.1",
        "applicationId": "6xoq1p86o0netm7rccgey",
        "sessionId": "3aVsIhxrtbEnaVpBfd3M5",
        "userId": CAROL,
        "user": {"id": CAROL, "username": "carol", "name": "Carol", "lastSignInAt": 1795221300000},
        "application": {"id": "6xoq1p86o0netm7rccgey", "name": "spa"},
    } | changes


@pytest.mark.parametrize("event", ["PostRegister", "PostSignIn", "PostSignInAdaptiveMfaTriggered"])
def test_an_interaction_has_the_user_in_another_place(event: str) -> None:
    assert LOGTO.read(interaction(event)) == (
        Said(
            subject=CAROL,
            kind="set",
            occurred_at=1795221300000,
            fields={"username": "carol", "name": "Carol", "last_sign_in_at": 1795221300000},
        ),
    )


def test_an_interaction_without_the_user_says_only_who_it_was() -> None:
    (said,) = LOGTO.read(interaction(user=None))
    assert (said.subject, said.fields) == (CAROL, {})


def test_an_interaction_without_a_user_id_is_nothing_for_us() -> None:
    assert LOGTO.read(interaction(userId=None)) == ()


def test_a_user_who_is_deleted_through_the_account_api_has_no_route() -> None:
    payload = recorded("011-User.Deleted") | {"matchedRoute": None, "params": None}
    (said,) = LOGTO.read(payload)
    assert (said.subject, said.kind) == (CAROL, "delete")


@pytest.mark.parametrize("event", ["PostResetPassword", "Role.Created", "Organization.Updated", "", None, 7])
def test_other_events_are_nothing_for_us(event: Any) -> None:
    assert LOGTO.read(recorded("001-User.Created") | {"event": event}) == ()


def test_a_user_of_the_management_api_says_what_is_there() -> None:
    assert LOGTO.user is not None
    answer = recorded("009-User.SuspensionStatus.Updated")["data"] | {"ssoIdentities": []}
    assert LOGTO.user(answer) == EFFECTS["009-User.SuspensionStatus.Updated"][0].fields | {"sso_identities": []}
    assert LOGTO.user({"id": CAROL, "name": "Carol"}) == {"name": "Carol"}


@given(anything(*(recorded(name) for name in EFFECTS), interaction()))
def test_any_payload_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(LOGTO.read, payload)


@given(anything(recorded("009-User.SuspensionStatus.Updated")["data"]))
def test_any_answer_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(LOGTO.user, payload)
