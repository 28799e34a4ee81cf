"""Signing in at our own page: what the provider is asked, and every way in which a sign-in must not come about."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.auth.asking import METADATA, Endpoints, form
from tests.auth.given import Ticks, issuer
from tests.minting import ISSUER, NOW, MintingProvider

from profilegate.account_settings import AccountSettings
from profilegate.auth.issuers import Issuers
from profilegate.auth.relying_party import Attempt, RelyingParty, SignedIn
from profilegate.errors import ProviderUnavailable, SignInFailed
from profilegate.settings import IssuerSettings, OperatorRule

CALLBACK = "https://profiles.example/account/callback"
CLIENT = "account:page"
SECRET = "the secret & more"
PROVIDER = MintingProvider()
ATTEMPT = Attempt(state="the state", nonce="the nonce", verifier="v" * 64, to="/account", ends_at=int(NOW) + 900)
ANSWER = {"state": ATTEMPT.state, "code": "the code"}
DOORS = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token"}
ENDED = {"end_session_endpoint": f"{ISSUER}/end"}
BOUND = 20.0
"""Seconds after which a sign-in certainly hangs: the bounds of all its requests together are less."""


def tokens(header: dict[str, Any] | None = None, **claims: Any) -> dict[str, Any]:
    usual = {"aud": CLIENT, "nonce": ATTEMPT.nonce, "client_id": None}
    said = PROVIDER.token(header={"typ": "JWT", **(header or {})}, **{**usual, **claims})
    return {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": said}


def hanging(transport: httpx.MockTransport, name: str) -> httpx.MockTransport:
    """The same, but that the path of this name never answers."""

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == f"/{name}":
            await asyncio.Event().wait()
        return await transport.handle_async_request(request)

    return httpx.MockTransport(answer)


class Party:
    """A relying party, the provider behind it, and a clock that is moved by hand."""

    def __init__(self, token: Any = None, userinfo: Any = None, **changes: Any) -> None:
        self.clock = Ticks(NOW)
        metadata = changes.pop("metadata", {})
        self.endpoints = Endpoints(
            **{
                "jwks": httpx.Response(200, content=PROVIDER.key_set()),
                "token": tokens() if token is None else token,
                "userinfo": httpx.Response(403) if userinfo is None else userinfo,
                **changes.pop("answers", {}),
            }
        )
        self.endpoints.metadata |= DOORS | ENDED | metadata
        self.endpoints.metadata = {name: each for name, each in self.endpoints.metadata.items() if each is not None}
        account = {name: changes.pop(name) for name in list(changes) if name in AccountSettings.__struct_fields__}
        usual = {"client_id": CLIENT, "client_secret": SECRET, "session_secret": "s" * 32}
        self.transport = hanging(self.endpoints.transport, changes.pop("hanging", ""))
        known: IssuerSettings = issuer(**{"timeout": 0.5, **changes})
        self.issuers = Issuers([known], self.clock, transport=self.transport)
        settings = AccountSettings(**{**usual, **account})
        self.party = RelyingParty(settings, ISSUER, self.issuers, self.clock, self.transport)

    async def begun(self, language: str = "en") -> tuple[str, dict[str, str], Attempt]:
        url, attempt = await self.party.begin(CALLBACK, "/account", language)
        bare, _, query = url.partition("?")
        return bare, dict(parse_qsl(query, strict_parsing=True)), attempt

    async def finished(self, answer: dict[str, str] = ANSWER, attempt: Attempt = ATTEMPT) -> SignedIn:
        async with asyncio.timeout(BOUND):
            return await self.party.finish(CALLBACK, attempt, answer)

    async def fails(self, answer: dict[str, str] = ANSWER, attempt: Attempt = ATTEMPT) -> str:
        with pytest.raises(SignInFailed) as caught:
            await self.finished(answer, attempt)
        return caught.value.reason

    @property
    def redeemed(self) -> httpx.Request:
        (request,) = self.endpoints.asked("token")
        return request


@pytest.fixture
async def made() -> AsyncIterator[Callable[..., Party]]:
    """Makes parties that are closed in the end."""
    parties: list[Party] = []

    def make(*given: Any, **changes: Any) -> Party:
        parties.append(Party(*given, **changes))
        return parties[-1]

    yield make
    for each in parties:
        await each.issuers.close()


Made = Callable[..., Party]


# Beginning


async def test_the_provider_is_asked_for_a_code_with_everything_that_ties_it_to_this_browser(made: Made) -> None:
    url, asked, attempt = await made(scopes=("openid", "profile", "groups")).begun("pt-BR")
    assert url == f"{ISSUER}/authorize"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": CALLBACK,
        "scope": "openid profile groups",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "ui_locales": "pt-BR",
    }


async def test_the_verifier_is_not_told_and_long_enough(made: Made) -> None:
    _, asked, attempt = await made().begun()
    assert attempt.verifier not in str(asked)
    assert 43 <= len(attempt.verifier) <= 128


async def test_no_two_attempts_have_anything_in_common(made: Made) -> None:
    party = made()
    attempts = [(await party.begun())[2] for _ in range(20)]
    secrets = [each for one in attempts for each in (one.state, one.nonce, one.verifier)]
    assert len(set(secrets)) == 60
    assert all(len(each) >= 32 for each in secrets)


async def test_an_attempt_ends_after_a_quarter_of_an_hour(made: Made) -> None:
    assert (await made().begun())[2].ends_at == int(NOW) + 900


async def test_a_query_of_the_endpoint_is_kept(made: Made) -> None:
    url, asked, _ = await made(metadata={"authorization_endpoint": f"{ISSUER}/authorize?policy=sign-in"}).begun()
    assert (url, asked["policy"], asked["client_id"]) == (f"{ISSUER}/authorize", "sign-in", CLIENT)


@pytest.mark.parametrize(
    "endpoint", [None, "https://evil.example/authorize", "javascript:alert(1)", "http://id.example/"]
)
async def test_the_browser_is_sent_nowhere_that_the_settings_do_not_allow(made: Made, endpoint: str | None) -> None:
    with pytest.raises(ProviderUnavailable):
        await made(metadata={"authorization_endpoint": endpoint}).begun()


async def test_without_the_providers_metadata_nothing_begins(made: Made) -> None:
    with pytest.raises(ProviderUnavailable):
        await made(answers={"openid-configuration": httpx.Response(500)}).begun()


async def test_an_issuer_that_was_taken_away_signs_nobody_in(made: Made) -> None:
    party = made()
    party.issuers.replace([issuer(issuer="https://another.example")])
    with pytest.raises(ProviderUnavailable):
        await party.begun()
    with pytest.raises(ProviderUnavailable):
        await party.finished()


# Finishing


async def test_who_comes_with_a_good_code_is_signed_in(made: Made) -> None:
    found = await made(tokens(sid="the sid", name="Alice")).finished()
    assert (found.principal.user_id, found.principal.subject, found.principal.issuer) == ("alice", "alice", ISSUER)
    assert (found.sid, found.principal.claimed.name) == ("the sid", "Alice")
    assert found.id_token.count(".") == 2
    assert not found.principal.is_machine


@pytest.mark.parametrize("sid", [None, 5, ["x"]])
async def test_a_sid_that_is_none_is_empty(made: Made, sid: Any) -> None:
    assert (await made(tokens(sid=sid)).finished()).sid == ""


async def test_the_code_is_redeemed_with_the_verifier_and_the_same_redirect(made: Made) -> None:
    party = made()
    await party.finished()
    asked = form(party.redeemed)
    assert asked["grant_type"] == "authorization_code"
    assert (asked["code"], asked["code_verifier"]) == ("the code", ATTEMPT.verifier)
    assert asked["redirect_uri"] == CALLBACK


@pytest.mark.parametrize(
    "methods", [None, ["client_secret_basic"], ["client_secret_post", "client_secret_basic"], ["private_key_jwt"], []]
)
async def test_the_secret_goes_into_the_header_where_the_provider_takes_that(made: Made, methods: Any) -> None:
    party = made(metadata={"token_endpoint_auth_methods_supported": methods})
    await party.finished()
    kind, _, told = party.redeemed.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(told)) == ("Basic", b"account%3Apage:the+secret+%26+more")
    assert "client_secret" not in form(party.redeemed)


async def test_the_secret_goes_into_the_form_where_the_provider_takes_only_that(made: Made) -> None:
    party = made(metadata={"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]})
    await party.finished()
    asked = form(party.redeemed)
    assert (asked["client_id"], asked["client_secret"]) == (CLIENT, SECRET)
    assert "authorization" not in party.redeemed.headers


async def test_a_public_client_names_itself_only(made: Made) -> None:
    party = made(client_secret=None)
    await party.finished()
    asked = form(party.redeemed)
    assert asked["client_id"] == CLIENT
    assert "client_secret" not in asked
    assert "authorization" not in party.redeemed.headers


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"code": "the code"},
        {"state": "", "code": "the code"},
        {"state": "the state of another", "code": "the code"},
        {"state": "the stat\xe9", "code": "the code"},
        {"state": "the state"},
        {"state": "the state", "code": ""},
        {"state": "the state", "error": "access_denied"},
        {"state": "the state", "error": "login_required", "error_description": "x"},
        {**ANSWER, "iss": "https://evil.example"},
        {**ANSWER, "iss": ""},
    ],
)
async def test_an_answer_that_is_none_to_this_attempt_asks_the_provider_nothing(
    made: Made, answer: dict[str, str]
) -> None:
    party = made()
    assert await party.fails(answer)
    assert party.endpoints.requests == []


async def test_an_answer_that_names_its_provider_is_good(made: Made) -> None:
    assert (await made().finished({**ANSWER, "iss": ISSUER})).principal.user_id == "alice"


async def test_an_answer_that_comes_too_late_is_refused(made: Made) -> None:
    party = made()
    party.clock.now = ATTEMPT.ends_at + 1
    assert await party.fails()
    assert party.endpoints.requests == []


async def test_what_the_provider_calls_its_error_is_cut_and_stays_on_one_line(made: Made) -> None:
    told = await made().fails({"state": "the state", "error": "x\nfaked line" + "x" * 1000})
    assert "\n" not in told
    assert len(told) < 200


@pytest.mark.parametrize(
    "token",
    [
        httpx.Response(400, json={"error": "invalid_grant"}),
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(400, json={"error": 5}),
        httpx.Response(200, json={"error": "bad_verification_code"}),
        {},
        {"access_token": "at"},
        {"access_token": "at", "id_token": None},
        {"access_token": "at", "id_token": 5},
        {"access_token": "at", "id_token": ["x"]},
        {"access_token": "at", "id_token": ""},
        {"access_token": "at", "id_token": "a.b.c"},
        {"access_token": "at", "id_token": "é"},
        {"access_token": "at", "id_token": "x" * 20_000},
        tokens(nonce="the nonce of another"),
        tokens(nonce=None),
        tokens(aud="another client"),
        tokens(iss="https://evil.example"),
        tokens(exp=int(NOW) - 3600),
        tokens(sub=None),
        tokens(sub="é"),
        tokens(sub="x" * 256),
        tokens({"typ": "at+jwt"}),
        tokens({"alg": "ES256", "kid": "unknown", "crit": ["x"]}),
    ],
)
async def test_without_a_good_id_token_nobody_is_signed_in(made: Made, token: Any) -> None:
    await made(token).fails()


async def test_a_tenant_that_is_not_served_signs_nobody_in(made: Made) -> None:
    assert await made(tokens(tenant="evil"), tenant_claim="tenant", tenants=("acme",)).fails()


JUNK = [
    httpx.Response(500, json={"error": "server_error"}),
    httpx.Response(500),
    httpx.Response(503, json=tokens()),
    httpx.Response(302, headers={"location": "https://evil.example/"}),
    httpx.Response(200, content=b""),
    httpx.Response(200, content=b"<html>"),
    httpx.Response(200, content=b"[]"),
    httpx.Response(200, content=b"5"),
    httpx.Response(200, content=b'"error"'),
    httpx.Response(200, content=b"null"),
    httpx.Response(200, content=b"\xff"),
    httpx.Response(200, content=b"[" * 100_000),
    httpx.Response(200, content=b'{"a":' * 100_000),
    httpx.Response(204),
    httpx.ConnectError("down"),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("odd"),
]


@pytest.mark.parametrize("token", JUNK, ids=lambda each: repr(getattr(each, "content", each))[:20])
async def test_trouble_of_the_token_endpoint_is_the_providers(made: Made, token: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        await made(token).finished()


@pytest.mark.parametrize("said", [{"expires_in": "soon"}, {"expires_at": [1]}, {"expires_in": -1}, {"token_type": 5}])
async def test_odd_members_beside_the_id_token_hinder_nobody(made: Made, said: dict[str, Any]) -> None:
    assert (await made(tokens() | said).finished()).principal.user_id == "alice"


class Endless(httpx.AsyncByteStream):
    """An answer that never ends; counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.taken += 65_536
            yield b" " * 65_536
            await asyncio.sleep(0)


@pytest.mark.parametrize("name", ["token", "userinfo", "openid-configuration"])
async def test_an_answer_without_end_is_not_read_to_its_end(made: Made, name: str) -> None:
    endless = Endless()
    party = made(answers={name: lambda: httpx.Response(200, stream=endless)})
    if name == "userinfo":
        assert (await party.finished()).principal.user_id == "alice"
    else:
        with pytest.raises(ProviderUnavailable):
            await party.finished()
    assert endless.taken < 4_000_000


@pytest.mark.parametrize("name", ["token", "userinfo"])
async def test_a_provider_that_hangs_is_waited_for_within_bounds(made: Made, name: str) -> None:
    party = made(hanging=name)
    if name == "userinfo":
        assert (await party.finished()).principal.user_id == "alice"
    else:
        with pytest.raises(ProviderUnavailable):
            await party.finished()


@pytest.mark.parametrize("endpoint", [None, "https://evil.example/token", "http://id.example/token"])
async def test_a_code_and_a_secret_go_nowhere_that_the_settings_do_not_allow(made: Made, endpoint: str | None) -> None:
    party = made(metadata={"token_endpoint": endpoint})
    with pytest.raises(ProviderUnavailable):
        await party.finished()
    assert not party.endpoints.asked("token")


# Userinfo


async def test_userinfo_tells_what_the_id_token_does_not(made: Made) -> None:
    party = made(userinfo={"sub": "alice", "name": "Alice", "email": "alice@example.com"})
    claimed = (await party.finished()).principal.claimed
    assert (claimed.name, claimed.primary_email) == ("Alice", "alice@example.com")
    (asked,) = party.endpoints.asked("userinfo")
    assert asked.headers["authorization"] == "Bearer at"


async def test_userinfo_about_somebody_else_is_not_believed(made: Made) -> None:
    told = {"sub": "bob", "name": "Bob", "operator": True}
    found = await made(userinfo=told, operator=OperatorRule(claim="operator")).finished()
    assert (found.principal.user_id, found.principal.is_operator) == ("alice", False)
    assert not found.principal.claimed


@pytest.mark.parametrize(
    "userinfo",
    [*JUNK, {}, {"name": "Nobody"}, {"sub": None}, {"sub": ["alice"]}, httpx.Response(401)],
    ids=lambda each: repr(getattr(each, "content", each))[:20],
)
async def test_userinfo_that_cannot_be_had_hinders_nobody(made: Made, userinfo: Any) -> None:
    found = await made(userinfo=userinfo).finished()
    assert (found.principal.user_id, bool(found.principal.claimed)) == ("alice", False)


@pytest.mark.parametrize(
    "said",
    [
        {"iat": "yesterday"},
        {"exp": []},
        {"iss": "x"},
        {"aud": "x"},
        {"client_id": "alice"},
        {"azp": "alice"},
        {"cnf": 5},
    ],
)
async def test_what_userinfo_says_of_tokens_is_not_listened_to(made: Made, said: dict[str, Any]) -> None:
    found = (await made(userinfo={"sub": "alice", **said}).finished()).principal
    assert (found.user_id, found.is_machine, found.issued_at) == ("alice", False, int(NOW))


async def test_an_access_token_that_no_header_can_carry_is_not_shown_to_anybody(made: Made) -> None:
    party = made(tokens() | {"access_token": "é\n"}, userinfo={"sub": "alice", "name": "Alice"})
    assert (await party.finished()).principal.user_id == "alice"


# Operators


@pytest.mark.parametrize(
    ("said", "rule", "is_operator"),
    [
        ({}, OperatorRule(scope="admin"), False),
        ({"scope": "openid admin"}, OperatorRule(scope="admin"), True),
        ({"scope": "openid administrator"}, OperatorRule(scope="admin"), False),
        ({"scope": 5}, OperatorRule(scope="admin"), False),
        ({"scope": ""}, OperatorRule(scope="profile"), True),
        ({}, OperatorRule(scope="profile"), True),
    ],
)
async def test_granted_scopes_are_those_of_the_answer_else_those_that_were_asked_for(
    made: Made, said: dict[str, Any], rule: OperatorRule, is_operator: bool
) -> None:
    assert (await made(tokens() | said, operator=rule).finished()).principal.is_operator is is_operator


async def test_a_scope_in_the_id_token_is_not_a_granted_one(made: Made) -> None:
    found = await made(tokens(scope="admin"), operator=OperatorRule(scope="admin")).finished()
    assert not found.principal.is_operator


# Signing out


async def test_the_provider_is_told_whom_to_sign_out_and_where_to_come_back(made: Made) -> None:
    url = await made(metadata={"end_session_endpoint": f"{ISSUER}/end?x=1"}).party.sign_out_url("a.b&c", CALLBACK)
    assert url is not None
    assert urlsplit(url).path == "/end"
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "x": "1",
        "id_token_hint": "a.b&c",
        "post_logout_redirect_uri": CALLBACK,
        "client_id": CLIENT,
    }


@pytest.mark.parametrize("endpoint", [None, "https://evil.example/end", "javascript:alert(1)"])
async def test_without_an_endpoint_that_may_be_used_nobody_is_sent_to_it(made: Made, endpoint: str | None) -> None:
    assert await made(metadata={"end_session_endpoint": endpoint}).party.sign_out_url("t", CALLBACK) is None


async def test_signing_out_works_while_the_provider_is_away(made: Made) -> None:
    party = made(answers={"openid-configuration": httpx.ConnectError("down")})
    assert await party.party.sign_out_url("t", CALLBACK) is None


@given(st.text(), st.text(), st.text())
def test_no_state_but_the_own_one_is_taken(state: str, code: str, iss: str) -> None:
    party = Party()
    attempt = replace(ATTEMPT, state="another state")
    answer = {"state": state.encode("utf-8", "replace").decode(), "code": code, "iss": iss}
    with pytest.raises(SignInFailed):
        asyncio.run(party.party.finish(CALLBACK, attempt, answer))


def test_the_metadata_of_these_tests_has_what_is_needed() -> None:
    assert {"issuer", "jwks_uri", "userinfo_endpoint"} <= set(METADATA)
