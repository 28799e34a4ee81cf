"""OpenID Connect Back-Channel Logout."""

from typing import Any

import pytest
from hypothesis import given
from tests.sync.any_payload import anything, check_read

from profilegate.sync.providers.logout import EVENT, LOGOUT
from profilegate.sync.said import Said, Unreadable

TOKEN = {
    "iss": "https://idp.example",
    "sub": "ada",
    "aud": "our-pages",
    "iat": 1_788_254_645,
    "exp": 1_788_257_165,
    "jti": "bWJq",
    "sid": "08a5019c",
    "events": {EVENT: {}},
}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in TOKEN.items() if name not in names}


def test_a_logout_token_ends_a_session() -> None:
    assert LOGOUT.read(TOKEN) == (
        Said(
            subject="ada",
            session_id="08a5019c",
            issuer="https://idp.example",
            kind="logout",
            occurred_at=1_788_254_645_000,
        ),
    )


def test_a_session_alone_has_no_subject() -> None:
    (said,) = LOGOUT.read(without("sub"))
    assert (said.subject, said.session_id) == (None, "08a5019c")


def test_a_user_alone_has_no_session() -> None:
    (said,) = LOGOUT.read(without("sid"))
    assert (said.subject, said.session_id) == ("ada", None)


def test_neither_a_user_nor_a_session_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        LOGOUT.read(without("sub", "sid"))


@pytest.mark.parametrize("events", [None, {}, [EVENT], {"https://example.com/other": {}}, {EVENT: None}])
def test_another_kind_of_token_is_unreadable(events: Any) -> None:
    with pytest.raises(Unreadable):
        LOGOUT.read(TOKEN | {"events": events})


@pytest.mark.parametrize("nonce", ["n", None])
def test_a_nonce_makes_it_another_kind_of_token(nonce: Any) -> None:
    with pytest.raises(Unreadable):
        LOGOUT.read(TOKEN | {"nonce": nonce})


def test_the_token_names_the_delivery() -> None:
    assert LOGOUT.delivery_id(TOKEN) == "bWJq"


@given(anything(TOKEN, without("sub"), without("sid")))
def test_any_json_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(LOGOUT.read, payload)
