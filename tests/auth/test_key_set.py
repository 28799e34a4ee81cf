"""Which keys of a provider's JWK Set are used. One that cannot be never spoils the others."""

import contextlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import int_to_base64
from tests.minting import make_key

from profilegate.auth.key_set import MOST_KEYS, signing_keys

RSA = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "rsa"}
EC = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "ec"}
OKP = {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": "okp"}
GOOD = {**make_key("ES256", "good").as_dict(private=False), "kid": "good"}


def usable(*keys: Any) -> dict[str | None, frozenset[str]]:
    """The algorithms of each key that can be used, by its id."""
    return {key.id: key.algorithms for key in signing_keys(json.dumps({"keys": keys}).encode())}


def without(key: dict[str, Any], *members: str) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in members}


def small_rsa(bits: int) -> dict[str, str]:
    numbers = generate_private_key(65537, bits).public_key().public_numbers()
    return {"kty": "RSA", "n": int_to_base64(numbers.n), "e": int_to_base64(numbers.e)}


ODD = {
    "oct": {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "alg": "HS256"},
    "no kty": without(EC, "kty"),
    "unknown kty": {**EC, "kty": "AKP"},
    "kty of another type": {**EC, "kty": ["EC"]},
    "kty of another key": {**EC, "kty": "RSA"},
    "RSA without n": without(RSA, "n"),
    "RSA without e": without(RSA, "e"),
    "EC without crv": without(EC, "crv"),
    "EC without y": without(EC, "y"),
    "OKP without x": without(OKP, "x"),
    "n that is a number": {**RSA, "n": 5},
    "n that is no base64": {**RSA, "n": "*"},
    "n that is empty": {**RSA, "n": ""},
    "n that is zero": {**RSA, "n": "AA"},
    "e that is one": {**RSA, "e": "AQ"},
    "e that is even": {**RSA, "e": "BA"},
    "e that is null": {**RSA, "e": None},
    "RSA of 1024 bits": small_rsa(1024),
    "RSA of 2040 bits": small_rsa(2040),
    "unknown crv": {**EC, "crv": "P-192"},
    "secp256k1": {**EC, "crv": "secp256k1"},
    "crv of another type": {**EC, "crv": ["P-256"]},
    "crv of another curve": {**EC, "crv": "P-384"},
    "X25519": {**OKP, "crv": "X25519"},
    "off the curve": {**EC, "y": EC["x"]},
    "point at infinity": {**EC, "x": "AA", "y": "AA"},
    "x too long": {**EC, "x": "A" * 10_000},
    "Ed25519 too short": {**OKP, "x": "AAAA"},
    "use enc": {**EC, "use": "enc"},
    "use of another type": {**EC, "use": ["sig"]},
    "key_ops sign only": {**EC, "key_ops": ["sign"]},
    "key_ops empty": {**EC, "key_ops": []},
    "key_ops a text": {**EC, "key_ops": "verify"},
    "alg of another type of key": {**EC, "alg": "RS256"},
    "alg of another curve": {**EC, "alg": "ES384"},
    "alg for encryption": {**RSA, "alg": "RSA-OAEP"},
    "alg HS256": {**RSA, "alg": "HS256"},
    "alg none": {**RSA, "alg": "none"},
    "alg a number": {**EC, "alg": 5},
    "null": None,
    "a text": "key",
    "a list": [EC],
    "an empty object": {},
}


@pytest.mark.parametrize("key", ODD.values(), ids=ODD.keys())
def test_an_odd_key_is_left_out_and_spoils_no_other(key: Any) -> None:
    assert usable(key, GOOD) == {"good": frozenset({"ES256"})}


HARMLESS = {
    "use sig": {"use": "sig"},
    "key_ops": {"key_ops": ["sign", "verify"]},
    "its alg": {"alg": "ES256"},
    "nulls": {"use": None, "key_ops": None, "alg": None},
    "x5u relative": {"x5u": "/certificate"},
    "x5c broken": {"x5c": 5, "x5t": None},
    "unknown": {"exp": 1, "": "", "revoked": {"at": 1}},
}


@pytest.mark.parametrize("members", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_good_key_is_not_spoiled_by_what_is_not_looked_at(members: dict[str, Any]) -> None:
    assert usable({**EC, **members}) == {"ec": frozenset({"ES256"})}


@pytest.mark.parametrize("kid", [5, None, ["ec"], {}, True])
def test_a_key_id_that_is_no_text_counts_as_none(kid: Any) -> None:
    assert [*usable({**EC, "kid": kid})] == [None]


@pytest.mark.parametrize(
    ("key", "algorithms"),
    [
        (RSA, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ({**RSA, "alg": "PS384"}, {"PS384"}),
        (EC, {"ES256"}),
        ({**make_key("ES384", "").as_dict(private=False), "kid": "p384"}, {"ES384"}),
        ({**make_key("ES512", "").as_dict(private=False), "kid": "p521"}, {"ES512"}),
        (OKP, {"EdDSA", "Ed25519"}),
        ({**OKPKey.generate_key("Ed448").as_dict(private=False), "kid": "ed448"}, {"EdDSA", "Ed448"}),
    ],
)
def test_a_key_serves_the_algorithms_of_its_kind(key: dict[str, Any], algorithms: set[str]) -> None:
    assert usable(key) == {key["kid"]: algorithms}


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_key_whose_private_part_is_published_is_left_out(algorithm: str) -> None:
    assert usable(make_key(algorithm, "leaked").as_dict(private=True), GOOD) == usable(GOOD)


@pytest.mark.parametrize(
    "document",
    [b"", b"null", b"[]", b'"keys"', b"{}", b'{"keys": null}', b'{"keys": {}}', b'{"keys": "x"}', b"<html>", b"\xff"],
)
def test_what_is_no_key_set_is_a_value_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a JSON object|no array of keys"):
        signing_keys(document)


@pytest.mark.parametrize("member", ["alg", "crv", "use", "kid", "x", "key_ops", "other"])
def test_however_deeply_a_key_is_nested_nothing_breaks(member: str) -> None:
    for depth in (*range(850, 1010), 100_000):
        nested = "[" * depth + "]" * depth
        with contextlib.suppress(ValueError):
            signing_keys(f'{{"keys": [{json.dumps(EC)[:-1]}, "{member}": {nested}}}]}}'.encode())


def test_of_very_many_keys_only_the_first_are_read() -> None:
    keys = [{**GOOD, "kid": str(n)} for n in range(10_000)]
    assert len(usable(*keys)) == MOST_KEYS


def test_a_key_that_stands_twice_is_no_fault() -> None:
    assert len(signing_keys(json.dumps({"keys": [GOOD, GOOD]}).encode())) == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([RSA, EC, OKP]), st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use"]), json_values)
def test_whatever_one_member_is_the_other_keys_are_used(key: dict[str, Any], member: str, value: Any) -> None:
    assert "good" in usable({**key, member: value}, GOOD)
