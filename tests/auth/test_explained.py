"""The explanation of a token agrees with what the gate does, whatever the token."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.util import urlsafe_b64encode
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider

from profilegate.auth.binding import provable
from profilegate.auth.explained import Explanation, explained
from profilegate.auth.issuers import Issuers
from profilegate.errors import InvalidToken, ProviderUnavailable
from profilegate.settings import IntrospectionSettings

from .asking import Endpoints
from .given import Ticks, issuer

PROVIDER = MintingProvider()
OPAQUE = b"mF_9.B5f-4.1JqM"


def issuers(transport: httpx.AsyncBaseTransport = PROVIDER.transport, **changes: Any) -> Issuers:
    return Issuers([issuer(**changes)], lambda: NOW, Ticks(), transport)


async def both(known: Issuers, token: bytes) -> tuple[Explanation, bool]:
    """The explanation, and whether the gate lets the token in."""
    told = await explained(known, token, now=NOW)
    try:
        principal = await known.principal(token)
        provable(principal.confirmation, principal.must_be_bound)
    except (InvalidToken, ProviderUnavailable):
        return told, False
    return told, True


def failed(told: Explanation) -> dict[str, str]:
    return {each.check: each.detail for each in told.checks if not each.passed}


async def agree(known: Issuers, token: bytes) -> Explanation:
    """The explanation of the token, which says the same as the gate does and is whole."""
    told, admitted = await both(known, token)
    assert (told.principal is not None) is admitted
    assert (not failed(told)) is admitted
    assert len({each.check for each in told.checks}) == len(told.checks)
    assert all(type(each.detail) is str for each in told.checks)
    return told


async def test_a_good_token_passes_every_check() -> None:
    told = await agree(issuers(), PROVIDER.token().encode())
    assert {each.check: each.detail for each in told.checks} == {
        "format": "a signed JWT",
        "issuer": ISSUER,
        "algorithm": "ES256",
        "extensions": "none",
        "type": "at+jwt",
        "signature": "by the key key-1",
        "audience": AUDIENCE,
        "subject": "alice",
        "use": "an access token",
        "times": "expires in 3600 s",
        "user": "of a known tenant",
        "binding": "none; a bearer token",
    }


@pytest.mark.parametrize(
    ("header", "claims", "checks"),
    [
        ({}, {"iss": "https://evil.example"}, {"issuer"}),
        ({"alg": "ES384"}, {}, {"signature"}),
        ({"alg": "none"}, {}, {"algorithm", "signature"}),
        ({"crit": []}, {}, {"extensions"}),
        ({"typ": "JWT"}, {}, {"type"}),
        ({"kid": "unknown"}, {}, {"signature"}),
        ({}, {"aud": "other"}, {"audience"}),
        ({}, {"aud": None}, {"audience"}),
        ({}, {"sub": None}, {"subject"}),
        ({}, {"sub": "é"}, {"user"}),
        ({}, {"token_use": "id"}, {"use"}),
        ({}, {"exp": None}, {"times"}),
        ({}, {"exp": 1}, {"times"}),
        ({}, {"nbf": int(NOW) + 99}, {"times"}),
        ({"typ": "JWT"}, {"aud": "x", "exp": 1, "events": {}}, {"type", "audience", "times", "use"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
async def test_every_fault_is_named_and_nothing_else(
    header: dict[str, Any], claims: dict[str, Any], checks: set[str]
) -> None:
    token = PROVIDER.token({name: header[name] for name in header if name != "alg"}, **claims)
    if "alg" in header:
        token = with_algorithm(token, header["alg"])
    told = await agree(issuers(), token.encode())
    assert failed(told).keys() == checks


def with_algorithm(token: str, algorithm: str) -> str:
    head = urlsafe_b64encode(f'{{"alg": "{algorithm}", "typ": "at+jwt", "kid": "key-1"}}'.encode()).decode()
    return ".".join((head, *token.split(".")[1:]))


@pytest.mark.parametrize(
    "token", [b"", b"a.b.c", b"eyJhbGciOiJub25lIn0.!.x", b"ey.x.y", b"\xff", b"a b", b"x" * 20_000]
)
async def test_what_is_no_token_is_explained_too(token: bytes) -> None:
    assert failed(await agree(issuers(), token))


ODD: dict[str, Any] = {
    "exp a huge number": {"exp": 10**400},
    "exp no number": {"exp": "soon"},
    "exp true": {"exp": True},
    "aud of odd things": {"aud": [1, None, AUDIENCE, {}]},
    "aud an object": {"aud": {}},
    "sub a number": {"sub": 5},
    "cnf a number": {"cnf": 5},
    "cnf a list": {"cnf": [1, "x"]},
    "cnf text": {"cnf": "x"},
    "cnf empty": {"cnf": {}},
    "cnf unknown": {"cnf": {"kid": "x"}},
}


@pytest.mark.parametrize("claims", ODD.values(), ids=ODD.keys())
async def test_odd_claims_break_no_explanation(claims: dict[str, Any]) -> None:
    await agree(issuers(), PROVIDER.token(**claims).encode())


@pytest.mark.parametrize("cnf", [{}, {"kid": "x"}, {"jkt": 5}, "x", 5, [1]])
async def test_a_token_bound_to_what_nobody_can_prove_is_not_called_good(cnf: Any) -> None:
    """The gate refuses it with whatever proof it comes."""
    told = await explained(issuers(), PROVIDER.token(cnf=cnf).encode(), now=NOW)
    assert "binding" in failed(told)


@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {"x5t#S256": "x"}, {"jkt": "x", "x5t#S256": "y"}])
async def test_what_a_bound_token_must_come_with_is_told(cnf: dict[str, str]) -> None:
    told = await agree(issuers(), PROVIDER.token(cnf=cnf).encode())
    assert told.checks[-1].check == "binding"
    assert all(name in told.checks[-1].detail for name in cnf)


async def test_a_plain_token_where_only_bound_ones_are_taken_is_not_called_good() -> None:
    told = await explained(issuers(require_binding=True), PROVIDER.token().encode(), now=NOW)
    assert "binding" in failed(told)


async def test_while_the_provider_is_down_that_is_what_is_told() -> None:
    provider = MintingProvider()
    provider.down = True
    told = await agree(issuers(provider.transport), provider.token().encode())
    assert failed(told).keys() == {"signature"}
    assert "cannot be had" in failed(told)["signature"]


ASKING = IntrospectionSettings(client_id="us", client_secret="secret")


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        ({"active": True, "sub": "alice", "aud": AUDIENCE}, None),
        ({"active": False}, "provider"),
        ({"active": True, "sub": "alice", "aud": "other"}, "provider"),
        (httpx.Response(500), "provider"),
        (httpx.ConnectError("down"), "provider"),
    ],
)
async def test_an_opaque_token_is_explained_by_its_provider(answer: Any, check: str | None) -> None:
    endpoints = Endpoints(introspect=answer)
    told = await agree(issuers(endpoints.transport, introspection=ASKING), OPAQUE)
    assert told.checks[1].detail == f"{ISSUER}, by introspection"
    assert failed(told).keys() == ({check} if check else set())


async def test_where_nobody_takes_opaque_tokens_that_is_told_and_nothing_is_asked() -> None:
    endpoints = Endpoints()
    told = await agree(issuers(endpoints.transport), OPAQUE)
    assert failed(told).keys() == {"issuer"}
    assert endpoints.requests == []


async def test_no_detail_holds_the_token() -> None:
    token = PROVIDER.token(jti="a secret of the token").encode()
    for each in (token, token[:-4] + b"AAAA", OPAQUE):
        told = await explained(issuers(), each, now=NOW)
        whole = " ".join(check.detail for check in told.checks)
        assert "a secret" not in whole
        assert each.decode().rpartition(".")[2] not in whole


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
names = st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "cnf", "typ", "nonce", "azp", "scope"])
headers = st.dictionaries(st.sampled_from(["typ", "kid", "crit", "jwk"]), json_values, max_size=2)


@given(headers, st.dictionaries(names, json_values, max_size=3))
def test_whatever_a_genuine_token_says_the_explanation_agrees_with_the_gate(
    header: dict[str, Any], claims: dict[str, Any]
) -> None:
    async def run() -> None:
        await agree(issuers(), PROVIDER.token(header, **claims).encode())

    asyncio.run(run())


@given(st.binary(max_size=60) | st.text("ey.A{}-_=", max_size=20).map(str.encode))
def test_whatever_is_sent_the_explanation_agrees_with_the_gate(token: bytes) -> None:
    async def run() -> None:
        await agree(issuers(), token)

    asyncio.run(run())
