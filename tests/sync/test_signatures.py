"""The verifiers of shared secrets: Standard Webhooks, HMACs in hexadecimal, and secrets in a header."""

import base64
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from tests.minting import NOW

from profilegate.errors import MalformedBody
from profilegate.sync.signatures.given import Verifier
from profilegate.sync_settings import WebhookSettings

from .verifying import (
    BODY,
    OTHER,
    SECRET,
    flips,
    hexadecimal,
    refused,
    source,
    spoiled,
    standard,
    taken,
    timed,
    verifier,
    whsec,
)

KEY, OTHER_KEY = bytes(range(24)), bytes(range(24, 48))
AT = int(NOW)
WINDOW = 300
PRIVATE = OKPKey.generate_key("Ed25519")


def whpk(key: OKPKey) -> str:
    x = str(key.as_dict(private=False)["x"])
    return "whpk_" + base64.b64encode(base64.urlsafe_b64decode(x + "=")).decode()


def public(key: OKPKey = PRIVATE, body: bytes = BODY) -> dict[str, str]:
    """The headers of Standard Webhooks with an Ed25519 signature."""
    signature = JWSRegistry.algorithms["Ed25519"].sign(f"msg_1.{AT}.".encode() + body, key)
    said = {"webhook-id": "msg_1", "webhook-timestamp": str(AT)}
    return said | {"webhook-signature": "v1a," + base64.b64encode(signature).decode()}


def credentials(user: str, password: str) -> str:
    """HTTP Basic (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


Case = tuple[WebhookSettings, dict[str, str]]

CASES: dict[str, Case] = {
    "standard": (source(signature="standard", secrets=(whsec(KEY),)), standard(KEY)),
    "standard, public key": (source(signature="standard", secrets=(whpk(PRIVATE),)), public()),
    "clerk": (source("clerk", secrets=(whsec(KEY),)), standard(KEY, prefix="svix")),
    "supabase": (source("supabase", secrets=(f"v1,{whsec(KEY)}",)), standard(KEY)),
    "logto": (source("logto"), {"logto-signature-sha-256": hexadecimal(SECRET, BODY)}),
    "keycloak": (source("keycloak"), {"X-Keycloak-Signature": hexadecimal(SECRET, BODY)}),
    "digest": (source(signature="digest"), {"X-Signature": hexadecimal(SECRET, BODY)}),
    "zitadel": (source("zitadel"), {"ZITADEL-Signature": timed()}),
    "zitadel, X-": (source("zitadel"), {"X-ZITADEL-Signature": timed()}),
    "workos": (source("workos"), {"WorkOS-Signature": timed(at=AT * 1000).replace(",", ", ")}),
    "timestamped": (source(signature="timestamped", header="Stripe-Signature"), {"stripe-signature": timed()}),
    "auth0": (source("auth0"), {"authorization": f"Bearer {SECRET}"}),
    "okta": (source("okta"), {"authorization": SECRET}),
    "static": (source(signature="static", header="X-Api-Key"), {"x-api-key": SECRET}),
    "basic": (source(signature="static", secrets=("user:pass",)), {"Authorization": credentials("user", "pass")}),
}

SIGNED = [name for name, (settings, _) in CASES.items() if name not in ("auth0", "okta", "static", "basic")]


def case(name: str) -> tuple[Verifier, dict[str, str]]:
    settings, headers = CASES[name]
    return verifier(settings), headers


@pytest.mark.parametrize("name", CASES)
async def test_a_genuine_delivery_is_taken(name: str) -> None:
    assert (await taken(*case(name))).payload == {"type": "user.updated", "id": "zoë"}


@pytest.mark.parametrize("name", CASES)
async def test_the_names_of_headers_may_be_in_any_case(name: str) -> None:
    of, headers = case(name)
    await taken(of, {each.upper(): value for each, value in headers.items()})


@pytest.mark.parametrize("name", CASES)
async def test_headers_that_are_missing_empty_doubled_or_others_are_refused(name: str) -> None:
    of, headers = case(name)
    for changed, sent in spoiled(headers):
        assert await refused(of, sent), changed


@pytest.mark.parametrize("name", CASES)
async def test_a_signature_in_a_header_of_another_name_is_refused(name: str) -> None:
    of, headers = case(name)
    assert await refused(of, {f"not-{each}": value for each, value in headers.items()})


@pytest.mark.parametrize("name", SIGNED)
async def test_every_flipped_bit_of_the_body_is_refused(name: str) -> None:
    of, headers = case(name)
    for body in flips(BODY):
        assert await refused(of, headers, body)


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY + b"\n", b" " + BODY, BODY[:-1], BODY * 2])
async def test_a_longer_or_shorter_body_is_refused(name: str, body: bytes) -> None:
    of, headers = case(name)
    assert await refused(of, headers, body)


@pytest.mark.parametrize("name", CASES)
async def test_every_other_character_of_a_header_is_refused(name: str) -> None:
    """The lower case of hexadecimal and of the scheme's spelling aside, nothing but the very text is taken."""
    of, headers = case(name)
    for each, value in headers.items():
        for changed in flips(value.encode("latin-1")):
            said = changed.decode("latin-1").strip()
            if said and _means_another(value, said):
                assert await refused(of, {**headers, each: said}), (each, said)


def _means_another(value: str, said: str) -> bool:
    """Not another are: upper case, a tab for a space between two parts, and the bits that base64 leaves unused."""
    same_bytes = said[:-1] == value[:-1] or (value.endswith("==") and said[:-3] + said[-2:] == value[:-3] + "==")
    return said.lower() != value.lower() and said.split() != value.split() and not (value[:4] == "v1a," and same_bytes)


@pytest.mark.parametrize("name", CASES)
async def test_another_secret_is_refused(name: str) -> None:
    settings, headers = CASES[name]
    others = {"standard, public key": whpk(OKPKey.generate_key("Ed25519")), "basic": "user:word"}
    secret = others.get(name) or (whsec(OTHER_KEY) if "webhook-id" in headers or "svix-id" in headers else OTHER)
    assert await refused(verifier(changed(settings, secrets=(secret,))), headers)


@pytest.mark.parametrize("name", CASES)
async def test_a_source_without_a_secret_takes_nothing(name: str) -> None:
    settings, headers = CASES[name]
    assert await refused(verifier(changed(settings, secrets=())), headers)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_any_of_several_secrets_is_taken_while_one_follows_another(name: str, place: int) -> None:
    settings, headers = CASES[name]
    more = [whsec(OTHER_KEY), whsec(bytes(32))] if "standard" in name or name in ("clerk", "supabase") else [OTHER, "x"]
    more.insert(place, settings.secrets[0])
    await taken(verifier(changed(settings, secrets=tuple(more))), headers)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b'{"a":1}x', b'{"a":"\xff"}', b"\xef\xbb\xbf{}"])
async def test_what_is_signed_but_no_json_object_is_malformed(name: str, body: bytes) -> None:
    settings, _ = CASES[name]
    with pytest.raises(MalformedBody):
        await taken(verifier(settings), signed(name, body), body)


def signed(name: str, body: bytes) -> dict[str, str]:
    """The headers of the case for another body."""
    _, headers = CASES[name]
    first = next(iter(headers))
    if name == "standard, public key":
        return public(body=body)
    if name not in SIGNED:
        return headers
    if first.endswith("-id"):
        return standard(KEY, body, prefix=first.removesuffix("-id"))
    if headers[first].startswith("t="):
        return {first: timed(body=body)}
    return {first: hexadecimal(SECRET, body)}


def changed(settings: WebhookSettings, **changes: Any) -> WebhookSettings:
    fields = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return WebhookSettings(**(fields | changes))


# Times


MOMENTS = {
    "standard": lambda at: standard(KEY, at=at),
    "clerk": lambda at: standard(KEY, at=at, prefix="svix"),
    "zitadel": lambda at: {"zitadel-signature": timed(at=at)},
    "workos": lambda at: {"workos-signature": timed(at=at)},
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("seconds", [-WINDOW, -1, 0, 1, WINDOW])
async def test_a_time_within_the_window_is_taken(name: str, seconds: int) -> None:
    await taken(verifier(CASES[name][0]), MOMENTS[name](AT + seconds))


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize(("seconds", "reason"), [(-WINDOW - 1, "too old"), (WINDOW + 1, "in the future")])
async def test_a_time_outside_the_window_is_refused(name: str, seconds: int, reason: str) -> None:
    assert reason in await refused(verifier(CASES[name][0]), MOMENTS[name](AT + seconds))


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize(("milliseconds", "good"), [(-300_000, 1), (-300_001, 0), (300_000, 1), (300_001, 0)])
async def test_a_time_in_milliseconds_has_the_same_window(name: str, milliseconds: int, good: bool) -> None:
    of, headers = verifier(CASES[name][0]), MOMENTS[name](AT * 1000 + milliseconds)
    assert await (taken(of, headers) if good else refused(of, headers))


@pytest.mark.parametrize("name", MOMENTS)
async def test_the_window_is_as_wide_as_the_settings_say(name: str) -> None:
    of = verifier(changed(CASES[name][0], tolerance=10))
    await taken(of, MOMENTS[name](AT - 10))
    assert await refused(of, MOMENTS[name](AT - 11))


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize(
    "at",
    ["", "x", "-1", f"+{AT}", f"{AT}.0", f" {AT} 1", "1e9", f"{AT}\xb2", "0", "9" * 13, "9" * 40, f"{AT}_0", "0x1"],
)
async def test_a_time_that_is_none_is_refused_though_it_is_signed(name: str, at: Any) -> None:
    assert await refused(verifier(CASES[name][0]), MOMENTS[name](at))


# Standard Webhooks


@pytest.mark.parametrize("others", [1, 5, 19])
@pytest.mark.parametrize("separator", [" ", ", ", "  ", ","])
async def test_the_right_signature_may_be_among_others(others: int, separator: str) -> None:
    headers = standard(KEY)
    wrong = [standard(bytes([n]))["webhook-signature"] for n in range(others)]
    said = separator.join([*wrong, headers["webhook-signature"]])
    await taken(verifier(CASES["standard"][0]), {**headers, "webhook-signature": said})


async def test_a_signature_after_too_many_others_is_not_looked_at() -> None:
    headers = standard(KEY)
    said = " ".join([*["v1,AAAA"] * 20, headers["webhook-signature"]])
    assert await refused(verifier(CASES["standard"][0]), {**headers, "webhook-signature": said})


@pytest.mark.parametrize("version", ["v2", "v1b", "V1", "v", "", "v1a", "xv1"])
async def test_a_signature_of_another_version_is_refused(version: str) -> None:
    headers = standard(KEY)
    said = headers["webhook-signature"].replace("v1", version, 1)
    assert await refused(verifier(CASES["standard"][0]), {**headers, "webhook-signature": said})


async def test_a_public_signature_is_no_shared_one() -> None:
    headers = public()
    said = headers["webhook-signature"].replace("v1a", "v1")
    assert await refused(verifier(CASES["standard, public key"][0]), {**headers, "webhook-signature": said})


async def test_a_shared_and_a_public_key_may_be_used_beside_each_other() -> None:
    of = verifier(source(signature="standard", secrets=(whsec(KEY), whpk(PRIVATE))))
    await taken(of, standard(KEY))
    await taken(of, public())


async def test_a_public_key_is_not_a_shared_secret() -> None:
    of, raw = verifier(CASES["standard, public key"][0]), base64.b64decode(whpk(PRIVATE).removeprefix("whpk_"))
    for key in (raw, whpk(PRIVATE).encode(), b""):
        assert await refused(of, standard(key))


@pytest.mark.parametrize("other", ["msg_2", "msg_1 ", "msg_1.", "msg_" + "1" * 300])
async def test_the_id_is_signed_too(other: str) -> None:
    of, headers = case("standard")
    sent = {**headers, "webhook-id": other}
    if other.strip() != "msg_1":
        assert await refused(of, sent)
    else:
        await taken(of, sent)


async def test_an_id_of_256_characters_is_taken_and_a_longer_one_is_not() -> None:
    of = verifier(CASES["standard"][0])
    assert (await taken(of, standard(KEY, id="i" * 256))).delivery_id == "i" * 256
    assert await refused(of, standard(KEY, id="i" * 257))


async def test_parts_that_are_moved_over_a_dot_make_no_delivery() -> None:
    of, body = verifier(CASES["standard"][0]), f"{AT}.".encode() + BODY
    with pytest.raises(MalformedBody):  # only an id with dots could lend them to the body, which is no JSON then
        await taken(of, {**standard(KEY, id=f"msg_1.{AT}"), "webhook-id": "msg_1"}, body)


async def test_the_signature_vouches_for_the_id() -> None:
    assert (await taken(*case("clerk"))).delivery_id == "msg_1"


async def test_the_names_of_the_two_dialects_are_not_mixed() -> None:
    headers = standard(KEY) | {"svix-id": "msg_1", "svix-timestamp": str(AT)}
    sent = {name: value for name, value in headers.items() if name != "webhook-id"}
    assert await refused(verifier(CASES["standard"][0]), sent)


@pytest.mark.parametrize("provider", ["clerk", "supabase"])
@pytest.mark.parametrize("prefix", ["webhook", "svix"])
async def test_either_dialect_is_taken_from_every_source(provider: str, prefix: str) -> None:
    await taken(verifier(source(provider, secrets=(whsec(KEY),))), standard(KEY, prefix=prefix))


@pytest.mark.parametrize(
    "secret", [whsec(KEY), base64.b64encode(KEY).decode(), f"v1,{whsec(KEY)}", f"v1,{whsec(OTHER_KEY)}|v1,{whsec(KEY)}"]
)
async def test_a_shared_secret_may_be_written_in_several_ways(secret: str) -> None:
    await taken(verifier(source("supabase", secrets=(secret,))), standard(KEY))


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
async def test_supabase_writes_two_secrets_as_one(key: bytes) -> None:
    of = verifier(source("supabase", secrets=(f"v1,{whsec(OTHER_KEY)}|v1,{whsec(KEY)}",)))
    await taken(of, standard(key))


@pytest.mark.parametrize("secret", ["whsec_!", "not base64", "whpk_AAAA", "v1,whsec_a|", "whpk_!"])
def test_a_secret_that_cannot_be_one_is_told_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        verifier(source(signature="standard", secrets=(secret,)))


# HMACs in hexadecimal


@pytest.mark.parametrize("name", ["logto", "keycloak", "digest"])
@pytest.mark.parametrize(
    "spelling", [str.lower, str.upper, lambda text: f"sha256={text}", lambda text: f"SHA256={text}"]
)
async def test_hexadecimal_may_be_in_either_case_and_say_what_it_is(name: str, spelling: Any) -> None:
    of, headers = case(name)
    await taken(of, {each: spelling(value) for each, value in headers.items()})


@pytest.mark.parametrize("name", ["zitadel", "workos"])
async def test_a_timed_hexadecimal_may_be_in_upper_case(name: str) -> None:
    of, headers = case(name)
    sent = {each: value.split("v1=")[0] + "v1=" + value.split("v1=")[1].upper() for each, value in headers.items()}
    await taken(of, sent)


@pytest.mark.parametrize("cut", [1, 2, 32, 63])
async def test_a_part_of_a_signature_is_none(cut: int) -> None:
    for name in ("logto", "zitadel"):
        of, headers = case(name)
        assert await refused(of, {each: value[:-cut] for each, value in headers.items()})


@pytest.mark.parametrize("place", [0, 1, 5])
async def test_a_header_may_have_several_timed_signatures(place: int) -> None:
    time, _, good = timed().partition(",")
    signatures = [f"v1={'0' * 64}"] * 5
    signatures.insert(place, good)
    await taken(verifier(CASES["zitadel"][0]), {"zitadel-signature": ",".join([time, *signatures])})


@pytest.mark.parametrize(
    "said",
    [
        f"t={AT}",
        f"t={AT},v1=",
        f"t={AT},v1",
        timed().replace("v1", "v0"),
        timed().replace("t=", "T="),
        timed().partition(",")[2],
        f"t={AT + 1},{timed()}",
        f"{timed()},t={AT}",
        timed().replace(",", ";"),
        timed().replace(",", " "),
        ",",
        "=",
        "t=,v1=",
    ],
)
async def test_a_timed_header_of_another_shape_is_refused(said: str) -> None:
    assert await refused(verifier(CASES["zitadel"][0]), {"zitadel-signature": said})


async def test_the_time_is_signed_too() -> None:
    said = timed().replace(f"t={AT}", f"t={AT + 1}")
    assert await refused(verifier(CASES["zitadel"][0]), {"zitadel-signature": said})


async def test_unknown_parts_of_a_timed_header_do_not_matter() -> None:
    await taken(verifier(CASES["zitadel"][0]), {"zitadel-signature": f"{timed()},v0=abc,x=1"})


async def test_the_two_spellings_of_a_timed_header_do_not_help_each_other() -> None:
    of = verifier(CASES["zitadel"][0])
    assert await refused(of, {"zitadel-signature": "x", "x-zitadel-signature": timed()})


# A secret in a header


@pytest.mark.parametrize("said", [SECRET, f"Bearer {SECRET}"])
@pytest.mark.parametrize("provider", ["auth0", "okta"])
async def test_a_secret_is_the_whole_header_or_follows_bearer(provider: str, said: str) -> None:
    await taken(verifier(source(provider)), {"authorization": said})


@pytest.mark.parametrize(
    "said",
    [
        f"{SECRET}x", f"x{SECRET}", SECRET[:-1], SECRET.upper(), f"Basic {SECRET}", "Bearer", "Bearer ",
        f"Bearer  {SECRET}", f"{SECRET}, {SECRET}", credentials("a", SECRET), "\xe9", "*", "%",
    ],
)  # fmt: skip
async def test_anything_but_the_secret_is_refused(said: str) -> None:
    assert await refused(verifier(source("auth0")), {"authorization": said})


@pytest.mark.parametrize("pair", ["user:pass", "user:", "a.b-c_d:e.f"])
async def test_a_secret_with_a_colon_may_be_basic_credentials(pair: str) -> None:
    user, _, password = pair.partition(":")
    await taken(verifier(source("auth0", secrets=(pair,))), {"authorization": credentials(user, password)})


@pytest.mark.parametrize("pair", ["user:p@ss w+rd", "a/b:c%d", "zoë:é", "user:a:b"])
async def test_basic_credentials_are_not_encoded_before_base64(pair: str) -> None:
    """RFC 7617: only the client authentication of OAuth encodes the two parts."""
    user, _, password = pair.partition(":")
    await taken(verifier(source("auth0", secrets=(pair,))), {"authorization": credentials(user, password)})


async def test_the_header_that_the_settings_name_counts() -> None:
    of = verifier(source("auth0", header="X-Secret"))
    await taken(of, {"x-secret": SECRET})
    assert await refused(of, {"authorization": SECRET})
