"""Which texts are private keys that can sign a request to a provider (RFC 7517, RFC 7518)."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from profilegate.private_keys import is_private_key, private_key

SIGNING = ["RSA", "P-256", "P-384", "P-521", "Ed25519", "Ed448"]


@cache
def key_of(name: str) -> Key:
    if name == "RSA":
        return RSAKey.generate_key(2048, {"kid": "k"})
    return (OKPKey if name.startswith(("Ed", "X")) else ECKey).generate_key(name, {"kid": "k"})


def jwk(name: str, private: bool = True, **more: Any) -> str:
    return json.dumps({**key_of(name).as_dict(private=private), **more})


def pem(name: str, private: bool = True) -> str:
    return key_of(name).as_pem(private=private).decode()


@pytest.mark.parametrize("name", SIGNING)
def test_every_kind_that_signs_is_one_in_either_writing(name: str) -> None:
    for text in (jwk(name), pem(name), "\n " + jwk(name) + "\n", "\n" + pem(name)):
        assert is_private_key(text)
        assert private_key(text).thumbprint() == key_of(name).thumbprint()


def test_a_jwk_keeps_its_id_and_algorithm_and_a_pem_has_none() -> None:
    found = private_key(jwk("RSA", alg="PS256"))
    assert (found.kid, found.get("alg")) == ("k", "PS256")
    assert private_key(pem("RSA")).kid is None


@pytest.mark.parametrize("name", SIGNING)
def test_a_public_key_is_none(name: str) -> None:
    assert not is_private_key(jwk(name, private=False))
    assert not is_private_key(pem(name, private=False))


@pytest.mark.parametrize("name", ["X25519", "X448"])
def test_a_key_for_agreements_does_not_sign(name: str) -> None:
    """RFC 8037, section 3.2: they are for ECDH-ES only."""
    assert not is_private_key(jwk(name))
    assert not is_private_key(pem(name))


def test_a_curve_without_an_algorithm_that_is_known_here_does_not_sign() -> None:
    assert not is_private_key(jwk("secp256k1"))
    assert not is_private_key(pem("secp256k1"))


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_an_rsa_key_is_2048_bits_at_the_least() -> None:
    """RFC 7518, section 3.3: a provider has to refuse what a smaller one signs."""
    small = RSAKey.generate_key(1024)
    assert not is_private_key(json.dumps(small.as_dict(private=True)))
    assert not is_private_key(small.as_pem(private=True).decode())


@pytest.mark.parametrize("more", [{"key_ops": ["verify"]}, {"key_ops": ["decrypt"]}, {"key_ops": []}])
def test_a_key_that_says_it_is_for_something_else_does_not_sign(more: dict[str, Any]) -> None:
    """RFC 7517, section 4.3."""
    assert not is_private_key(jwk("P-256", **more))


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "ECDH-ES", "ES256K", "made up", ""])
def test_a_key_for_another_algorithm_than_its_own_does_not_sign(alg: str) -> None:
    assert not is_private_key(jwk("P-256", alg=alg))


@pytest.mark.parametrize(
    "more", [{"use": "sig"}, {"key_ops": ["sign"]}, {"key_ops": ["sign", "verify"]}, {"alg": "ES256"}]
)
def test_a_key_may_say_that_it_is_for_signing(more: dict[str, Any]) -> None:
    assert is_private_key(jwk("P-256", **more))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{}",
        "[]",
        "null",
        '{"kty": "RSA"}',
        '{"kty": "EC", "crv": "P-256"}',
        '{"kty": 5}',
        '{"kty": "\\ud800"}',
        "secret",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----",
        "\0",
        "\ud800",
        "é",
        json.dumps({"keys": [json.loads(jwk("P-256"))]}),
        json.dumps([json.loads(jwk("P-256"))]),
        json.dumps(OctKey.generate_key(256).as_dict(private=True)),
        jwk("P-256", crv="P-384"),
        jwk("P-256", d=""),
        jwk("P-256", d=None),
        jwk("P-256")[:-5],
        pem("RSA")[:-60],
        pem("RSA").replace("PRIVATE", "PUBLIC"),
    ],
    ids=lambda text: repr(text[:20]) if len(text) < 60 else "long",
)
def test_anything_else_is_none_and_is_not_told_on(text: str) -> None:
    assert not is_private_key(text)
    with pytest.raises(ValueError, match=r"^not a private key that signs$"):
        private_key(text)


def test_a_key_that_is_itself_encrypted_is_none() -> None:
    encrypted = key_of("P-256").as_pem(private=True, password="open sesame").decode()
    assert "ENCRYPTED" in encrypted
    assert not is_private_key(encrypted)


@pytest.mark.parametrize("depth", [500, 1000, 100_000])
def test_however_deeply_a_jwk_is_nested_nothing_breaks(depth: int) -> None:
    assert not is_private_key('{"kty": ' + "[" * depth + "]" * depth + "}")
    assert not is_private_key('{"kty": ' + "[" * depth)


json_values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)
)
members = st.sampled_from(["kty", "crv", "x", "y", "d", "kid", "use", "alg", "key_ops", "n", "e", "p"])


@hypothesis_settings(deadline=None)
@given(st.text() | st.dictionaries(members, json_values).map(lambda more: jwk("P-256", **more)))
def test_of_any_text_it_can_be_said_whether_it_is_one(text: str) -> None:
    assert is_private_key(text) in (True, False)
