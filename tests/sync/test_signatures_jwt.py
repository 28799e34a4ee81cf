"""The verifiers of JWTs: beside the body, as the body, as Security Event Tokens and as logout tokens."""

import base64
import json
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from joserfc.jwk import OctKey
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider, make_key

from profilegate.errors import InvalidSignature, MalformedBody, ProviderUnavailable
from profilegate.sync.signatures.given import Verified, Verifier

from .verifying import BODY, OTHER, SECRET, flips, maced, refused, source, spoiled, taken, token, unsigned, verifier

AT = int(NOW)
WINDOW = 300
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
DIGEST = sha256(BODY).digest()
HEX, BASE64 = DIGEST.hex(), base64.b64encode(DIGEST).decode()
SHARED = OctKey.import_key(SECRET)

CLAIMS: dict[str, dict[str, Any]] = {
    "jwt_header": {"request_body_sha256": BASE64},
    "jwt_body": {"type": "user.updated", "id": "zoë"},
    "security_event": {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": AT,
        "jti": "set-1",
        "events": {REVOKED: {}},
        "sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": "zoë"},
    },
    "logout_token": {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": AT,
        "exp": AT + 120,
        "jti": "logout-1",
        "sub": "zoë",
        "sid": "session",
        "events": {LOGOUT_EVENT: {}},
    },
}
KINDS = list(CLAIMS)
TYPES = {"jwt_header": "JWT", "jwt_body": "JWT", "security_event": "secevent+jwt", "logout_token": "logout+jwt"}


@pytest.fixture
def provider() -> MintingProvider:
    return MintingProvider(algorithm="ES256")


def kind_of(kind: str, provider: MintingProvider | None = None, **changes: Any) -> Verifier:
    """A source of this kind that trusts the issuer's keys, or has the secret."""
    audiences = (AUDIENCE,) if "aud" in CLAIMS[kind] else ()
    secrets = () if provider is not None else (SECRET,)
    usual = {"signature": kind, "secrets": secrets, "audiences": audiences}
    return verifier(source(**{**usual, **changes}), provider)


async def given(of: Verifier, kind: str, text: str, now: float = NOW) -> Verified:
    headers, body = request(kind, text)
    return await taken(of, headers, body, now)


async def not_taken(of: Verifier, kind: str, text: str, now: float = NOW) -> str:
    headers, body = request(kind, text)
    return await refused(of, headers, body, now)


def request(kind: str, text: str) -> tuple[dict[str, str], bytes]:
    """The request that carries this text in the token's place."""
    if kind == "jwt_header":
        return {"authorization": f"Bearer {text}"}, BODY
    if kind == "logout_token":
        return {}, urlencode({"logout_token": text}).encode()
    return {}, text.encode()


def claims(kind: str, **changes: Any) -> dict[str, Any]:
    """The usual claims, but for these; None drops one."""
    return {name: value for name, value in {**CLAIMS[kind], **changes}.items() if value is not None}


def minted(provider: MintingProvider, kind: str, /, **changes: Any) -> str:
    """The issuer's token of this kind."""
    return token(claims(kind, **changes), provider.keys[0], provider.algorithm, typ=TYPES[kind])


def shared(kind: str, key: OctKey = SHARED, algorithm: str = "HS256", **header: Any) -> str:
    return token(CLAIMS[kind], key, algorithm, **{"typ": TYPES[kind], "kid": None, **header})


# What is taken


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"])
async def test_a_token_by_the_issuers_key_is_taken(kind: str, algorithm: str) -> None:
    provider = MintingProvider(algorithm=algorithm)
    said = await given(kind_of(kind, provider), kind, minted(provider, kind))
    assert said.payload == (CLAIMS[kind] if kind != "jwt_header" else json.loads(BODY))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_a_token_by_the_shared_secret_is_taken(kind: str, algorithm: str) -> None:
    assert await given(kind_of(kind), kind, shared(kind, algorithm=algorithm))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("written", ["pem", "jwk"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_token_by_a_configured_public_key_is_taken(kind: str, written: str, algorithm: str) -> None:
    key = make_key(algorithm, "k")
    secret = key.as_pem(private=False).decode() if written == "pem" else json.dumps(key.as_dict(private=False))
    of = kind_of(kind, secrets=(secret,))
    assert await given(of, kind, token(CLAIMS[kind], key, algorithm, typ=TYPES[kind]))
    assert await not_taken(of, kind, token(CLAIMS[kind], make_key(algorithm, "k"), algorithm, typ=TYPES[kind]))


@pytest.mark.parametrize("kind", KINDS)
async def test_any_of_several_secrets_is_taken(kind: str) -> None:
    of = kind_of(kind, secrets=(OTHER, SECRET))
    for secret in (OTHER, SECRET):
        assert await given(of, kind, shared(kind, OctKey.import_key(secret)))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_by_a_new_key_of_the_issuer_is_taken(kind: str, provider: MintingProvider) -> None:
    of = kind_of(kind, provider)
    assert await given(of, kind, minted(provider, kind))
    provider.rotate("key-2")
    assert await given(of, kind, minted(provider, kind))


@pytest.mark.parametrize("kind", KINDS)
async def test_without_the_issuers_keys_it_is_our_trouble(kind: str, provider: MintingProvider) -> None:
    provider.down = True
    with pytest.raises(ProviderUnavailable):
        await given(kind_of(kind, provider), kind, minted(provider, kind))


# Keys and algorithms


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_by_another_key_is_refused(kind: str, provider: MintingProvider) -> None:
    of = kind_of(kind, provider)
    for kid in ("key-1", "key-2", None):
        forged = token(CLAIMS[kind], make_key("ES256", "key-1"), "ES256", typ=TYPES[kind], kid=kid)
        assert await not_taken(of, kind, forged)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", [OTHER, "", SECRET + " ", SECRET[:-1], "null", "0"])
async def test_a_token_by_another_secret_is_refused(kind: str, secret: str) -> None:
    forged = maced(CLAIMS[kind], secret.encode(), typ=TYPES[kind])
    assert await not_taken(kind_of(kind), kind, forged)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "HS1", "dir", "RSA-OAEP", "HS256 ", "hs256"])
async def test_a_token_without_a_signature_is_refused(kind: str, name: str, provider: MintingProvider) -> None:
    for of in (kind_of(kind), kind_of(kind, provider), kind_of(kind, secrets=())):
        for signature in (b"", b"x", bytes(32)):
            assert await not_taken(of, kind, unsigned(CLAIMS[kind], signature, alg=name, typ=TYPES[kind]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_public_key_is_no_secret(kind: str, algorithm: str) -> None:
    provider = MintingProvider(algorithm=algorithm)
    key = provider.keys[0]
    pem, jwk = key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()
    for of in (kind_of(kind, provider), kind_of(kind, secrets=(pem.decode(),)), kind_of(kind, secrets=(jwk.decode(),))):
        for secret in (pem, pem.strip(), jwk, provider.key_set()):
            for name in ("HS256", "HS384", "HS512"):
                assert await not_taken(of, kind, maced(CLAIMS[kind], secret, name, typ=TYPES[kind], kid=key.kid))


@pytest.mark.parametrize("kind", KINDS)
async def test_the_issuers_token_is_refused_where_only_hmacs_are_configured(
    kind: str, provider: MintingProvider
) -> None:
    of = kind_of(kind, provider, secrets=(SECRET,), algorithms=("HS256",))
    assert await not_taken(of, kind, minted(provider, kind))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_secret_without_its_issuer_does_not_make_any_public_key_good(kind: str) -> None:
    key = make_key("RS256", "k")
    assert await not_taken(kind_of(kind), kind, token(CLAIMS[kind], key, "RS256", typ=TYPES[kind]))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_configured_public_key_stands_in_the_place_of_the_issuers(kind: str, provider: MintingProvider) -> None:
    pem = make_key("ES256", "mine").as_pem(private=False).decode()
    assert await not_taken(kind_of(kind, provider, secrets=(pem,)), kind, minted(provider, kind))


@pytest.mark.parametrize("kind", KINDS)
async def test_an_algorithm_that_is_not_configured_is_refused(kind: str, provider: MintingProvider) -> None:
    of = kind_of(kind, provider, algorithms=("RS256",))
    assert await not_taken(of, kind, minted(provider, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["jwk", "jku", "x5c", "x5u"])
async def test_a_key_that_the_token_offers_is_not_used(kind: str, name: str, provider: MintingProvider) -> None:
    key = make_key("ES256", "key-1")
    offer = {"jwk": key.as_dict(private=False), "x5c": ["MIIB"]}.get(name, "https://evil.example/keys")
    forged = token(CLAIMS[kind], key, "ES256", typ=TYPES[kind], **{name: offer})
    assert await not_taken(kind_of(kind, provider), kind, forged)
    assert not [each for each in provider.requests if "evil" in each]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kid", ["", "../../dev/null", "' OR 1=1 --", "x" * 5000, 5, ["key-1"], {"a": 1}, True])
async def test_a_key_id_only_chooses_among_the_issuers_keys(kind: str, kid: Any, provider: MintingProvider) -> None:
    of, key = kind_of(kind, provider), make_key("ES256", "x")
    assert await not_taken(of, kind, token(CLAIMS[kind], key, "ES256", typ=TYPES[kind], kid=kid))
    zeros = OctKey.import_key(bytes(32))
    assert await not_taken(of, kind, shared(kind, zeros, kid=kid))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extension", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False}, {"b64": True}])
async def test_a_header_with_extensions_is_refused(
    kind: str, extension: dict[str, Any], provider: MintingProvider
) -> None:
    extended = token(CLAIMS[kind], provider.keys[0], "ES256", typ=TYPES[kind], **extension)
    assert await not_taken(kind_of(kind, provider), kind, extended)
    assert await not_taken(kind_of(kind), kind, shared(kind, **extension))


@pytest.mark.parametrize("kind", KINDS)
async def test_every_flipped_bit_of_the_token_is_refused(kind: str) -> None:
    of, text = kind_of(kind), shared(kind)
    for changed in flips(text.encode()):
        if changed[:-1] == text.encode()[:-1]:
            continue  # the last character has bits that mean nothing
        if kind == "jwt_header":
            said = changed.decode("latin-1").strip()
            assert await refused(of, {"authorization": f"Bearer {said}"})
        else:
            body = f"logout_token={quote(changed)}".encode() if kind == "logout_token" else changed
            assert await refused(of, {}, body)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "a.b.c", "a.b", "a.b.c.d.e", "ey.ey.", "é.é.é", "e30.e30.", "W10.W10.W10", "x" * 20_000],
)
async def test_what_is_no_token_is_refused(kind: str, text: str, provider: MintingProvider) -> None:
    of = kind_of(kind, provider)
    headers, body = request(kind, "x")
    if kind == "jwt_header":
        assert await refused(of, {"authorization": f"Bearer {text}"}, body)
    else:
        form = f"logout_token={quote(text)}"
        assert await refused(of, headers, (form if kind == "logout_token" else text).encode())


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_that_is_nested_without_end_is_refused(kind: str) -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 4000).decode().rstrip("=")
    assert await not_taken(kind_of(kind), kind, f"{deep}.{deep}.AAAA")


# Issuer, audience and times


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("iss", ["https://evil.example", ISSUER + "/", ISSUER.upper(), "", 5, [ISSUER], {}, True])
async def test_another_issuer_is_refused(kind: str, iss: Any, provider: MintingProvider) -> None:
    assert await not_taken(kind_of(kind, provider), kind, minted(provider, kind, iss=iss))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("aud", ["https://other.example", [], ["x", 5], 5, {AUDIENCE: 1}, AUDIENCE + "/", True, ""])
async def test_another_audience_is_refused_where_one_is_expected(
    kind: str, aud: Any, provider: MintingProvider
) -> None:
    of = kind_of(kind, provider, audiences=("x-none", AUDIENCE))
    assert await not_taken(of, kind, minted(provider, kind, aud=aud))
    assert await not_taken(of, kind, minted(provider, kind, aud=None))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["x", AUDIENCE]])
async def test_the_audience_may_be_one_of_several(kind: str, aud: Any, provider: MintingProvider) -> None:
    of = kind_of(kind, provider, audiences=(AUDIENCE,))
    assert await given(of, kind, minted(provider, kind, aud=aud))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "good", "bad"), [("exp", -WINDOW, -WINDOW - 1), ("nbf", WINDOW, WINDOW + 1)])
async def test_a_token_is_good_until_it_ends_give_or_take_the_tolerance(
    kind: str, name: str, good: int, bad: int, provider: MintingProvider
) -> None:
    of = kind_of(kind, provider)
    assert await given(of, kind, minted(provider, kind, **{name: AT + good}))
    assert await not_taken(of, kind, minted(provider, kind, **{name: AT + bad}))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_of_the_far_future_is_refused(kind: str, provider: MintingProvider) -> None:
    of = kind_of(kind, provider)
    assert await given(of, kind, minted(provider, kind, iat=AT + WINDOW))
    for ahead in (WINDOW + 1, 86_400 * 3650):
        assert await not_taken(of, kind, minted(provider, kind, iat=AT + ahead))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1", "", [AT], {}, True, False, 1e300, -1e300, 2**60])
async def test_a_time_that_is_none_is_refused(kind: str, name: str, value: Any, provider: MintingProvider) -> None:
    assert await not_taken(kind_of(kind, provider), kind, minted(provider, kind, **{name: value}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "typ", ["at+jwt", "AT+JWT", "application/at+jwt", "dpop+jwt", "application/dpop+jwt", "id_token+jwt", 5, ""]
)
async def test_a_token_of_another_kind_is_refused(kind: str, typ: Any, provider: MintingProvider) -> None:
    of = kind_of(kind, provider)
    other = token(CLAIMS[kind], provider.keys[0], "ES256", typ=typ)
    if kind in ("security_event", "logout_token") or typ not in ("id_token+jwt", 5, ""):
        assert await not_taken(of, kind, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("typ", ["secevent+jwt", "application/secevent+jwt", "logout+jwt", "application/logout+jwt"])
async def test_an_event_is_not_taken_for_a_logout_or_for_a_webhook(
    kind: str, typ: str, provider: MintingProvider
) -> None:
    if TYPES[kind] not in typ:
        other = token(CLAIMS[kind], provider.keys[0], "ES256", typ=typ)
        assert await not_taken(kind_of(kind, provider), kind, other)


@pytest.mark.parametrize("kind", ["security_event", "logout_token"])
async def test_a_type_may_be_written_as_a_media_type(kind: str, provider: MintingProvider) -> None:
    for typ in (f"application/{TYPES[kind]}", TYPES[kind].upper()):
        assert await given(kind_of(kind, provider), kind, token(CLAIMS[kind], provider.keys[0], "ES256", typ=typ))


# A token beside the body


@pytest.mark.parametrize("digest", [HEX, BASE64])
async def test_the_digest_may_be_in_hexadecimal_or_base64(digest: str) -> None:
    of = kind_of("jwt_header")
    said = token({"request_body_sha256": digest}, SHARED, "HS256", kid=None)
    assert (await taken(of, {"authorization": f"Bearer {said}"})).payload == json.loads(BODY)


@pytest.mark.parametrize(
    "digest", [None, "", 5, [BASE64], HEX[:-1], HEX + "0", BASE64.rstrip("="), "é", "x", True, {"a": HEX}]
)
async def test_another_digest_is_refused(digest: Any) -> None:
    said = token({"request_body_sha256": digest}, SHARED, "HS256", kid=None)
    assert await refused(kind_of("jwt_header"), {"authorization": f"Bearer {said}"})


async def test_a_token_without_a_digest_is_refused() -> None:
    said = token({"iat": AT}, SHARED, "HS256", kid=None)
    assert await refused(kind_of("jwt_header"), {"authorization": f"Bearer {said}"})


@pytest.mark.parametrize("digest", [HEX, BASE64])
async def test_every_flipped_bit_of_the_body_beside_a_token_is_refused(digest: str) -> None:
    of, said = kind_of("jwt_header"), token({"request_body_sha256": digest}, SHARED, "HS256", kid=None)
    for body in [*flips(BODY), b"", BODY + b"\n", BODY * 2]:
        assert await refused(of, {"authorization": f"Bearer {said}"}, body)


async def test_the_header_of_the_token_is_there_once() -> None:
    of = kind_of("jwt_header")
    for changed, headers in spoiled({"authorization": f"Bearer {shared('jwt_header')}"}):
        assert await refused(of, headers), changed


@pytest.mark.parametrize("written", ["{}", "bearer {}", "BEARER {}"])
async def test_the_token_may_be_the_whole_header(written: str) -> None:
    said = written.format(shared("jwt_header"))
    await taken(kind_of("jwt_header"), {"authorization": said})
    await taken(verifier(source("fusionauth")), {"X-FusionAuth-Signature-JWT": said})


async def test_the_signed_body_beside_a_token_must_be_an_object() -> None:
    digest = sha256(b"[]").hexdigest()
    said = token({"request_body_sha256": digest}, SHARED, "HS256", kid=None)
    with pytest.raises(MalformedBody):
        await taken(kind_of("jwt_header"), {"authorization": said}, b"[]")


# A token as the body


async def test_space_round_the_token_does_not_matter() -> None:
    text = shared("jwt_body")
    assert (await taken(kind_of("jwt_body"), {}, f"\r\n {text}\n".encode())).payload == CLAIMS["jwt_body"]


async def test_kindes_tokens_are_by_the_issuers_keys(provider: MintingProvider) -> None:
    of = verifier(source("kinde", secrets=()), provider)
    assert (await given(of, "jwt_body", minted(provider, "jwt_body"))).payload == CLAIMS["jwt_body"]


# Security Event Tokens (RFC 8417)


@pytest.mark.parametrize("missing", ["iss", "jti", "iat", "aud"])
async def test_a_security_event_names_its_issuer_id_time_and_audience(missing: str, provider: MintingProvider) -> None:
    of = kind_of("security_event", provider)
    assert await not_taken(of, "security_event", minted(provider, "security_event", **{missing: None}))


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "secevent", "logout+jwt"])
async def test_a_security_event_says_that_it_is_one(typ: Any, provider: MintingProvider) -> None:
    text = token(CLAIMS["security_event"], provider.keys[0], "ES256", typ=typ)
    assert await not_taken(kind_of("security_event", provider), "security_event", text)


@pytest.mark.parametrize("events", [None, [], "x", 5])
async def test_a_security_event_without_events_is_malformed(events: Any, provider: MintingProvider) -> None:
    with pytest.raises(MalformedBody):
        await given(
            kind_of("security_event", provider), "security_event", minted(provider, "security_event", events=events)
        )


async def test_an_old_security_event_is_taken_because_transmitters_keep_them(provider: MintingProvider) -> None:
    text = minted(provider, "security_event", iat=AT - 86_400 * 7)
    assert await given(kind_of("security_event", provider), "security_event", text)


# Logout tokens (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6)


@pytest.mark.parametrize("missing", ["iss", "aud", "iat", "jti", "events"])
async def test_a_logout_token_lacks_nothing_that_is_required(missing: str, provider: MintingProvider) -> None:
    of = kind_of("logout_token", provider)
    assert await not_taken(of, "logout_token", minted(provider, "logout_token", **{missing: None}))


@pytest.mark.parametrize("present", ["sub", "sid"])
async def test_a_logout_token_names_a_user_or_a_session(present: str, provider: MintingProvider) -> None:
    of, without = kind_of("logout_token", provider), {"sub": None, "sid": None}
    kept = {name: value for name, value in without.items() if name != present}
    assert await given(of, "logout_token", minted(provider, "logout_token", **kept))
    assert await not_taken(of, "logout_token", minted(provider, "logout_token", **without))
    for empty in ("", 5, ["x"], {}):
        assert await not_taken(of, "logout_token", minted(provider, "logout_token", **without | {present: empty}))


@pytest.mark.parametrize("nonce", ["n", "", 0, False, []])
async def test_a_logout_token_has_no_nonce(nonce: Any, provider: MintingProvider) -> None:
    assert await not_taken(
        kind_of("logout_token", provider), "logout_token", minted(provider, "logout_token", nonce=nonce)
    )


async def test_a_nonce_of_null_is_a_nonce_too(provider: MintingProvider) -> None:
    text = token(CLAIMS["logout_token"] | {"nonce": None}, provider.keys[0], "ES256", typ="logout+jwt")
    assert await not_taken(kind_of("logout_token", provider), "logout_token", text)


@pytest.mark.parametrize("events", [{}, {REVOKED: {}}, [LOGOUT_EVENT], LOGOUT_EVENT, 5])
async def test_a_logout_token_has_the_event_of_a_logout(events: Any, provider: MintingProvider) -> None:
    of = kind_of("logout_token", provider)
    assert await not_taken(of, "logout_token", minted(provider, "logout_token", events=events))


@pytest.mark.parametrize("jti", [5, ["x"], {}])
async def test_a_logout_tokens_id_is_a_text(jti: Any, provider: MintingProvider) -> None:
    of = kind_of("logout_token", provider)
    assert await not_taken(of, "logout_token", minted(provider, "logout_token", jti=jti))


@pytest.mark.parametrize("typ", ["logout+jwt", "application/logout+jwt", "JWT", None])
async def test_older_providers_give_logout_tokens_a_plain_type_or_none(typ: Any, provider: MintingProvider) -> None:
    text = token(CLAIMS["logout_token"], provider.keys[0], "ES256", typ=typ)
    assert await given(kind_of("logout_token", provider), "logout_token", text)


async def test_an_id_token_is_no_logout_token(provider: MintingProvider) -> None:
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "zoë", "iat": AT, "exp": AT + 120, "jti": "x", "sid": "s"}
    for more in ({}, {"nonce": "n"}, {"at_hash": "x"}, {"nonce": "n", "events": {LOGOUT_EVENT: {}}}):
        text = token(said | more, provider.keys[0], "ES256", typ="JWT")
        assert await not_taken(kind_of("logout_token", provider), "logout_token", text)


async def test_an_access_token_is_no_logout_token(provider: MintingProvider) -> None:
    assert await not_taken(kind_of("logout_token", provider), "logout_token", provider.token(jti="x", sid="s"))


async def test_an_expired_logout_token_is_refused(provider: MintingProvider) -> None:
    text = minted(provider, "logout_token", iat=AT - 4000, exp=AT - 400)
    assert "expired" in await not_taken(kind_of("logout_token", provider), "logout_token", text)


async def test_a_logout_token_that_does_not_end_must_be_new(provider: MintingProvider) -> None:
    of = kind_of("logout_token", provider)
    assert await given(of, "logout_token", minted(provider, "logout_token", exp=None, iat=AT - WINDOW))
    assert await not_taken(of, "logout_token", minted(provider, "logout_token", exp=None, iat=AT - WINDOW - 1))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"logout_token=", b"logout_token", b"token={}", b"logout_token={}&logout_token={}", b"logout_token=%FF",
        b"logout_token=\xff", b"logout_token={}%C3%A9", b'{{"logout_token":"{}"}}', b"{}",
        b"&".join([b"x=1"] * 30) + b"&logout_token={}",
    ],
)  # fmt: skip
async def test_the_form_has_exactly_one_logout_token(body: bytes, provider: MintingProvider) -> None:
    text = minted(provider, "logout_token").encode()
    assert await refused(kind_of("logout_token", provider), {}, body.replace(b"{}", text))


async def test_other_fields_of_the_form_do_not_matter(provider: MintingProvider) -> None:
    body = urlencode({"a": "1", "logout_token": minted(provider, "logout_token"), "b": "2"}).encode()
    assert await taken(kind_of("logout_token", provider), {}, body)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "jwt_header"])
async def test_a_stored_token_is_read_again_without_its_keys(kind: str, provider: MintingProvider) -> None:
    _, body = request(kind, minted(provider, kind))
    provider.down = True
    assert kind_of(kind, provider).payload(body) == CLAIMS[kind]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stored_body_that_is_broken_is_malformed(kind: str) -> None:
    with pytest.raises(MalformedBody):
        kind_of(kind).payload(b"\xff")


def test_a_reason_is_for_us_and_the_text_for_the_sender() -> None:
    error = InvalidSignature("the token has expired")
    assert (str(error), error.reason) == ("The delivery's signature is not valid.", "the token has expired")


@pytest.mark.parametrize(
    "secret", ["-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", "{}", '{"kty":"oct","k":"AA"}']
)
def test_a_public_key_that_is_none_is_told_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="public key"):
        kind_of("jwt_body", secrets=(secret,))
