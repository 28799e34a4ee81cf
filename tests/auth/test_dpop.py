"""Which proofs of possession hold, check by check (RFC 9449, sections 4.2, 4.3 and 7.1)."""

import contextlib
import hmac
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from joserfc.jwk import OctKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from tests.minting import NOW, compact, make_key

from profilegate.auth.dpop import LEEWAY, LIMIT, LONGEST_ID, Proof, proved
from profilegate.auth.key_set import signing_key
from profilegate.errors import InvalidProof
from profilegate.settings import ALGORITHMS

from .proving import MAX_AGE, METHOD, TOKEN, URL, Prover, accepted, ath, public

CLIENT = Prover()
STRANGER = Prover()


@cache
def client_with(algorithm: str) -> Prover:
    return Prover(algorithm)


def refused(proof: bytes, **other: Any) -> InvalidProof:
    """The error with which the proof is refused; that it is refused is asserted."""
    with pytest.raises(InvalidProof) as caught:
        accepted(proof, **other)
    return caught.value


# The RFC's own examples

THE_KEY = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
AT_THE_RESOURCE = (
    f"{THE_KEY}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9w"
    "cm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFF"
    "byJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
).encode()
AT_THE_TOKEN_ENDPOINT = (
    f"{THE_KEY}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rv"
    "a2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37x"
    "RZT3Lg"
).encode()
THE_TOKEN = b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
THE_URL = "https://resource.example.org/protectedresource"
THE_MOMENT = 1562262618


def test_the_example_of_section_7_1_holds_for_its_request_token_and_time() -> None:
    found = proved(AT_THE_RESOURCE, "GET", [THE_URL], THE_TOKEN, THE_MOMENT, MAX_AGE)
    assert (found.thumbprint, found.id, found.nonce) == (
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        "e1j3V_bKic8-LAEB",
        None,
    )


@pytest.mark.parametrize(
    "other",
    [
        {"method": "POST"},
        {"method": "get"},
        {"method": ""},
        {"urls": [THE_URL + "s"]},
        {"urls": ["http://resource.example.org/protectedresource"]},
        {"urls": []},
        {"token": THE_TOKEN[:-1]},
        {"token": b""},
        {"now": THE_MOMENT + MAX_AGE + LEEWAY + 1},
        {"now": THE_MOMENT - LEEWAY - 1},
    ],
    ids=str,
)
def test_the_example_of_section_7_1_holds_for_nothing_else(other: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"method": "GET", "urls": [THE_URL], "token": THE_TOKEN, "now": THE_MOMENT}
    refused(AT_THE_RESOURCE, **asked | other)


def test_a_proof_for_the_token_endpoint_is_none_for_a_resource() -> None:
    """It is section 4.1's example: it has no `ath`, so it says nothing about any access token."""
    asked: dict[str, Any] = {"method": "POST", "urls": ["https://server.example.com/token"], "now": 1562262616}
    for token in (b"", THE_TOKEN):
        assert "ath" in refused(AT_THE_TOKEN_ENDPOINT, token=token, **asked).reason


THUMBPRINTS = {
    "RFC 7638, section 3.1": (
        {
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebW"
            "KRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQM"
            "icAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcR"
            "wr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
        },
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    ),
    "RFC 8037, appendix A.3": (
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    ),
    "RFC 9449, section 6.1": (
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        },
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
    ),
}


@pytest.mark.parametrize(("jwk", "thumbprint"), THUMBPRINTS.values(), ids=THUMBPRINTS.keys())
def test_a_key_has_the_thumbprint_of_the_standards_example(jwk: dict[str, Any], thumbprint: str) -> None:
    found = signing_key(jwk)
    assert found is not None
    assert found.thumbprint == thumbprint


@pytest.mark.parametrize(("jwk", "thumbprint"), THUMBPRINTS.values(), ids=THUMBPRINTS.keys())
@given(order=st.randoms(), more=st.dictionaries(st.sampled_from(["kid", "x5u", "exp", "d", ""]), st.text()))
def test_a_thumbprint_is_of_the_key_alone(
    order: Any, more: dict[str, str], jwk: dict[str, Any], thumbprint: str
) -> None:
    members = [*jwk.items(), *more.items(), ("use", "sig")]
    order.shuffle(members)
    found = signing_key(dict(members))
    assert found is not None
    assert found.thumbprint == thumbprint


# In order


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_proof_by_every_asymmetric_algorithm_holds(algorithm: str) -> None:
    client = client_with(algorithm)
    assert accepted(client.proof()).thumbprint == client.thumbprint


def test_a_proof_says_what_is_still_to_be_checked() -> None:
    found = accepted(CLIENT.proof(jti="an id", nonce="a nonce"))
    assert found == Proof(CLIENT.thumbprint, "an id", "a nonce", int(NOW) + MAX_AGE + 2 * LEEWAY)


def test_a_proof_without_nonce_has_none() -> None:
    assert accepted(CLIENT.proof()).nonce is None


@pytest.mark.parametrize("nonce", [5, True, ["n"], {}])
def test_a_nonce_that_is_no_text_is_none(nonce: Any) -> None:
    assert accepted(CLIENT.proof(nonce=nonce)).nonce is None


@pytest.mark.parametrize("around", [b" %s", b"%s ", b"\t%s\t", b" \t%s"])
def test_white_space_round_the_header_is_no_part_of_the_proof(around: bytes) -> None:
    assert accepted(around % CLIENT.proof())


@pytest.mark.parametrize("typ", ["dpop+jwt", "DPoP+JWT"])
def test_the_type_is_compared_as_media_types_are(typ: str) -> None:
    assert accepted(CLIENT.proof({"typ": typ}))


@pytest.mark.parametrize(
    "header", [{"kid": "x"}, {"kid": 5}, {"x5c": ["MIIB"]}, {"jku": "https://evil.example/"}, {"cty": "x"}, {"": 1}]
)
def test_other_members_of_the_header_are_not_looked_at(header: dict[str, Any]) -> None:
    assert accepted(CLIENT.proof(header)).thumbprint == CLIENT.thumbprint


def test_other_claims_are_not_looked_at() -> None:
    assert accepted(CLIENT.proof(exp=1, nbf=10**11, aud="elsewhere", iss=5))


@pytest.mark.parametrize("more", [{"kid": 5}, {"use": "sig"}, {"key_ops": ["verify"]}, {"alg": "ES256"}, {"x5u": 1}])
def test_a_public_key_may_say_more_of_itself(more: dict[str, Any]) -> None:
    assert accepted(CLIENT.proof({"jwk": public(CLIENT.key) | more})).thumbprint == CLIENT.thumbprint


# The header


@pytest.mark.parametrize(
    "typ", [None, "", "jwt", "JWT", "at+jwt", "application/at+jwt", "dpop", "dpop+jwt ", "xdpop+jwt", 5, ["dpop+jwt"]]
)
def test_a_proof_says_that_it_is_one(typ: Any) -> None:
    assert "typ" in refused(CLIENT.proof({"typ": typ})).reason


@pytest.mark.parametrize(
    "alg", [None, "", "none", "None", "HS256", "HS512", "es256", "ES256K", "dir", "RSA1_5", "RS1", 0, ["ES256"], {}]
)
def test_the_algorithm_is_asymmetric_and_known(alg: Any) -> None:
    assert "algorithm" in refused(CLIENT.proof({"alg": alg})).reason


def test_an_unsigned_proof_is_refused() -> None:
    head, body, _ = CLIENT.proof({"alg": "none"}).split(b".")
    assert "algorithm" in refused(b".".join((head, body, b""))).reason


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK"])
def test_the_public_key_as_an_hmac_secret_proves_nothing(form: str) -> None:
    key = client_with("RS256").key
    secret = json.dumps(public(key)).encode() if form == "JWK" else key.as_bytes(form, private=False)
    start = client_with("RS256").proof({"alg": "HS256"}).rpartition(b".")[0]
    refused(start + b"." + urlsafe_b64encode(hmac.digest(secret, start, "sha256")))


def test_a_shared_secret_as_the_key_proves_nothing() -> None:
    secret = OctKey.generate_key(256)
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": secret.as_dict(private=True)}
    refused(compact(json.dumps(header).encode(), b"{}", secret, "HS256"))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}])
def test_extensions_that_change_the_meaning_are_refused(header: dict[str, Any]) -> None:
    assert "extensions" in refused(CLIENT.proof(header)).reason


@pytest.mark.parametrize("jwk", [None, "x", 5, [], {}, [public(CLIENT.key)], json.dumps(public(CLIENT.key))])
def test_a_proof_without_a_key_is_refused(jwk: Any) -> None:
    assert "jwk" in refused(CLIENT.proof({"jwk": jwk})).reason


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_private_key_has_no_place_in_a_proof(algorithm: str) -> None:
    client = client_with(algorithm)
    private = client.key.as_dict(private=True)
    for member in private.keys() - public(client.key).keys() - {"kid"}:
        one = public(client.key) | {member: private[member]}
        assert "not a public key" in refused(client.proof({"jwk": one})).reason


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("value", ["", None, 5, "AAAA"])
def test_not_even_an_empty_private_member_is_let_through(member: str, value: Any) -> None:
    assert "not a public key" in refused(CLIENT.proof({"jwk": public(CLIENT.key) | {member: value}})).reason


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct"},
        {"kty": "RSA"},
        {"kty": None},
        {"kty": ["EC"]},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": "P-256 "},
        {"x": "AAAA"},
        {"x": 5},
        {"y": ""},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"alg": "ES384"},
        {"alg": "RS256"},
    ],
    ids=str,
)
def test_a_key_that_cannot_be_used_proves_nothing(change: dict[str, Any]) -> None:
    refused(CLIENT.proof({"jwk": public(CLIENT.key) | change}))


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_short_rsa_key_proves_nothing() -> None:
    short = RSAKey.generate_key(1024, auto_kid=False)
    refused(client_with("RS256").proof({"jwk": short.as_dict(private=False)}, key=short))


def test_a_key_of_another_kind_than_the_algorithm_proves_nothing() -> None:
    for client, other in ((CLIENT, "RS256"), (client_with("RS256"), "ES256"), (client_with("EdDSA"), "ES512")):
        assert "signature" in refused(client.proof({"alg": other})).reason


# The signature


def test_the_key_in_the_proof_is_the_one_that_signed_it() -> None:
    assert "signature" in refused(CLIENT.proof(key=STRANGER.key)).reason


def test_a_swapped_key_is_refused() -> None:
    head = STRANGER.proof().split(b".")[0]
    _, body, signature = CLIENT.proof().split(b".")
    assert "signature" in refused(b".".join((head, body, signature))).reason


def test_a_swapped_payload_is_refused() -> None:
    head, _, signature = CLIENT.proof().split(b".")
    body = CLIENT.proof(jti="another").split(b".")[1]
    assert "signature" in refused(b".".join((head, body, signature))).reason


PROOF = CLIENT.proof()


@given(st.integers(0, len(PROOF) - 1), st.integers(33, 126))
def test_a_proof_with_one_byte_changed_is_refused(place: int, byte: int) -> None:
    assume(PROOF[place] != byte)
    refused(PROOF[:place] + bytes([byte]) + PROOF[place + 1 :])


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_any_bytes_are_refused_as_an_invalid_proof(proof: bytes) -> None:
    refused(proof)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
headers = st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "kid", "crit", "b64"]), json_values)
claims = st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce"]), json_values)
keys = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg", "key_ops"]), json_values)


@given(headers, claims, keys)
def test_any_signed_proof_holds_or_is_an_invalid_proof(
    header: dict[str, Any], said: dict[str, Any], jwk: dict[str, Any]
) -> None:
    with contextlib.suppress(InvalidProof):
        accepted(CLIENT.proof({"jwk": public(CLIENT.key) | jwk, **header}, **said))


@pytest.mark.parametrize("member", ["jwk", "typ", "alg", "kid"])
def test_however_deeply_a_header_member_is_nested_nothing_breaks(member: str) -> None:
    for depth in (10, 900, 1000, 1500):
        header = '{"typ":"dpop+jwt","alg":"ES256","' + member + '":' + "[" * depth + "]" * depth + "}"
        refused(compact(header.encode(), b"{}", CLIENT.key, "ES256"))


@pytest.mark.parametrize("proof", [b"", b".", b"..", b"a.b.c", PROOF + b".", PROOF[:-1], PROOF + b"=", b"\xff" * 9])
def test_what_is_no_jwt_is_no_proof(proof: bytes) -> None:
    refused(proof)


def test_two_proofs_in_one_header_are_none() -> None:
    refused(CLIENT.proof() + b", " + CLIENT.proof())
    refused(CLIENT.proof() + b"," + CLIENT.proof())


def test_a_proof_may_be_as_large_as_the_limit_and_no_larger() -> None:
    def of_size(size: int) -> bytes:
        return CLIENT.proof(filler="f" * ((size - bare) * 3 // 4))

    bare = len(CLIENT.proof(filler=""))
    within = max((of_size(LIMIT - less) for less in range(8)), key=lambda proof: (len(proof) <= LIMIT, len(proof)))
    assert LIMIT - 4 <= len(within) <= LIMIT
    assert accepted(within)
    assert accepted(within + b" " * (LIMIT - len(within)))
    assert "larger" in refused(within + b" " * (LIMIT - len(within) + 1)).reason


# The method and the address


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
def test_the_method_is_that_of_the_request(method: str) -> None:
    assert accepted(CLIENT.proof(htm=method), method=method)


@pytest.mark.parametrize("htm", [None, "", "get", "Get", "GET ", "POST", "*", 5, ["GET"], True])
def test_any_other_method_is_refused(htm: Any) -> None:
    assert "htm" in refused(CLIENT.proof(htm=htm)).reason


@pytest.mark.parametrize("htu", [None, "", "/api/profile", "profiles.example/api/profile", 5, [URL], {}, URL + "/"])
def test_any_other_address_is_refused(htu: Any) -> None:
    assert "htu" in refused(CLIENT.proof(htu=htu)).reason


def test_query_and_fragment_make_no_difference() -> None:
    for htu in (URL, URL + "?a=b", URL + "#c", URL + "?a=b#c", URL + "?"):
        for url in (URL, URL + "?x"):
            assert accepted(CLIENT.proof(htu=htu), urls=[url])


@pytest.mark.parametrize("htu", ["", None, "https://", "ftp://profiles.example/api/profile"])
@pytest.mark.parametrize("url", ["", "https://", "//profiles.example/", "https:///api", "http://[", "x://y/z"])
def test_an_address_that_is_none_equals_no_other(htu: str | None, url: str) -> None:
    assert "htu" in refused(CLIENT.proof(htu=htu), urls=[url]).reason
    assert "htu" in refused(CLIENT.proof(htu=url), urls=[url]).reason


# The token


@pytest.mark.parametrize("length", [0, 42, 44])
def test_the_hash_is_the_whole_hash(length: int) -> None:
    said = (ath(TOKEN) + "A")[:length]
    assert "ath" in refused(CLIENT.proof(ath=said)).reason


@pytest.mark.parametrize(
    "said", [None, "", 5, True, [ath(TOKEN)], ath(TOKEN) + "=", ath(TOKEN).upper(), "\u00e9", "é" * 43]
)
def test_anything_but_the_hash_is_refused(said: Any) -> None:
    assert "ath" in refused(CLIENT.proof(ath=said)).reason


@given(st.binary(min_size=1, max_size=60), st.binary(min_size=1, max_size=60))
def test_a_proof_is_for_one_token_only(one: bytes, other: bytes) -> None:
    assert accepted(CLIENT.proof(token=one), token=one)
    assume(one != other)
    assert "ath" in refused(CLIENT.proof(token=one), token=other).reason


# The time


@pytest.mark.parametrize("age", [-LEEWAY, -1, 0, 0.5, 1, MAX_AGE, MAX_AGE + LEEWAY])
def test_a_recent_proof_holds(age: float) -> None:
    assert accepted(CLIENT.proof(iat=NOW - age))


@pytest.mark.parametrize("age", [-LEEWAY - 0.5, -LEEWAY - 1, -(10**6), MAX_AGE + LEEWAY + 0.5, 10**6, NOW, 2 * NOW])
def test_an_old_proof_and_one_from_the_future_are_refused(age: float) -> None:
    assert "iat" in refused(CLIENT.proof(iat=NOW - age)).reason


@pytest.mark.parametrize("max_age", [1, 60, 300])
def test_the_age_is_the_settings(max_age: int) -> None:
    assert accepted(CLIENT.proof(iat=NOW - max_age - LEEWAY), max_age=max_age)
    refused(CLIENT.proof(iat=NOW - max_age - LEEWAY - 1), max_age=max_age)


@pytest.mark.parametrize("iat", [None, True, False, "1769594400", [], {}, str(NOW), 10**400, -(10**400)])
def test_what_is_no_time_is_refused(iat: Any) -> None:
    assert "iat" in refused(CLIENT.proof(iat=iat)).reason


@pytest.mark.parametrize("iat", ["NaN", "Infinity", "-Infinity", "1e400", "1" + "0" * 5000])
def test_a_number_that_is_none_is_refused(iat: str) -> None:
    said = json.dumps({"jti": "j", "htm": METHOD, "htu": URL, "ath": ath(TOKEN)})[:-1] + f', "iat": {iat}}}'
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(CLIENT.key)}
    refused(CLIENT.exactly(header, said.encode()))


@given(st.floats(-200, 200), st.integers(1, 300), st.floats(-1000, 1000))
def test_a_proof_is_remembered_for_as_long_as_anybody_could_accept_it(age: float, max_age: int, later: float) -> None:
    """Also by a machine whose clock is behind by the leeway."""
    proof = CLIENT.proof(iat=NOW - age)
    try:
        found = accepted(proof, max_age=max_age)
    except InvalidProof:
        return
    with contextlib.suppress(InvalidProof):
        accepted(proof, max_age=max_age, now=NOW + later)
        assert found.expires_at >= NOW + later + LEEWAY - 1


# The id


@pytest.mark.parametrize("jti", ["a", "a" * LONGEST_ID, "\0", "é", "𝒶" * LONGEST_ID, " "])
def test_an_id_is_any_short_text(jti: str) -> None:
    assert accepted(CLIENT.proof(jti=jti)).id == jti


@pytest.mark.parametrize("jti", [None, "", "a" * (LONGEST_ID + 1), 5, ["a"], {}, True])
def test_without_an_id_there_is_no_proof(jti: Any) -> None:
    assert "jti" in refused(CLIENT.proof(jti=jti)).reason


# What is told

REASONS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "not a JWT": (b"nonsense", {}),
    "larger than 8192 bytes": (b"x" * 8193, {}),
    "typ is not dpop+jwt": (CLIENT.proof({"typ": "JWT"}), {}),
    "the algorithm is not an asymmetric one that is known here": (CLIENT.proof({"alg": "none"}), {}),
    "the header has extensions that change its meaning": (CLIENT.proof({"crit": []}), {}),
    "jwk is not a public key": (CLIENT.proof({"jwk": None}), {}),
    "jwk is not a key that can be used": (CLIENT.proof({"jwk": {"kty": "EC"}}), {}),
    "its signature does not match its key": (CLIENT.proof(key=STRANGER.key), {}),
    "htm is another method": (CLIENT.proof(), {"method": "PUT"}),
    "htu is another address": (CLIENT.proof(), {"urls": ["https://other.example/"]}),
    "ath is not the hash of the token": (CLIENT.proof(), {"token": b"other"}),
    "jti must be 1 to 256 characters": (CLIENT.proof(jti=None), {}),
    "iat is not the present time": (CLIENT.proof(iat=0), {}),
}


@pytest.mark.parametrize("reason", REASONS)
def test_the_log_learns_why(reason: str) -> None:
    proof, other = REASONS[reason]
    assert refused(proof, **other).reason == reason


def test_a_request_without_a_path_is_for_the_root() -> None:
    for asked in ("https://profiles.example", "https://profiles.example/"):
        for htu in ("https://profiles.example", "https://profiles.example/", "https://profiles.example?q"):
            assert accepted(CLIENT.proof(htu=htu), urls=[asked])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_of_the_addresses_will_do(place: int) -> None:
    urls = ["https://a.example/", "https://b.example/", "nonsense"]
    urls.insert(place, URL)
    assert accepted(CLIENT.proof(), urls=urls)
    refused(CLIENT.proof(htu="nonsense"), urls=urls)


def test_a_requests_own_dot_segments_are_never_resolved() -> None:
    """No router does it: `/x/../y` leads elsewhere than `/y`."""
    for path in ("/x/../api/profile", "/./api/profile", "/api/profile/.", "/x/%2e%2e/api/profile"):
        asked = f"https://profiles.example{path}"
        for htu in (asked, URL, URL + "/"):
            refused(CLIENT.proof(htu=htu), urls=[asked])


def test_the_caller_learns_that_it_was_the_proof_and_not_why() -> None:
    faults = [CLIENT.proof({"alg": "none"}), CLIENT.proof(htm="PUT"), CLIENT.proof(iat=0), b"nonsense", b"x" * 9999]
    assert {str(refused(each)) for each in faults} == {"The DPoP proof is not valid."}


def test_an_error_holds_nothing_of_the_proof() -> None:
    secret = "never-to-be-seen"
    for fault in ({"htm": secret}, {"htu": f"https://{secret}.example/"}, {"ath": secret}, {"iat": secret}):
        error = refused(CLIENT.proof(**fault))
        assert secret not in f"{error} {error.reason} {error!r}"


def test_a_private_key_that_was_sent_is_not_told_on() -> None:
    private = CLIENT.key.as_dict(private=True)
    error = refused(CLIENT.proof({"jwk": private}))
    assert private["d"] not in f"{error} {error.reason} {error!r} {error.__cause__!r}"


def test_a_signature_in_der_is_refused() -> None:
    head, body, signature = PROOF.split(b".")
    raw = urlsafe_b64decode(signature)
    der = b"\x30\x44\x02\x20" + raw[:32] + b"\x02\x20" + raw[32:]
    refused(b".".join((head, body, urlsafe_b64encode(der))))


def test_every_fresh_key_has_a_thumbprint_of_its_own() -> None:
    assert len({make_key("ES256", "same").thumbprint() for _ in range(20)}) == 20
