"""WWW-Authenticate, word for word (RFC 6750, section 3; RFC 9728, section 5.1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.auth.challenge import challenge
from profilegate.errors import (
    ExpiredToken,
    FieldNotEditable,
    InsufficientScope,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    MissingCredentials,
    NonceRequired,
    NotPermitted,
    PreconditionFailed,
    ProfileGateError,
    ProfileNotFound,
    ProviderUnavailable,
    Revoked,
    StoreUnavailable,
    Suspended,
    TooManyCreations,
    UnsupportedScheme,
)

METADATA = "https://profiles.example/.well-known/oauth-protected-resource"

NOT_VALID = 'error="invalid_token", error_description="The access token is not valid."'

DUE = [
    (InvalidToken("a reason for the log"), NOT_VALID),
    (Revoked("the user was deleted"), NOT_VALID),
    (ExpiredToken(), 'error="invalid_token", error_description="The access token has expired."'),
    (
        InvalidRequest(),
        'error="invalid_request", error_description="The request carries more than one credential."',
    ),
    (InsufficientScope("write", "profile"), 'error="insufficient_scope", scope="profile"'),
    (InsufficientScope("write"), 'error="insufficient_scope"'),
    (NotPermitted(), 'error="insufficient_scope"'),
    (Suspended(), ""),
    (FieldNotEditable("name"), ""),
]


def name_of(value: object) -> str:
    return type(value).__name__ if isinstance(value, ProfileGateError) else ""


@pytest.mark.parametrize(("error", "parameters"), DUE, ids=name_of)
def test_the_challenge_says_what_is_wrong(error: ProfileGateError, parameters: str) -> None:
    assert challenge(error) == f"Bearer {parameters}".strip()


@pytest.mark.parametrize(("error", "parameters"), DUE, ids=name_of)
def test_the_challenge_says_where_the_metadata_is(error: ProfileGateError, parameters: str) -> None:
    told = f'resource_metadata="{METADATA}"'
    assert challenge(error, METADATA) == "Bearer " + ", ".join(filter(None, (parameters, told)))


@pytest.mark.parametrize(
    "error",
    [ProviderUnavailable(), StoreUnavailable(), ProfileNotFound(), PreconditionFailed(), TooManyCreations(1)],
    ids=name_of,
)
def test_other_errors_have_no_challenge(error: ProfileGateError) -> None:
    assert challenge(error, METADATA) is None


PARAMETER = r'[a-z_]+="([^"\\]|\\["\\])*"'
CHALLENGE = re.compile(rf"Bearer( {PARAMETER}(, {PARAMETER})*)?")

texts = st.text() | st.text('"\\\r\n, =a\0\x7fé\u2028', max_size=12)


@pytest.mark.parametrize("text", ['a"b', "a\\", '\\"', 'x", error="none', "scope=x, y"])
def test_quotes_stay_within_their_value(text: str) -> None:
    assert CHALLENGE.fullmatch(challenge(InsufficientScope("write", text), text) or "")


@given(texts, texts, texts)
def test_no_text_breaks_out_of_the_header(message: str, scope: str, metadata: str) -> None:
    for error in (InvalidRequest(message), InsufficientScope("write", scope), NotPermitted(message)):
        value = challenge(error, metadata)
        assert value is not None
        assert value.isascii()
        assert value.isprintable()
        assert CHALLENGE.fullmatch(value)


ALGS = 'algs="ES256 ES384 ES512 Ed25519 Ed448 EdDSA PS256 PS384 PS512 RS256 RS384 RS512"'


@pytest.mark.parametrize("error", [MissingCredentials(), UnsupportedScheme()])
def test_who_sent_no_credentials_is_offered_both_schemes(error: ProfileGateError) -> None:
    assert challenge(error) == f"Bearer, DPoP {ALGS}"
    assert challenge(error, METADATA) == f'Bearer resource_metadata="{METADATA}", DPoP {ALGS}'


@pytest.mark.parametrize(("error", "parameters"), DUE, ids=name_of)
def test_who_used_dpop_is_answered_with_dpop(error: ProfileGateError, parameters: str) -> None:
    assert challenge(error, scheme="DPoP") == "DPoP " + ", ".join(filter(None, (parameters, ALGS)))


PROOFS = [(InvalidProof("x"), "invalid_dpop_proof"), (NonceRequired("n"), "use_dpop_nonce")]


@pytest.mark.parametrize(("error", "code"), PROOFS, ids=name_of)
def test_a_bad_proof_is_told_from_a_bad_token(error: ProfileGateError, code: str) -> None:
    assert challenge(error, scheme="DPoP") == f'DPoP error="{code}", error_description="{error}", {ALGS}'
