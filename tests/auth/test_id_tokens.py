"""ID tokens: every check of OpenID Connect Core 3.1.3.7, and whatever else is no ID token of this sign-in."""

import hashlib
import json
from typing import Any

import pytest
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64encode
from tests.auth.given import issuer, keys_of
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider, compact, make_key

from profilegate.auth.id_tokens import IdTokenExpectations, verified_id_token
from profilegate.auth.jws import parsed
from profilegate.auth.principal import VerifiedClaims
from profilegate.errors import ExpiredToken, InvalidToken

CLIENT = "account-page"
NONCE = "the nonce of this sign-in"
PROVIDER = MintingProvider()
LOGOUT = {"http://schemas.openid.net/event/backchannel-logout": {}}

GOOD: dict[str, Any] = {"aud": CLIENT, "nonce": NONCE, "client_id": None}


def minted(header: dict[str, Any] | None = None, **claims: Any) -> str:
    return PROVIDER.token(**{**GOOD, **claims}, header={"typ": "JWT", **(header or {})})


def checked(token: str | bytes, now: float = NOW, **changes: Any) -> VerifiedClaims:
    expected = IdTokenExpectations(issuer(**changes), CLIENT, NONCE)
    token = token.encode() if isinstance(token, str) else token
    return verified_id_token(parsed(token), keys_of(PROVIDER), expected, now)


def refused(token: str | bytes, **changes: Any) -> str:
    with pytest.raises(InvalidToken) as caught:
        checked(token, **changes)
    return caught.value.reason


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": [CLIENT]},
        {"azp": CLIENT},
        {"aud": [CLIENT, "project"], "azp": CLIENT},
        {"acr": "0", "amr": ["pwd"], "auth_time": 1, "at_hash": "x", "c_hash": "y", "sid": "s"},
        {"iat": int(NOW) + 29},
        {"exp": int(NOW) - 29},
        {"exp": NOW + 0.5},
        {"nbf": int(NOW)},
    ],
)
def test_a_token_of_this_sign_in_is_good(claims: dict[str, Any]) -> None:
    assert checked(minted(**claims))["sub"] == "alice"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", "application/JWT", None])
def test_an_id_token_is_a_jwt_and_need_not_say_so(typ: str | None) -> None:
    assert checked(minted({"typ": typ}))["sub"] == "alice"


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({"iss": f"{ISSUER}/"}, "iss"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"iss": [ISSUER]}, "iss"),
        ({"aud": AUDIENCE}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": [AUDIENCE, "other"]}, "aud"),
        ({"aud": CLIENT.upper()}, "aud"),
        ({"aud": f"{CLIENT} other"}, "aud"),
        ({"aud": {CLIENT: True}}, "aud"),
        ({"azp": "other"}, "azp"),
        ({"azp": [CLIENT]}, "azp"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "azp"),
        ({"nonce": "the nonce of another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"nonce": [NONCE]}, "nonce"),
        ({"nonce": NONCE.upper()}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 5}, "sub"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"iat": int(NOW) + 31}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"nbf": int(NOW) + 31}, "nbf"),
    ],
)
def test_a_token_of_another_issuer_client_sign_in_or_time_is_refused(claims: dict[str, Any], named: str) -> None:
    assert refused(minted(**claims)).startswith(named)


def test_a_token_for_others_too_must_say_that_we_asked_for_it() -> None:
    assert "azp" in refused(minted(aud=[CLIENT, "other"]))


def test_a_token_that_has_ended_is_refused_as_such() -> None:
    with pytest.raises(ExpiredToken):
        checked(minted(exp=int(NOW) - 30))


@pytest.mark.parametrize(
    "token",
    [
        PROVIDER.token(),
        PROVIDER.token(header={"typ": "at+jwt"}, **GOOD),
        PROVIDER.token(header={"typ": "application/at+jwt"}, **GOOD),
        PROVIDER.token(header={"typ": "logout+jwt"}, **{**GOOD, "nonce": None, "events": LOGOUT}),
        PROVIDER.token(header={"typ": "logout+jwt"}, **GOOD),
        minted(nonce=None, events=LOGOUT, sid="s"),
        PROVIDER.token(header={"typ": "secevent+jwt"}, **GOOD),
        PROVIDER.token(header={"typ": "dpop+jwt"}, **GOOD),
        PROVIDER.token(header={"typ": 5}, **GOOD),
        PROVIDER.token(header={"typ": ""}, **GOOD),
    ],
    ids=[
        "access",
        "at+jwt",
        "application",
        "logout",
        "logout-typ",
        "logout-jwt",
        "secevent",
        "dpop",
        "number",
        "empty",
    ],
)
def test_a_token_of_another_kind_is_refused(token: str) -> None:
    assert refused(token)


def signed_with(key: Any, algorithm: str, header: dict[str, Any] | None = None) -> bytes:
    protected = {"alg": algorithm, "typ": "JWT", "kid": "key-1", **(header or {})}
    payload = parsed(minted().encode()).claims
    return compact(json.dumps(protected).encode(), json.dumps(payload).encode(), key, algorithm)


def unsigned(algorithm: str) -> bytes:
    header = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    return urlsafe_b64encode(header) + b"." + minted().split(".")[1].encode() + b"."


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "ES256"])
def test_a_token_that_nobody_signed_is_refused(algorithm: str) -> None:
    assert refused(unsigned(algorithm))


@pytest.mark.parametrize("secret", [b"the client's secret, which is long enough", PROVIDER.key_set()])
def test_a_token_that_a_shared_secret_signed_is_refused(secret: bytes) -> None:
    assert "algorithm" in refused(signed_with(OctKey.import_key(secret), "HS256"))


def test_an_algorithm_that_the_settings_do_not_name_is_refused() -> None:
    assert "algorithm" in refused(minted(), algorithms=("RS256",))


def test_another_key_of_the_same_name_is_refused() -> None:
    assert "signature" in refused(signed_with(make_key("ES256", "key-1"), "ES256"))


def test_a_key_in_the_token_itself_is_refused() -> None:
    mine = make_key("ES256", "key-1")
    assert refused(signed_with(mine, "ES256", {"jwk": mine.as_dict(private=False)}))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"b64": False}, {"crit": []}])
def test_a_header_that_changes_the_meaning_is_refused(header: dict[str, Any]) -> None:
    assert "extensions" in refused(minted(header))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_that_was_changed_is_refused(part: int) -> None:
    parts, others = minted().split("."), minted({"x": 1}, sub="bob").split(".")
    parts[part] = others[part]
    assert refused(".".join(parts))


def test_what_the_refusal_says_is_not_what_the_token_says() -> None:
    canary = hashlib.sha256(b"canary").hexdigest()
    for claims in ({"iss": canary}, {"aud": canary}, {"azp": canary}, {"nonce": canary}):
        assert canary not in refused(minted(**claims))
