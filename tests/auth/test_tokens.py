"""Which tokens count as access tokens for us, rule by rule (RFC 8725, RFC 9068)."""

import contextlib
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from joserfc.jwk import Key
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider, compact, make_key

from profilegate.auth.jws import LIMIT
from profilegate.errors import ExpiredToken, InvalidToken
from profilegate.settings import ALGORITHMS

from .given import RELAXED, admitted, issuer, keys_of, refused

PROVIDER = MintingProvider()
KEYS = keys_of(PROVIDER)
STRANGER = make_key("ES256", "key-1")

IN_ORDER = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "client_id": "spa", "iat": int(NOW), "exp": int(NOW) + 3600}
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "key-1"}


def signed(header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None, key: Key | None = None) -> bytes:
    """A token with these members besides the usual ones; here None is JSON's null."""
    said = json.dumps({**IN_ORDER, **(claims or {})}).encode()
    return compact(json.dumps({**HEADER, **(header or {})}).encode(), said, key or PROVIDER.keys[0], "ES256")


def with_raw_claim(member: str) -> bytes:
    """A token whose claims have, as their last member, this text."""
    said = json.dumps(IN_ORDER)[:-1] + "," + member + "}"
    return compact(json.dumps(HEADER).encode(), said.encode(), PROVIDER.keys[0], "ES256")


@cache
def provider_with(algorithm: str) -> MintingProvider:
    return MintingProvider(algorithm=algorithm)


# The algorithm


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_asymmetric_algorithm_passes_where_it_is_listed(algorithm: str) -> None:
    provider = provider_with(algorithm)
    assert admitted(provider.token(), keys_of(provider), issuer(algorithms=(algorithm,))).user_id == "alice"


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_no_algorithm_passes_where_it_is_not_listed(algorithm: str) -> None:
    provider = provider_with(algorithm)
    others = tuple(ALGORITHMS - {algorithm})
    assert "algorithm" in refused(provider.token(), keys_of(provider), issuer(algorithms=others)).reason


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 0, ["ES256"], {"ES256": 1}, "es256"])
def test_nothing_but_a_listed_algorithm_passes(algorithm: Any) -> None:
    unsigned = signed({"alg": algorithm}).rpartition(b".")[0] + b"."
    refused(signed({"alg": algorithm}), KEYS)
    refused(unsigned, KEYS)


@pytest.mark.parametrize("listed", ["none", "HS256"])
def test_settings_that_list_an_algorithm_without_key_pair_still_admit_nobody(listed: str) -> None:
    unsigned = signed({"alg": listed}).rpartition(b".")[0] + b"."
    refused(unsigned, KEYS, issuer(algorithms=(listed,)))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize("form", ["PEM", "DER", "JWK"])
def test_the_public_key_as_an_hmac_secret_admits_nobody(algorithm: str, form: str) -> None:
    key = provider_with(algorithm).keys[0]
    secret = json.dumps(key.as_dict(private=False)).encode() if form == "JWK" else key.as_bytes(form, private=False)
    start = signed({"alg": "HS256"}).rpartition(b".")[0]
    token = start + b"." + urlsafe_b64encode(hmac.digest(secret, start, hashlib.sha256))
    keys = keys_of(provider_with(algorithm))
    refused(token, keys)
    refused(token, keys, issuer(algorithms=("HS256",)))


def test_one_rsa_key_serves_every_rsa_algorithm() -> None:
    key = provider_with("RS256").keys[0]
    token = PROVIDER.token({"alg": "PS256"}, key=key)
    assert admitted(token, keys_of(provider_with("RS256"))).user_id == "alice"


# The header

ACCESS_TOKEN_TYPES = ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"]
PLAIN_TYPES = ["JWT", "jwt", "application/jwt"]
OTHER_TYPES: list[Any] = [
    "",
    "logout+jwt",
    "dpop+jwt",
    "secevent+jwt",
    "token-introspection+jwt",
    "oauth-authz-req+jwt",
    "at+jwt ",
    "at+jwt\0",
    "x-at+jwt",
    "JOSE",
    None,
    True,
    1,
    ["at+jwt"],
    {"at+jwt": 1},
]


@pytest.mark.parametrize("typ", ACCESS_TOKEN_TYPES)
@pytest.mark.parametrize("strict", [True, False])
def test_access_token_types_pass(typ: str, strict: bool) -> None:
    assert admitted(signed({"typ": typ}), KEYS, issuer(require_at_jwt=strict)).user_id == "alice"


@pytest.mark.parametrize("typ", PLAIN_TYPES)
def test_plain_types_pass_only_where_the_issuer_is_relaxed(typ: str) -> None:
    assert admitted(signed({"typ": typ}), KEYS, issuer(**RELAXED)).user_id == "alice"
    assert "typ" in refused(signed({"typ": typ}), KEYS).reason


def test_a_missing_type_passes_only_where_the_issuer_is_relaxed() -> None:
    token = PROVIDER.token({"typ": None})
    assert admitted(token, KEYS, issuer(**RELAXED)).user_id == "alice"
    assert "typ" in refused(token, KEYS).reason


@pytest.mark.parametrize("typ", OTHER_TYPES)
@pytest.mark.parametrize("strict", [True, False])
def test_other_types_never_pass(typ: Any, strict: bool) -> None:
    assert "typ" in refused(signed({"typ": typ}), KEYS, issuer(require_at_jwt=strict)).reason


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": None},
        {"crit": 5},
        {"b64": True},
        {"b64": False},
        {"b64": None},
    ],
)
def test_extensions_that_change_the_meaning_are_refused(header: dict[str, Any]) -> None:
    assert "extensions" in refused(signed(header), KEYS).reason


@pytest.mark.parametrize(
    "header",
    [
        {"nonce": "as Entra sends it"},
        {"x5c": ["A" * 4096]},
        {"x5t": "abc", "x5t#S256": 1},
        {"cty": "JWT", "zip": "DEF"},
        {"kid": 5},
        {"kid": None},
        {"jwk": 5, "jku": 5, "x5u": 5},
        {"": ""},
    ],
)
def test_other_header_members_are_tolerated(header: dict[str, Any]) -> None:
    assert admitted(signed(header), KEYS).user_id == "alice"


@pytest.mark.parametrize(
    "offer",
    [
        {"jwk": STRANGER.as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
    ],
)
def test_a_key_that_the_token_offers_is_not_used(offer: dict[str, Any]) -> None:
    assert "signature" in refused(signed(offer, key=STRANGER), KEYS).reason


# What the token is for

KEYCLOAK = {"azp": "spa", "client_id": None, "sid": "s", "acr": "1", "allowed-origins": ["https://spa.example"]}

FOREIGN = {
    "Keycloak ID token": {**KEYCLOAK, "typ": "ID", "nonce": "n"},
    "Keycloak refresh token": {**KEYCLOAK, "typ": "Refresh", "scope": "openid"},
    "Keycloak offline token": {**KEYCLOAK, "typ": "Offline", "scope": "openid"},
    "Keycloak logout token": {**KEYCLOAK, "typ": "Logout"},
    "any logout token": {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "sid": "s", "jti": "j"},
    "Cognito ID token": {"token_use": "id", "cognito:username": "alice", "auth_time": int(NOW)},
    "ID token with at_hash": {"at_hash": "abc", "nonce": "n"},
    "ID token with c_hash": {"c_hash": "abc"},
    # Auth0 and many others put no at_hash into the code flow; a nonce is what tells.
    "Auth0 ID token": {"nonce": "n", "sid": "s", "nickname": "alice", "email_verified": True},
}

GENUINE = {
    "Keycloak": {**KEYCLOAK, "typ": "Bearer", "scope": "openid profile"},
    "Keycloak before 25": {**KEYCLOAK, "typ": "Bearer", "nonce": "n"},
    "Auth0": {"azp": "spa", "client_id": None, "scope": "openid profile", "gty": "password"},
    "Cognito": {"token_use": "access", "scope": "aws.cognito.signin.user.admin", "auth_time": int(NOW)},
    "Entra": {"azp": "spa", "scp": "access", "oid": "o", "tid": "t", "ver": "2.0", "auth_time": int(NOW)},
}


@pytest.mark.parametrize("claims", FOREIGN.values(), ids=FOREIGN.keys())
def test_other_tokens_of_the_provider_never_pass(claims: dict[str, Any]) -> None:
    token = PROVIDER.token({"typ": "JWT"}, **claims)
    assert "not an access token" in refused(token, KEYS, issuer(**RELAXED)).reason


@pytest.mark.parametrize("claims", GENUINE.values(), ids=GENUINE.keys())
def test_the_access_tokens_of_known_providers_pass(claims: dict[str, Any]) -> None:
    token = PROVIDER.token({"typ": "JWT"}, **claims)
    assert admitted(token, KEYS, issuer(**RELAXED)).user_id == "alice"


# Claims


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE], [1, None, AUDIENCE]])
def test_an_audience_that_names_us_passes(aud: Any) -> None:
    assert admitted(signed(claims={"aud": aud}), KEYS).user_id == "alice"


@pytest.mark.parametrize(
    "aud",
    [
        None,
        "",
        "other",
        AUDIENCE + "/",
        AUDIENCE[:-1],
        AUDIENCE.upper(),
        " " + AUDIENCE,
        AUDIENCE + "\0",
        f"{AUDIENCE} other",
        [],
        [AUDIENCE + "x"],
        [[AUDIENCE]],
        {AUDIENCE: True},
        {},
        1,
        True,
    ],
)
def test_any_other_audience_is_refused(aud: Any) -> None:
    assert "aud" in refused(signed(claims={"aud": aud}), KEYS).reason


def test_a_token_without_audience_is_refused() -> None:
    assert "aud" in refused(PROVIDER.token(aud=None), KEYS).reason


@pytest.mark.parametrize(
    "iss",
    [
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        ISSUER + " ",
        ISSUER + ":443",
        "",
        None,
        1,
        [ISSUER],
    ],
)
def test_the_issuer_is_compared_exactly(iss: Any) -> None:
    assert "iss" in refused(signed(claims={"iss": iss}), KEYS).reason


@pytest.mark.parametrize("sub", ["", None, 5, True, ["alice"], {"alice": 1}])
def test_a_subject_that_is_no_text_is_refused(sub: Any) -> None:
    assert "sub" in refused(signed(claims={"sub": sub}), KEYS).reason


@pytest.mark.parametrize("sub", ["ali\0ce", "alice\n", "alice\x7f", "ålice", "𝒶lice", "аlice", "a" * 256])
def test_a_subject_that_cannot_be_a_user_id_is_refused(sub: str) -> None:
    assert "sub" in refused(signed(claims={"sub": sub}), KEYS).reason


def test_a_token_without_subject_is_refused() -> None:
    assert "sub" in refused(PROVIDER.token(sub=None), KEYS).reason


# Times, in seconds from now, with a leeway of 30


@pytest.mark.parametrize(
    ("claim", "distance"),
    [
        ("exp", -29),
        ("exp", -29.5),
        ("exp", 2**53 - NOW),
        ("nbf", 30),
        ("nbf", -(10**9)),
        ("iat", 30),
        ("iat", -(10**9)),
    ],
)
def test_a_time_within_the_leeway_passes(claim: str, distance: float) -> None:
    assert admitted(signed(claims={claim: NOW + distance}), KEYS).user_id == "alice"


@pytest.mark.parametrize("distance", [-30, -30.5, -31, -NOW, -NOW - 1])
def test_a_token_is_expired_once_the_leeway_is_over(distance: float) -> None:
    assert isinstance(refused(signed(claims={"exp": NOW + distance}), KEYS), ExpiredToken)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize("distance", [30.5, 31, 2**53 - NOW])
def test_a_token_from_the_future_is_refused(claim: str, distance: float) -> None:
    assert claim in refused(signed(claims={claim: NOW + distance}), KEYS).reason


@pytest.mark.parametrize("leeway", [0, 300])
def test_the_leeway_is_the_issuers(leeway: int) -> None:
    settings = issuer(leeway=leeway)
    assert admitted(signed(claims={"exp": NOW - leeway + 1}), KEYS, settings).user_id == "alice"
    refused(signed(claims={"exp": NOW - leeway}), KEYS, settings)


def test_a_token_that_never_expires_is_refused() -> None:
    assert "exp" in refused(PROVIDER.token(exp=None), KEYS).reason


def test_a_token_may_leave_out_when_it_was_made() -> None:
    assert admitted(PROVIDER.token(iat=None), KEYS).issued_at is None


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [
        "true",
        "false",
        "null",
        '"1769598000"',
        "[1769598000]",
        "{}",
        "NaN",
        "Infinity",
        "1e400",
        "-1e400",
        "1e300",
        "9007199254740994",
        "1" + "0" * 100,
        "1" + "0" * 400,
        "-1" + "0" * 400,
        "1" + "0" * 5000,
    ],
    ids=lambda text: text[:12] + str(len(text)),
)
def test_what_is_no_time_is_refused(claim: str, value: str) -> None:
    refused(with_raw_claim(f'"{claim}": {value}'), KEYS)


# Signature and form

TOKEN = signed()
HEAD, BODY, SIGNATURE = TOKEN.split(b".")


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"AA",
        urlsafe_b64encode(bytes(64)),
        urlsafe_b64encode(b"\xff" * 64),
        urlsafe_b64encode(urlsafe_b64decode(SIGNATURE)[:-1]),
        urlsafe_b64encode(urlsafe_b64decode(SIGNATURE) + b"\0"),
        urlsafe_b64encode(b"\0" + urlsafe_b64decode(SIGNATURE)),
        urlsafe_b64encode(b"\x30\x44\x02\x20" + urlsafe_b64decode(SIGNATURE)[:32] + b"\x02\x20" + b"\1" * 32),
        signed(key=STRANGER).rpartition(b".")[2],
    ],
    ids=[
        "none",
        "short",
        "zeros",
        "ones",
        "cut",
        "longer at its end",
        "longer at its start",
        "DER",
        "a stranger's",
    ],
)
def test_any_other_signature_is_refused(signature: bytes) -> None:
    refused(b".".join((HEAD, BODY, signature)), KEYS)


def test_a_swapped_payload_or_header_is_refused() -> None:
    _, other_body, _ = signed(claims={"sub": "mallory"}).split(b".")
    other_head, _, _ = signed({"nonce": "n"}).split(b".")
    refused(b".".join((HEAD, other_body, SIGNATURE)), KEYS)
    refused(b".".join((other_head, BODY, SIGNATURE)), KEYS)


def test_without_any_key_nothing_passes() -> None:
    refused(TOKEN, ())


def test_that_a_token_has_expired_is_told_only_when_it_is_genuine() -> None:
    assert not isinstance(refused(signed(claims={"exp": 1}, key=STRANGER), KEYS), ExpiredToken)


ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_non_canonical_ending_of_the_base64_is_refused() -> None:
    sloppy = ALPHABET[ALPHABET.index(SIGNATURE[-1]) + 1]
    refused(TOKEN[:-1] + bytes([sloppy]), KEYS)


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b".",
        b"..",
        b"...",
        b"a.b.c",
        HEAD + b"." + BODY,
        TOKEN + b".",
        TOKEN + b"." + SIGNATURE,
        b"." + TOKEN,
        b".".join((HEAD, BODY, SIGNATURE, b"", b"")),
        TOKEN + b"=",
        TOKEN + b"==",
        HEAD + b"=." + BODY + b"." + SIGNATURE,
        b" " + TOKEN,
        TOKEN + b"\n",
        HEAD + b"\r\n." + BODY + b"." + SIGNATURE,
        HEAD[:4] + b" " + HEAD[4:] + b"." + BODY + b"." + SIGNATURE,
        TOKEN + b"\0",
        TOKEN[:-2] + b"+/",
        TOKEN + b"\xff",
        urlsafe_b64encode(b"[]") + b"." + BODY + b"." + SIGNATURE,
        urlsafe_b64encode(b"null") + b"." + BODY + b"." + SIGNATURE,
        HEAD + b"." + urlsafe_b64encode(b'"text"') + b"." + SIGNATURE,
        HEAD + b"." + urlsafe_b64encode(b"\xef\xbb\xbf{}") + b"." + SIGNATURE,
        HEAD + b"." + urlsafe_b64encode(b'{"iss": "\xff"}') + b"." + SIGNATURE,
        HEAD + b"." + urlsafe_b64encode(b'{"iss": "\\ud800"}') + b"." + SIGNATURE,
        json.dumps({"payload": "", "signatures": []}).encode(),
    ],
)
def test_what_is_no_compact_jwt_is_refused(token: bytes) -> None:
    refused(token, KEYS)


def test_of_a_member_that_stands_twice_the_last_counts() -> None:
    assert admitted(with_raw_claim('"sub": "bob"'), KEYS).user_id == "bob"


def test_a_second_alg_cannot_bring_in_another_algorithm() -> None:
    header = json.dumps(HEADER)[:-1] + ', "alg": "none"}'
    refused(compact(header.encode(), json.dumps(IN_ORDER).encode(), PROVIDER.keys[0], "ES256"), KEYS)


@pytest.mark.parametrize("member", ["typ", "token_use", "aud", "sub", "scope", "realm_access"])
def test_however_deeply_a_claim_is_nested_nothing_breaks(member: str) -> None:
    for depth in (*range(850, 1010), 5000):
        with contextlib.suppress(InvalidToken):
            admitted(with_raw_claim(f'"{member}": ' + "[" * depth + "]" * depth), KEYS)


@pytest.mark.parametrize("member", ["typ", "alg", "kid", "x5c"])
def test_however_deeply_a_header_member_is_nested_nothing_breaks(member: str) -> None:
    for depth in (*range(850, 1010), 5000):
        header = json.dumps(HEADER)[:-1] + f', "{member}": ' + "[" * depth + "]" * depth + "}"
        with contextlib.suppress(InvalidToken):
            admitted(urlsafe_b64encode(header.encode()) + b"." + BODY + b".AAAA", KEYS)


def test_a_token_within_the_limit_passes() -> None:
    token = signed(claims={"roles": "r" * 11_900})
    assert LIMIT - 200 < len(token) <= LIMIT
    assert admitted(token, KEYS).user_id == "alice"


def test_a_token_over_the_limit_is_refused_unread() -> None:
    assert "larger" in refused(b"." * (LIMIT + 1), KEYS).reason


# Whatever is sent

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
claim_names = st.sampled_from([*IN_ORDER, "nbf", "typ", "token_use", "azp", "gty", "scope", "scp", "name", "picture"])
header_names = st.sampled_from([*HEADER, "crit", "b64", "jwk", "x5c", "cty"])


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_as_an_invalid_token(token: bytes) -> None:
    refused(token, KEYS)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=70))
def test_any_three_parts_are_refused_as_an_invalid_token(header: bytes, payload: bytes, signature: bytes) -> None:
    refused(b".".join(map(urlsafe_b64encode, (header, payload, signature))), KEYS)


@given(st.dictionaries(header_names, json_values), st.dictionaries(claim_names, json_values))
def test_any_genuine_token_is_admitted_or_an_invalid_token(header: dict[str, Any], claims: dict[str, Any]) -> None:
    settings = issuer(require_at_jwt=False, scopes={"a": ("read",)})
    with contextlib.suppress(InvalidToken):
        assert admitted(signed(header, claims), KEYS, settings).user_id


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 255))
def test_a_token_with_one_byte_changed_is_refused(place: int, byte: int) -> None:
    assume(TOKEN[place] != byte)
    refused(TOKEN[:place] + bytes([byte]) + TOKEN[place + 1 :], KEYS)


SECRET = "never-to-be-seen"


@pytest.mark.parametrize(
    "token",
    [
        signed(claims={"iss": SECRET}),
        signed(claims={"aud": SECRET}),
        signed(claims={"sub": SECRET * 50}),
        signed(claims={"exp": SECRET}),
        signed({"alg": SECRET}),
        signed({"typ": SECRET}),
        SECRET.encode(),
        urlsafe_b64encode(SECRET.encode()) + b".." + SECRET.encode(),
    ],
)
def test_an_error_holds_nothing_of_the_token(token: bytes) -> None:
    error = refused(token, KEYS)
    assert SECRET not in f"{error} {error.reason} {error!r}"


def test_the_caller_is_not_told_why() -> None:
    faults = [signed({"alg": "none"}), signed(claims={"aud": "other"}), signed(key=STRANGER), b"nonsense"]
    assert {str(refused(each, KEYS)) for each in faults} == {"The access token is not valid."}
