"""Security Event Tokens with the events of RISC and CAEP."""

from typing import Any

import pytest
from hypothesis import given
from tests.sync.any_payload import anything, check_read

from profilegate.sync.providers.security_events import CAEP, KINDS, RISC, SECURITY_EVENTS
from profilegate.sync.said import Said, Unreadable

ISSUER = "https://idp.example"
ADA = {"format": "iss_sub", "iss": ISSUER, "sub": "ada"}
REVOKED = f"{CAEP}session-revoked"
CLAIMS = f"{CAEP}token-claims-change"


def token(uri: str, event: Any = None, sub_id: Any = ADA, **others: Any) -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "jti": "24c63fb56e5a2d77a6b512616ca9fa24",
        "iat": 1_788_254_645,
        "aud": "https://here.example",
        "sub_id": sub_id,
        "events": {uri: {} if event is None else event},
    } | others


def said_of(uri: str, event: Any = None, sub_id: Any = ADA) -> Said:
    (said,) = SECURITY_EVENTS.read(token(uri, event, sub_id))
    return said


@pytest.mark.parametrize(
    ("uri", "kind", "is_thin"),
    [
        (f"{RISC}account-disabled", "suspend", False),
        (f"{RISC}account-enabled", "restore", False),
        (f"{RISC}account-purged", "delete", False),
        (f"{RISC}sessions-revoked", "revoke", False),
        (f"{RISC}identifier-changed", "set", True),
        (REVOKED, "revoke", False),
    ],
)
def test_an_event_is_of_its_kind(uri: str, kind: Any, is_thin: bool) -> None:
    assert said_of(uri) == Said(
        subject="ada",
        issuer=ISSUER,
        kind=kind,
        occurred_at=1_788_254_645_000,
        delivery_id=f"24c63fb56e5a2d77a6b512616ca9fa24 {uri}",
        is_thin=is_thin,
    )


@pytest.mark.parametrize(
    "uri",
    [
        f"{RISC}account-credential-change-required",
        f"{RISC}identifier-recycled",
        f"{CAEP}credential-change",
        f"{CAEP}device-compliance-change",
        "https://schemas.openid.net/secevent/ssf/event-type/stream-updated",
        "https://example.com/of-our-own",
    ],
)
def test_other_events_are_nothing_for_us(uri: str) -> None:
    assert SECURITY_EVENTS.read(token(uri)) == ()


def test_the_streams_verification_is_about_nobody() -> None:
    uri = "https://schemas.openid.net/secevent/ssf/event-type/verification"
    assert SECURITY_EVENTS.read(token(uri, {"state": "abc"}, {"format": "opaque", "id": "stream1"})) == ()


def test_changed_claims_are_told_alone() -> None:
    claims = {"name": "Ada", "email": "ada@corp.example", "email_verified": False, "locale": "en", "role": "root"}
    assert said_of(CLAIMS, {"claims": claims}).fields == {"name": "Ada", "oidc_profile.locale": "en"}


@pytest.mark.parametrize("claims", [{"role": "root"}, {}, None, ["name"], "name"])
def test_changed_claims_that_no_record_has_are_nothing_for_us(claims: Any) -> None:
    assert SECURITY_EVENTS.read(token(CLAIMS, {"claims": claims})) == ()


@pytest.mark.parametrize("told", [1_788_257_000, 1_788_257_000_000])
def test_the_events_own_time_counts_in_seconds_and_in_milliseconds(told: int) -> None:
    assert said_of(REVOKED, {"event_timestamp": told}).occurred_at == 1_788_257_000_000


def test_the_user_of_a_complex_subject_is_meant() -> None:
    subject = {
        "format": "complex",
        "tenant": {"format": "opaque", "id": "t1"},
        "session": {"format": "opaque", "id": "s1"},
        "user": ADA | {"sub": "bob"},
    }
    assert said_of(REVOKED, sub_id=subject).subject == "bob"


def test_a_complex_subject_of_a_draft_names_no_format() -> None:
    assert said_of(REVOKED, sub_id={"user": ADA}).subject == "ada"


def test_the_alias_that_a_token_carries_is_meant() -> None:
    aliases = {"format": "aliases", "identifiers": [{"format": "email", "email": "ada@corp.example"}, ADA]}
    assert said_of(REVOKED, sub_id=aliases).subject == "ada"


@pytest.mark.parametrize("name", ["format", "subject_type"])
def test_older_drafts_have_the_subject_in_the_event(name: str) -> None:
    subject = {name: "iss-sub", "iss": ISSUER, "sub": "bob"}
    assert said_of(REVOKED, {"subject": subject}, None).subject == "bob"


def test_the_issuer_is_the_subjects_and_not_the_transmitters() -> None:
    assert said_of(REVOKED, sub_id=ADA | {"iss": "https://other.example"}).issuer == "https://other.example"


@pytest.mark.parametrize(
    "subject",
    [
        {"format": "email", "email": "ada@corp.example"},
        {"format": "phone_number", "phone_number": "+442079460000"},
        {"format": "opaque", "id": "ada"},
        {"format": "complex", "device": {"format": "opaque", "id": "d1"}},
        {"format": "aliases", "identifiers": [{"format": "email", "email": "ada@corp.example"}]},
        {"iss": ISSUER, "sub": "ada"},
    ],
)
def test_a_subject_that_no_token_carries_is_not_guessed(subject: dict[str, Any]) -> None:
    assert SECURITY_EVENTS.read(token(REVOKED, sub_id=subject)) == ()


@pytest.mark.parametrize("subject", [None, "ada", [ADA], {"format": "iss_sub", "iss": ISSUER}, ADA | {"iss": ""}])
def test_a_known_event_without_a_subject_is_unreadable(subject: Any) -> None:
    with pytest.raises(Unreadable):
        SECURITY_EVENTS.read(token(REVOKED, sub_id=subject))


def test_the_subject_claim_of_the_token_itself_is_not_the_subject() -> None:
    with pytest.raises(Unreadable):
        SECURITY_EVENTS.read(token(REVOKED, sub_id=None, sub="ada"))


@pytest.mark.parametrize("events", [None, [], "all"])
def test_a_token_without_events_is_unreadable(events: Any) -> None:
    with pytest.raises(Unreadable):
        SECURITY_EVENTS.read({"events": events})


def test_several_events_of_one_token_have_ids_of_their_own() -> None:
    both: dict[str, Any] = {REVOKED: {}, f"{CAEP}credential-change": {}, f"{RISC}account-disabled": {}}
    told = SECURITY_EVENTS.read(token(REVOKED, events=both))
    assert [said.kind for said in told] == ["revoke", "suspend"]
    assert len({said.delivery_id for said in told}) == 2


def test_the_token_names_the_delivery() -> None:
    assert SECURITY_EVENTS.delivery_id(token(REVOKED)) == "24c63fb56e5a2d77a6b512616ca9fa24"


EXAMPLES = [
    *(token(uri, {"claims": {"name": "Ada", "address": {"locality": "London"}}, "subject": ADA}) for uri in KINDS),
    token(REVOKED, sub_id={"user": ADA}),
    token(REVOKED, sub_id={"format": "aliases", "identifiers": [ADA]}),
]


@given(anything(*EXAMPLES))
def test_any_json_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(SECURITY_EVENTS.read, payload)
