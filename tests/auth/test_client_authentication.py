"""As whom a provider is asked: each way of proving it, as the standards write it (RFC 6749, 7521, 7523)."""

import base64
import json
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode
from tests.minting import ISSUER, NOW

from profilegate.auth.client_authentication import ASSERTION_TYPE, ClientAuthentication, basic
from profilegate.settings import IntrospectionSettings

from .asking import form

URL = f"{ISSUER}/introspect"
ASKED = {"token": "mF_9.B5f-4.1JqM", "token_type_hint": "access_token"}


def request(form: dict[str, str] = ASKED, **settings: Any) -> httpx.Request:
    said = IntrospectionSettings(**{"client_id": "us", **settings})
    return ClientAuthentication(said, ISSUER, lambda: NOW).request(httpx.AsyncClient(), URL, form)


@cache
def key_of(name: str) -> Key:
    if name == "RSA":
        return RSAKey.generate_key(2048, {"kid": "k"})
    if name.startswith("P"):
        return ECKey.generate_key(name, {"kid": "k"})
    return OKPKey.generate_key(name, {"kid": "k"})


def assertion(key: Key, text: str | None = None) -> tuple[dict[str, Any], dict[str, Any], httpx.Request]:
    """Header and claims of the assertion in a request made with the key, which has signed it."""
    written = text or json.dumps({**key.as_dict(private=True), "kid": key.kid})
    made = request(method="private_key_jwt", private_key=written)
    signed, _, signature = form(made)["client_assertion"].rpartition(".")
    header, claims = (json.loads(urlsafe_b64decode(part.encode())) for part in signed.split("."))
    algorithm = JWSRegistry.algorithms[header["alg"]]
    assert algorithm.verify(signed.encode(), urlsafe_b64decode(signature.encode()), key)
    return header, claims, made


# client_secret_basic


def test_the_example_of_rfc_6749_is_written_as_there() -> None:
    """Section 2.3.1."""
    assert basic("s6BhdRkqt3", "gX1fBat3bV") == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"


def test_what_is_no_letter_is_encoded_as_in_a_form() -> None:
    """RFC 6749, appendix B, has this very text and its encoding."""
    pair = base64.b64decode(basic(" %&+£€", "a:b").removeprefix("Basic ")).decode()
    assert pair == "+%25%26%2B%C2%A3%E2%82%AC:a%3Ab"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_they_hold_id_and_secret_can_be_told_apart(client_id: str, secret: str) -> None:
    pair = base64.b64decode(basic(client_id, secret).removeprefix("Basic ")).decode("ascii")
    first, _, second = pair.partition(":")
    assert (unquote_plus(first), unquote_plus(second)) == (client_id, secret)


def test_basic_is_the_method_unless_another_is_given() -> None:
    made = request(client_secret="secret")
    assert made.headers["authorization"] == basic("us", "secret")
    assert form(made) == ASKED


# client_secret_post


def test_the_secret_may_stand_in_the_form_and_then_nowhere_else() -> None:
    made = request(client_secret="a secret & more", method="client_secret_post")
    assert form(made) == {**ASKED, "client_id": "us", "client_secret": "a secret & more"}
    assert "authorization" not in made.headers
    assert "secret" not in str(made.url)


# private_key_jwt


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("RSA", "RS256"),
        ("P-256", "ES256"),
        ("P-384", "ES384"),
        ("P-521", "ES512"),
        ("Ed25519", "EdDSA"),
        ("Ed448", "EdDSA"),
    ],
)
def test_every_kind_of_key_signs_with_the_algorithm_that_belongs_to_it(name: str, algorithm: str) -> None:
    header, _, _ = assertion(key_of(name))
    assert header == {"alg": algorithm, "typ": "JWT", "kid": "k"}


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "PS384"])
def test_a_key_that_names_its_algorithm_signs_with_that(algorithm: str) -> None:
    written = json.dumps({**key_of("RSA").as_dict(private=True), "alg": algorithm})
    header, _, _ = assertion(key_of("RSA"), written)
    assert header["alg"] == algorithm


@pytest.mark.parametrize("name", ["RSA", "P-256", "Ed25519"])
def test_a_pem_signs_too_and_has_no_id(name: str) -> None:
    header, _, _ = assertion(key_of(name), key_of(name).as_pem(private=True).decode())
    assert "kid" not in header


def test_an_assertion_says_who_asks_whom_and_for_how_long() -> None:
    _, claims, made = assertion(key_of("P-256"))
    assert len(claims.pop("jti")) >= 16
    assert claims == {"iss": "us", "sub": "us", "aud": ISSUER, "iat": int(NOW), "exp": int(NOW) + 60}
    assert form(made).items() >= {**ASKED, "client_id": "us", "client_assertion_type": ASSERTION_TYPE}.items()
    assert "authorization" not in made.headers


def test_the_type_of_the_assertion_is_the_registered_one() -> None:
    """RFC 7523, section 2.2."""
    assert ASSERTION_TYPE == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_every_request_has_an_assertion_of_its_own() -> None:
    assert len({assertion(key_of("P-256"))[1]["jti"] for _ in range(20)}) == 20


def test_the_private_key_itself_is_never_sent() -> None:
    private = key_of("P-256").as_dict(private=True)
    header, _, made = assertion(key_of("P-256"))
    assert "jwk" not in header
    assert str(private["d"]) not in made.content.decode() + str(made.headers)


# All of them


@pytest.mark.parametrize(
    "settings",
    [
        {"client_secret": "s"},
        {"client_secret": "s", "method": "client_secret_post"},
        {"method": "private_key_jwt", "private_key": json.dumps(key_of("P-256").as_dict(private=True))},
    ],
    ids=["basic", "post", "jwt"],
)
def test_the_token_is_sent_in_a_form_and_never_in_the_address(settings: dict[str, Any]) -> None:
    """RFC 7662, section 2.1: addresses end up in logs."""
    made = request(**settings)
    assert (made.method, str(made.url)) == ("POST", URL)
    assert made.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(made).items() >= ASKED.items()


def test_the_form_that_was_given_is_left_as_it_was() -> None:
    given = dict(ASKED)
    request(given, client_secret="s", method="client_secret_post")
    assert given == ASKED


def test_settings_show_no_secret() -> None:
    settings = IntrospectionSettings(client_id="us", client_secret="never-seen", private_key="never-seen")
    assert "never-seen" not in f"{settings!r} {settings}"
