"""What counts as a JWT, and how it is taken apart (RFC 7515, RFC 7519)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.util import urlsafe_b64encode
from tests.minting import MintingProvider, make_key

from profilegate.auth.jws import LIMIT, UnverifiedToken, is_jwt, parsed, signed_by
from profilegate.auth.key_set import SigningKey, signing_key
from profilegate.errors import InvalidToken
from profilegate.settings import ALGORITHMS

# RFC 7519, section 3.1, and RFC 7515, appendix A.5 (an unsecured JWS).
RFC_7519 = (
    b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
    b"NvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
UNSECURED = (
    b"eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
    b"lfQ."
)


def part(text: str) -> bytes:
    return urlsafe_b64encode(text.encode())


@pytest.mark.parametrize("token", [RFC_7519, UNSECURED, MintingProvider().token().encode()])
def test_the_standards_examples_are_jwts(token: bytes) -> None:
    assert is_jwt(token)


def test_the_standards_example_is_taken_apart() -> None:
    token = parsed(RFC_7519)
    assert token.header == {"typ": "JWT", "alg": "HS256"}
    assert token.claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert token.signed + b"." + urlsafe_b64encode(token.signature) == RFC_7519
    assert (token.issuer, token.algorithm, token.type, token.key_id) == ("joe", "HS256", "jwt", None)


@pytest.mark.parametrize(
    "header", ["{}", '{"alg":"none"}', ' {"alg":"ES256"}', '\n\t {"a":1}', '{"broken', "{", "{{{", "{]"]
)
def test_whatever_begins_like_an_objects_text_is_a_jwt(header: str) -> None:
    """Broken or not: it may be another provider's, and is never shown to one."""
    assert is_jwt(part(header) + b".e30.AAAA")
    assert is_jwt(part(header) + b"..")


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b".",
        b"..",
        b"a.b",
        b"a.b.c",
        b"mF_9.B5f-4.1JqM",
        b"eyJhbGciOiJub25lIn0",
        b"eyJhbGciOiJub25lIn0.e30",
        part("[]") + b".e30.AAAA",
        part('"text"') + b".e30.AAAA",
        part("5") + b".e30.AAAA",
        part("") + b".e30.AAAA",
        b"!.e30.AAAA",
        b"\xff\xfe.e30.AAAA",
    ],
)
def test_whatever_does_not_is_none(token: bytes) -> None:
    assert not is_jwt(token)


@pytest.mark.parametrize("parts", [1, 2, 4, 5, 6])
def test_a_jwt_has_three_parts(parts: int) -> None:
    """Five are an encrypted one, which its provider alone can read: it is as good as opaque."""
    assert not is_jwt(b".".join([part('{"alg":"dir","enc":"A256GCM"}')] * parts))


def test_the_start_of_an_object_is_enough_even_where_the_encoding_is_broken() -> None:
    assert is_jwt(b"eyJ!!.x.y")
    assert is_jwt(b"ey.x.y")


@given(st.dictionaries(st.text(), st.integers() | st.text()), st.sampled_from(["", " ", "\n", "\t\r\n "]))
def test_every_object_is_a_jwts_header(header: dict[str, Any], before: str) -> None:
    assert is_jwt(part(before + json.dumps(header)) + b"." + part("{}") + b".")


@given(st.binary(max_size=200))
def test_whether_it_is_a_jwt_can_be_said_of_any_bytes(token: bytes) -> None:
    assert is_jwt(token) in (True, False)


@given(st.binary(max_size=120))
def test_what_can_be_taken_apart_is_a_jwt(token: bytes) -> None:
    """So nothing that could be verified here is ever shown to a provider."""
    try:
        parsed(token)
    except InvalidToken:
        return
    assert is_jwt(token)


# The members that decide


def with_members(header: dict[str, Any], claims: dict[str, Any] | None = None) -> UnverifiedToken:
    return UnverifiedToken(header, claims or {}, b"", b"")


@pytest.mark.parametrize("value", [5, True, None, ["x"], {"x": 1}])
def test_a_member_that_is_no_text_is_never_made_text(value: Any) -> None:
    token = with_members({"kid": value, "alg": value, "typ": value}, {"iss": value})
    assert (token.issuer, token.key_id, token.algorithm, token.type) == ("", None, "", "")


def test_a_type_that_is_left_out_is_told_from_one_that_is_empty() -> None:
    assert with_members({}).type is None
    assert with_members({"typ": ""}).type == ""
    assert with_members({"typ": None}).type == ""


def test_the_type_is_compared_in_lower_case_and_nothing_else_is() -> None:
    token = with_members({"typ": "AT+JWT", "alg": "Es256", "kid": "Kid"}, {"iss": "Iss"})
    assert (token.type, token.algorithm, token.key_id, token.issuer) == ("at+jwt", "Es256", "Kid", "Iss")


@pytest.mark.parametrize(("header", "extended"), [({"crit": 1}, True), ({"b64": True}, True), ({"CRIT": 1}, False)])
def test_extensions_are_named_members(header: dict[str, Any], extended: bool) -> None:
    assert with_members(header).is_extended is extended
    assert not with_members({}).is_extended


# Taking apart


@pytest.mark.parametrize(
    "token",
    [
        b"a.b.c",
        part("[]") + b"." + part("{}") + b".AAAA",
        part("{}") + b"." + part("[]") + b".AAAA",
        part("{}") + b"." + part("") + b".AAAA",
        part("{}") + b"." + part("{}") + b".A",
        part("{}") + b"." + part("{}") + b".AA==",
        part("{} {}") + b"." + part("{}") + b".AAAA",
        part("\ufeff{}") + b"." + part("{}") + b".AAAA",
        part("{'a': 1}") + b"." + part("{}") + b".AAAA",
        part('{"a": NaN}') + b"." + part("{}") + b".AAAA",
        part('{"a": "\\ud800"}') + b"." + part("{}") + b".AAAA",
    ],
)
def test_what_is_no_compact_jws_of_two_objects_is_refused(token: bytes) -> None:
    with pytest.raises(InvalidToken) as caught:
        parsed(token)
    assert caught.value.reason == "not a JWT"


def test_a_token_of_the_limit_is_read_and_a_larger_one_is_not() -> None:
    start = part("{}") + b"." + part("{}") + b"."
    assert parsed(start + b"A" * ((LIMIT - len(start)) // 4 * 4)).signature
    with pytest.raises(InvalidToken, match="not valid") as caught:
        parsed(start + b"A" * LIMIT)
    assert "larger" in caught.value.reason


# Signatures


# RFC 9864 gave the two curves of EdDSA names of their own. `make_key` makes keys of Ed25519 for all three.
NAMES_OF_ONE = {each: {"EdDSA", "Ed25519"} for each in ("EdDSA", "Ed25519")} | {"Ed448": {"EdDSA", "Ed448"}}


def usable(algorithm: str) -> tuple[Any, SigningKey]:
    made = make_key(algorithm, "k")
    key = signing_key(made.as_dict(private=False))
    assert key is not None
    return made, key


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_signature_counts_with_its_key_and_algorithm_only(algorithm: str) -> None:
    made, key = usable(algorithm)
    provider = MintingProvider(algorithm=algorithm)
    token = parsed(provider.token(key=made).encode())
    assert signed_by(key, token)
    assert not signed_by(usable(algorithm)[1], token)
    for other in ALGORITHMS - NAMES_OF_ONE.get(algorithm, {algorithm}):
        assert not signed_by(key, token._replace(header={"alg": other}))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "", None, "dir"])
def test_an_algorithm_that_no_key_has_verifies_nothing(algorithm: Any) -> None:
    _, key = usable("ES256")
    assert not signed_by(key, with_members({"alg": algorithm}))


@given(st.binary(max_size=200), st.sampled_from(["ES256", "EdDSA"]))
def test_no_bytes_are_a_signature_by_chance(signature: bytes, algorithm: str) -> None:
    assert not signed_by(usable(algorithm)[1], UnverifiedToken({"alg": algorithm}, {}, b"a.b", signature))
