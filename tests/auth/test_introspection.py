"""What a provider says of an opaque token, and whether that makes it one for us (RFC 7662)."""

import contextlib
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.minting import AUDIENCE, ISSUER, NOW, make_key

from profilegate.auth.discovery import Discovery
from profilegate.auth.introspection import LIMIT, Introspection, introspected
from profilegate.auth.principal import VerifiedClaims, principal_of
from profilegate.errors import ExpiredToken, InvalidToken, ProviderSilent, ProviderUnavailable
from profilegate.settings import IntrospectionSettings, IssuerSettings

from .asking import Endpoints, form
from .given import Ticks, issuer

# RFC 7662, section 2.2.
EXAMPLE = {
    "active": True,
    "client_id": "l238j323ds-23ij4",
    "username": "jdoe",
    "scope": "read write dolphin",
    "sub": "Z5O3upPC88QrAjx00dis",
    "aud": "https://protected.example.net/resource",
    "iss": "https://server.example.com/",
    "exp": 1419356238,
    "iat": 1419350238,
    "extension_field": "twenty-seven",
}
TOKEN = "mF_9.B5f-4.1JqM"
GOOD: dict[str, Any] = {"active": True, "sub": "alice", "aud": AUDIENCE, "exp": int(NOW) + 3600}
# Logto's: nothing says for whom it is.
UNADDRESSED: dict[str, Any] = {"active": True, "sub": "alice", "client_id": "spa", "token_type": "Bearer"}


def settings(**changes: Any) -> IssuerSettings:
    return issuer(**{"clients": ("spa", "app"), **changes})


def taken(answer: dict[str, Any], now: float = NOW, **changes: Any) -> VerifiedClaims:
    return introspected(answer, settings(**changes), now)


def refused(answer: dict[str, Any], now: float = NOW, **changes: Any) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        taken(answer, now, **changes)
    return caught.value


# The standard's example


def test_the_example_of_rfc_7662_is_admitted_where_it_is_meant() -> None:
    meant = IssuerSettings(issuer="https://server.example.com/", audiences=("https://protected.example.net/resource",))
    claims = introspected(EXAMPLE, meant, 1419350300)
    assert principal_of(claims, meant, "introspection").user_id == "Z5O3upPC88QrAjx00dis"


def test_it_is_admitted_nowhere_else_and_at_no_other_time() -> None:
    meant = {"issuer": "https://server.example.com/", "audiences": ("https://protected.example.net/resource",)}
    for change in ({"issuer": "https://server.example.com"}, {"audiences": ("https://other.example",)}):
        with pytest.raises(InvalidToken):
            introspected(EXAMPLE, IssuerSettings(**meant | change), 1419350300)
    with pytest.raises(ExpiredToken):
        introspected(EXAMPLE, IssuerSettings(**meant), 1419356238 + 30)
    with pytest.raises(InvalidToken):
        introspected(EXAMPLE, IssuerSettings(**meant), 1419350238 - 31)


def test_the_inactive_answer_of_rfc_7662_refuses() -> None:
    assert "not active" in refused({"active": False}).reason


# Active


@pytest.mark.parametrize("active", [False, None, 1, "true", "True", [True], {"active": True}, 1.0, ""])
def test_only_true_is_active(active: Any) -> None:
    assert "not active" in refused({**GOOD, "active": active}).reason


def test_an_answer_that_does_not_say_so_is_not_active() -> None:
    assert "not active" in refused({name: GOOD[name] for name in GOOD if name != "active"}).reason
    assert "not active" in refused({**GOOD, "Active": True, "active": False}).reason


# The issuer and the audience


@pytest.mark.parametrize("iss", [ISSUER + "/", "https://evil.example", "", 5, [ISSUER], False])
def test_another_issuer_is_refused_and_none_is_not(iss: Any) -> None:
    assert taken({**GOOD, "iss": ISSUER})["sub"] == "alice"
    assert taken(GOOD)["sub"] == "alice"
    assert "iss" in refused({**GOOD, "iss": iss}).reason


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["x", AUDIENCE]])
def test_an_audience_of_ours_is_enough(aud: Any) -> None:
    assert taken({**GOOD, "aud": aud}, clients=())["sub"] == "alice"


@pytest.mark.parametrize("aud", ["other", [""], [None], ["other"], "", 5, {}, AUDIENCE + "/", [[AUDIENCE]], False])
def test_an_audience_that_is_another_is_not_made_good_by_the_client(aud: Any) -> None:
    assert "aud" in refused({**UNADDRESSED, "aud": aud}).reason


def test_without_an_audience_a_listed_client_is_needed() -> None:
    assert taken(UNADDRESSED)["sub"] == "alice"
    assert taken({**UNADDRESSED, "client_id": "app"})["sub"] == "alice"
    assert "clients" in refused({**UNADDRESSED, "client_id": "other"}).reason
    assert "clients" in refused(UNADDRESSED, clients=()).reason


@pytest.mark.parametrize("client", [None, "", 5, ["spa"], "SPA", "spa ", "sp", {"spa": 1}])
def test_no_other_client_is_that_client(client: Any) -> None:
    assert "clients" in refused({**UNADDRESSED, "client_id": client}).reason


def test_azp_is_no_client_id() -> None:
    answer = {**UNADDRESSED, "azp": "spa"}
    del answer["client_id"]
    refused(answer)


@pytest.mark.parametrize("aud", [None, []])
def test_an_empty_audience_is_none(aud: Any) -> None:
    assert taken({**UNADDRESSED, "aud": aud})["sub"] == "alice"
    refused({**UNADDRESSED, "aud": aud, "client_id": "other"})
    refused({**GOOD, "aud": aud})


# Other kinds of tokens


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", "DPoP", "dpop"])
def test_a_token_type_of_an_access_token_is_good(kind: str) -> None:
    assert taken({**UNADDRESSED, "token_type": kind, "cnf": {"jkt": "x"}})
    assert taken({**GOOD, "token_type": kind, "cnf": {"jkt": "x"}})


@pytest.mark.parametrize("cnf", [{}, {"cnf": None}])
@pytest.mark.parametrize(
    "answer", [{"active": True, "sub": "alice", "aud": AUDIENCE}, UNADDRESSED], ids=["aud", "client"]
)
def test_a_bound_token_of_which_the_key_is_not_told_is_refused(answer: dict[str, Any], cnf: dict[str, Any]) -> None:
    """RFC 9449, section 6.2: else it would pass as a bearer token, with no proof at all."""
    for kind in ("DPoP", "dpop"):
        assert "does not say to which" in refused({**answer, **cnf, "token_type": kind}).reason


@pytest.mark.parametrize(
    "kind", ["refresh_token", "Refresh", "id_token", "ID", "N_A", "mac", "", 5, ["Bearer"], {}, True]
)
@pytest.mark.parametrize("answer", [GOOD, UNADDRESSED], ids=["aud", "client"])
def test_another_token_type_is_refused_whatever_the_audience(answer: dict[str, Any], kind: Any) -> None:
    assert "not an access token" in refused({**answer, "token_type": kind}).reason


def test_without_audience_and_type_it_may_be_a_refresh_token() -> None:
    for absent in ({}, {"token_type": None}):
        answer = {name: value for name, value in UNADDRESSED.items() if name != "token_type"} | absent
        assert "refresh" in refused(answer).reason


def test_with_an_audience_the_type_may_be_missing() -> None:
    assert taken(GOOD)


@pytest.mark.parametrize(
    "said",
    [
        {"typ": "Refresh"},
        {"typ": "ID"},
        {"typ": "Offline"},
        {"typ": "Logout"},
        {"token_use": "id"},
        {"token_use": "refresh"},
        {"token_use": "refresh_token"},
        {"at_hash": "x"},
        {"c_hash": "x"},
        {"events": {}},
        {"nonce": "n"},
    ],
    ids=str,
)
@pytest.mark.parametrize("answer", [GOOD, UNADDRESSED], ids=["aud", "client"])
def test_what_says_that_it_is_another_token_is_refused(answer: dict[str, Any], said: dict[str, Any]) -> None:
    """Keycloak and Cognito introspect any token that they made."""
    assert "not an access token" in refused({**answer, **said}).reason


@pytest.mark.parametrize(
    "said", [{"typ": "Bearer"}, {"typ": "Bearer", "nonce": "n"}, {"typ": "DPoP", "nonce": "n"}, {"token_use": "access"}]
)
def test_what_says_that_it_is_an_access_token_is_taken(said: dict[str, Any]) -> None:
    assert taken({**GOOD, **said})


# The subject


def test_a_token_without_subject_is_its_clients_own() -> None:
    for absent in ({}, {"sub": None}):
        answer = {name: value for name, value in UNADDRESSED.items() if name != "sub"} | absent
        found = principal_of(taken(answer), settings(), "introspection")
        assert (found.user_id, found.is_machine) == ("spa", True)


def test_a_user_of_a_client_is_no_machine() -> None:
    assert not principal_of(taken(UNADDRESSED), settings(), "introspection").is_machine


def test_without_subject_and_client_it_is_nobodys() -> None:
    assert "sub" in refused({"active": True, "aud": AUDIENCE}).reason


@pytest.mark.parametrize("sub", ["", 5, True, False, ["alice"], {}])
def test_a_subject_that_is_none_is_not_made_the_clients(sub: Any) -> None:
    assert "sub" in refused({**UNADDRESSED, "sub": sub}).reason


# Times


def test_a_token_need_not_say_when_it_ends() -> None:
    assert taken(UNADDRESSED)
    assert "exp" not in taken(UNADDRESSED)
    assert principal_of(taken(UNADDRESSED), settings(), "introspection").expires_at is None


@pytest.mark.parametrize(("leeway", "age"), [(30, 29), (0, -1), (300, 299)])
def test_a_token_is_over_when_it_says_so_whatever_active_says(leeway: int, age: int) -> None:
    assert taken({**GOOD, "exp": NOW - age}, leeway=leeway)
    assert isinstance(refused({**GOOD, "exp": NOW - age - 1}, leeway=leeway), ExpiredToken)


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused(name: str) -> None:
    assert taken({**GOOD, name: NOW + 30})
    assert name in refused({**GOOD, name: NOW + 31}).reason


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1769598000", True, [], {}, 2**60, float("nan"), float("inf"), ""])
def test_what_is_no_time_is_refused(name: str, value: Any) -> None:
    assert name in refused({**GOOD, name: value}).reason


def test_a_time_of_null_is_none() -> None:
    assert taken({**GOOD, "exp": None, "nbf": None, "iat": None})


# What becomes of the answer


def test_the_claims_are_the_answers_members_that_say_something() -> None:
    claims = taken({**GOOD, "scope": "openid", "cnf": None, "name": None, "roles": []})
    assert claims["scope"] == "openid"
    assert claims["roles"] == []
    assert not {"cnf", "name"} & claims.keys()


def test_what_the_token_is_bound_to_is_kept() -> None:
    """RFC 9449, section 6.2, and RFC 8705, section 3.2."""
    for cnf in ({"jkt": "x"}, {"x5t#S256": "y"}, {}, "odd"):
        found = principal_of(taken({**GOOD, "cnf": cnf}), settings(), "introspection")
        assert found.confirmation == (cnf or {})


def test_the_answer_itself_is_left_as_it_was() -> None:
    answer = {**UNADDRESSED, "sub": None}
    taken(answer)
    assert answer == {**UNADDRESSED, "sub": None}


members = st.dictionaries(
    st.sampled_from(
        ["active", "iss", "aud", "sub", "client_id", "token_type", "exp", "nbf", "iat", "typ", "nonce", "cnf"]
    ),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2),
)


@given(members)
def test_any_answer_is_taken_or_refused(said: dict[str, Any]) -> None:
    """And what is taken can be kept and read by all that follows."""
    try:
        claims = taken({**GOOD, **said})
        found = principal_of(claims, settings(), "introspection")
    except InvalidToken:
        return
    assert found.user_id
    assert "operator" not in found.permissions


# The request


def introspection(endpoints: Endpoints, **changes: Any) -> Introspection:
    said = IntrospectionSettings(**{"client_id": "us", "client_secret": "secret", **changes})
    discovery = Discovery(settings(), endpoints.client, Ticks())
    return Introspection(settings(timeout=0.5), said, discovery, endpoints.client, lambda: NOW)


async def test_the_provider_is_asked_where_its_metadata_say() -> None:
    endpoints = Endpoints(introspect=GOOD)
    assert (await introspection(endpoints).claims(TOKEN))["sub"] == "alice"
    (asked,) = endpoints.asked("introspect")
    assert form(asked) == {"token": TOKEN, "token_type_hint": "access_token"}
    assert asked.headers["authorization"] == "Basic dXM6c2VjcmV0"
    assert asked.headers["accept"] == "application/json"


async def test_an_endpoint_in_the_settings_needs_no_metadata() -> None:
    endpoints = Endpoints(ask=GOOD)
    await introspection(endpoints, endpoint="https://elsewhere.example/ask").claims(TOKEN)
    assert [str(each.url) for each in endpoints.requests] == ["https://elsewhere.example/ask"]


@pytest.mark.parametrize("endpoint", [None, "https://evil.example/introspect", "http://id.example/introspect"])
async def test_without_an_endpoint_that_may_be_asked_nothing_is_sent(endpoint: str | None) -> None:
    endpoints = Endpoints(introspect=GOOD)
    endpoints.metadata["introspection_endpoint"] = endpoint
    with pytest.raises(ProviderUnavailable):
        await introspection(endpoints).claims(TOKEN)
    assert endpoints.asked("introspect") == []


ODD_ADDRESSES = [f"{ISSUER}/introspect\n", f"{ISSUER}/intro\nspect", f"{ISSUER}/" + "x" * 70_000, f"{ISSUER}/\t"]


@pytest.mark.parametrize("endpoint", ODD_ADDRESSES, ids=lambda text: repr(text[:40]))
async def test_an_endpoint_that_cannot_be_asked_is_the_providers_trouble(endpoint: str) -> None:
    endpoints = Endpoints(introspect=GOOD)
    endpoints.metadata["introspection_endpoint"] = endpoint
    with pytest.raises(ProviderUnavailable):
        await introspection(endpoints).claims(TOKEN)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 403, 404, 405, 415, 429, 500, 501, 502, 503, 504])
async def test_any_other_status_is_the_providers_trouble_and_never_the_tokens(status: int) -> None:
    """401 is about our own credentials (RFC 7662, section 2.3)."""
    for content in (b"", b'{"active": false}', b'{"active": true, "sub": "mallory"}', b"<html>"):
        endpoints = Endpoints(introspect=httpx.Response(status, content=content))
        with pytest.raises(ProviderUnavailable) as caught:
            await introspection(endpoints).claims(TOKEN)
        assert TOKEN not in caught.value.reason
        assert "secret" not in caught.value.reason


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"true", b'"x"', b"{", b"{} {}", b"<html></html>", b"\xff", b'{"sub": "\\ud800"}',
     b"\xef\xbb\xbf{}", b'{"a":' + b"[" * 60_000, b'{"active": NaN}', b"eyJhbGciOiJub25lIn0.e30."],
    ids=lambda body: body[:20],
)  # fmt: skip
async def test_what_is_no_json_object_is_the_providers_trouble(body: bytes) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        await introspection(Endpoints(introspect=httpx.Response(200, content=body))).claims(TOKEN)
    assert caught.value.reason == f"{ISSUER}/introspect did not answer with a JSON object"


async def test_silence_is_told_from_an_answer() -> None:
    for error in (httpx.ConnectError("x"), httpx.ReadTimeout("x")):
        with pytest.raises(ProviderSilent):
            await introspection(Endpoints(introspect=error)).claims(TOKEN)
    with pytest.raises(ProviderUnavailable) as caught:
        await introspection(Endpoints(introspect=httpx.Response(500))).claims(TOKEN)
    assert not isinstance(caught.value, ProviderSilent)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_provider_that_is_busy_is_as_good_as_silent(status: int) -> None:
    """Whatever the token, it wants to hear less of us."""
    with pytest.raises(ProviderSilent):
        await introspection(Endpoints(introspect=httpx.Response(status))).claims(TOKEN)


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
async def test_an_answer_is_not_larger_than_what_can_be_remembered(size: int) -> None:
    filler = "f" * (size - len(json.dumps({**GOOD, "filler": ""}).encode()))
    body = json.dumps({**GOOD, "filler": filler}).encode()
    assert len(body) == size
    asking = introspection(Endpoints(introspect=httpx.Response(200, content=body))).claims(TOKEN)
    if size == LIMIT:
        assert (await asking)["sub"] == "alice"
    else:
        with pytest.raises(ProviderUnavailable):
            await asking


async def test_a_token_that_is_not_active_is_invalid() -> None:
    with pytest.raises(InvalidToken):
        await introspection(Endpoints(introspect={"active": False})).claims(TOKEN)


@pytest.mark.parametrize("first", [httpx.ConnectError("x"), httpx.Response(502), httpx.Response(503)])
async def test_an_assertion_is_never_sent_twice(first: Any) -> None:
    """RFC 7523, section 3: its `jti` may be used once, and a gateway that fails may have passed it on."""
    key = json.dumps(make_key("ES256", "k").as_dict(private=True))
    endpoints = Endpoints(introspect=[first, GOOD])
    asking = introspection(endpoints, method="private_key_jwt", client_secret=None, private_key=key)
    with contextlib.suppress(ProviderUnavailable):
        await asking.claims(TOKEN)
    sent = [form(each)["client_assertion"] for each in endpoints.asked("introspect")]
    assert len(set(sent)) == len(sent)
