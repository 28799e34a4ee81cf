"""Payloads as the Standard Webhooks specification suggests them."""

from typing import Any

import pytest
from hypothesis import given
from tests.sync.any_payload import anything, check_read

from profilegate.sync.providers.standard import STANDARD
from profilegate.sync.said import Unreadable

AT = "2026-01-28T10:00:00Z"
DATA = {"sub": "u1", "preferred_username": "ann", "name": "Ann", "picture": "https://a.test/a.png", "locale": "de"}


def payload(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": AT, "data": data or DATA}


@pytest.mark.parametrize("kind", ["user.created", "user.updated"])
def test_a_user_is_told_in_standard_claims(kind: str) -> None:
    (said,) = STANDARD.read(payload(kind))
    assert (said.subject, said.kind, said.occurred_at) == ("u1", "set", 1_769_594_400_000)
    assert said.fields == {
        "username": "ann", "name": "Ann", "avatar": "https://a.test/a.png", "oidc_profile.locale": "de",
    }  # fmt: skip


def test_id_and_username_are_taken_too() -> None:
    (said,) = STANDARD.read(payload("user.updated", id="u2", username="bea"))
    assert (said.subject, said.fields) == ("u2", {"username": "bea"})


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("user.deleted", "delete"),
        ("user.suspended", "suspend"),
        ("user.unsuspended", "restore"),
        ("user.sessions_revoked", "revoke"),
    ],
)
def test_what_is_not_about_fields_tells_none(kind: str, meaning: str) -> None:
    (said,) = STANDARD.read(payload(kind))
    assert (said.kind, said.fields) == (meaning, {})


def test_other_types_are_nothing_for_us() -> None:
    assert STANDARD.read(payload("invoice.paid")) == ()


def test_a_user_without_an_id_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        STANDARD.read(payload("user.updated", name="Ann"))


@given(anything(payload("user.updated")))
def test_any_payload_is_read_or_unreadable(said: dict[str, Any]) -> None:
    check_read(STANDARD.read, said)
