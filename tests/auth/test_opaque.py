"""Opaque tokens in one worker: few questions, short memories, bounds that no flood breaks."""

import asyncio
import functools
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.minting import NOW, MintingProvider

from profilegate.auth import opaque
from profilegate.auth.issuers import Issuers
from profilegate.auth.json_object import json_object
from profilegate.auth.opaque import (
    GRAMMAR,
    LONGEST,
    MOST_KNOWN,
    MOST_LOOKUPS,
    MOST_SILENCES,
    MOST_WAITING,
    OVERHEAD,
    REFUSED_SECONDS,
    OpaqueTokens,
    another,
)
from profilegate.auth.principal import VerifiedClaims
from profilegate.auth.refreshed import RETRY
from profilegate.errors import ExpiredToken, InvalidToken, ProfileGateError, ProviderSilent, ProviderUnavailable
from profilegate.settings import IntrospectionSettings

from .asking import Endpoints
from .given import Ticks, issuer

MAX_AGE = 60
TOKEN = b"mF_9.B5f-4.1JqM"


class Provider:
    """Answers for each token what `says` gives, once `gate` is open; remembers what it was asked."""

    def __init__(self, says: Callable[[str], Any] = lambda token: {"sub": token}) -> None:
        self.says = says
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, token: str) -> VerifiedClaims:
        self.asked.append(token)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        answer = self.says(token)
        if isinstance(answer, Exception):
            raise answer
        return VerifiedClaims(answer)


class Clocks:
    """Unix seconds and ticks, moved together."""

    def __init__(self) -> None:
        self.clock, self.ticks = Ticks(NOW), Ticks(1000.0)

    def pass_by(self, seconds: float) -> None:
        self.clock.now += seconds
        self.ticks.now += seconds


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
async def tokens(provider: Provider, clocks: Clocks) -> AsyncIterator[OpaqueTokens]:
    made = known_to(provider, clocks)
    yield made
    made.close()


def known_to(provider: Provider, clocks: Clocks, max_age: int = MAX_AGE) -> OpaqueTokens:
    return OpaqueTokens(issuer(opaque_max_age=max_age), provider, clocks.clock, clocks.ticks)


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def refused(tokens: OpaqueTokens, token: bytes = TOKEN) -> ProfileGateError:
    with pytest.raises((InvalidToken, ProviderUnavailable)) as caught:
        await tokens.claims(token)
    return caught.value


# What may be shown to a provider at all


@pytest.mark.parametrize(
    "token",
    [b"a", b"0", b"-", b".", b"_", b"~", b"+", b"/", b"a=", b"a==", b"a====", b"mF_9.B5f-4.1JqM", b"A" * LONGEST,
     b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", b"a.b.c.d.e"],
    ids=lambda token: token[:12],
)  # fmt: skip
async def test_whatever_the_grammar_of_rfc_6750_allows_is_asked_about(
    tokens: OpaqueTokens, provider: Provider, token: bytes
) -> None:
    assert (await tokens.claims(token))["sub"] == token.decode()
    assert provider.asked == [token.decode()]


@pytest.mark.parametrize(
    "token",
    [b"", b"=", b"==a", b"a=b", b"a b", b"a\n", b"\na", b"a\0", b"a,b", b'a"', b"a\\b", b"a%20b", b"a:b", b"a&b",
     b"a;b", b"\xff", "é".encode(), "ａ".encode(), b"a?", b"a#", b"{}", b"<a>", b"a|b", b"a@b", b"a!", b"a\x7f",
     b"A" * (LONGEST + 1)],
    ids=lambda token: token[:12],
)  # fmt: skip
async def test_anything_else_is_refused_and_shown_to_nobody(
    tokens: OpaqueTokens, provider: Provider, token: bytes
) -> None:
    assert isinstance(await refused(tokens, token), InvalidToken)
    assert provider.asked == []


ALLOWED = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/")


@given(st.binary(max_size=20) | st.text("aZ0-._~+/= \n\0é", max_size=12).map(str.encode))
def test_the_grammar_is_that_of_rfc_6750(token: bytes) -> None:
    """Section 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="."""
    start = token.rstrip(b"=")
    assert bool(GRAMMAR.fullmatch(token)) is (bool(start) and set(start) <= ALLOWED)


# How long an answer holds


async def test_an_answer_holds_for_the_configured_time_and_no_longer(
    tokens: OpaqueTokens, provider: Provider, clocks: Clocks
) -> None:
    for seconds, asked in ((0, 1), (MAX_AGE - 1, 1), (0.5, 1), (0.5, 2), (MAX_AGE - 0.5, 2), (0.5, 3)):
        clocks.pass_by(seconds)
        assert (await tokens.claims(TOKEN))["sub"] == TOKEN.decode()
        assert len(provider.asked) == asked


async def test_it_holds_no_longer_for_being_asked_for_often(
    tokens: OpaqueTokens, provider: Provider, clocks: Clocks
) -> None:
    for _ in range(2 * MAX_AGE):
        await tokens.claims(TOKEN)
        clocks.pass_by(1)
    assert len(provider.asked) == 2


@pytest.mark.parametrize("left", [0.5, 1, 10, MAX_AGE - 1])
async def test_it_never_holds_beyond_the_tokens_own_end(clocks: Clocks, left: float) -> None:
    provider = Provider(lambda token: {"sub": "a", "exp": NOW + left})
    tokens = known_to(provider, clocks)
    await tokens.claims(TOKEN)
    clocks.pass_by(left / 2)
    await tokens.claims(TOKEN)
    assert len(provider.asked) == 1
    clocks.pass_by(left / 2)
    await tokens.claims(TOKEN)
    assert len(provider.asked) == 2


@pytest.mark.parametrize("exp", [NOW, NOW - 1, NOW - 30, 0, -(2**53)])
async def test_a_token_within_the_leeway_is_asked_about_each_time(clocks: Clocks, exp: float) -> None:
    provider = Provider(lambda token: {"sub": "a", "exp": exp})
    tokens = known_to(provider, clocks)
    for _ in range(3):
        await tokens.claims(TOKEN)
    assert len(provider.asked) == 3


@pytest.mark.parametrize("exp", [NOW + MAX_AGE, NOW + 3600, 2**53])
async def test_a_distant_end_does_not_make_it_hold_longer(clocks: Clocks, exp: float) -> None:
    provider = Provider(lambda token: {"sub": "a", "exp": exp})
    tokens = known_to(provider, clocks, max_age=7)
    await tokens.claims(TOKEN)
    clocks.pass_by(7)
    await tokens.claims(TOKEN)
    assert len(provider.asked) == 2


async def test_a_refusal_holds_for_a_short_while(clocks: Clocks) -> None:
    provider = Provider(lambda token: InvalidToken("not active"))
    tokens = known_to(provider, clocks)
    for seconds, asked in ((0, 1), (REFUSED_SECONDS - 0.5, 1), (0.5, 2)):
        clocks.pass_by(seconds)
        error = await refused(tokens)
        assert (type(error), error.reason) == (InvalidToken, "not active")  # type: ignore[attr-defined]
        assert len(provider.asked) == asked
    assert REFUSED_SECONDS == 10


async def test_that_a_token_has_expired_is_told_again_too(clocks: Clocks) -> None:
    tokens = known_to(Provider(lambda token: ExpiredToken()), clocks)
    assert [type(await refused(tokens)) for _ in range(3)] == [ExpiredToken] * 3


async def test_a_token_that_became_good_is_good_when_the_refusal_has_passed(clocks: Clocks) -> None:
    provider = Provider(lambda token: InvalidToken("not yet"))
    tokens = known_to(provider, clocks)
    await refused(tokens)
    provider.says = lambda token: {"sub": "alice"}
    await refused(tokens)
    clocks.pass_by(REFUSED_SECONDS)
    assert (await tokens.claims(TOKEN))["sub"] == "alice"


async def test_a_revoked_token_is_refused_when_the_answer_has_passed(
    tokens: OpaqueTokens, provider: Provider, clocks: Clocks
) -> None:
    await tokens.claims(TOKEN)
    provider.says = lambda token: InvalidToken("not active")
    clocks.pass_by(MAX_AGE)
    assert isinstance(await refused(tokens), InvalidToken)


async def test_an_outage_is_no_answer_and_is_not_kept(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.says = lambda token: ProviderUnavailable("500")
    await refused(tokens)
    await refused(tokens)
    assert len(provider.asked) == 2
    provider.says = lambda token: {"sub": "alice"}
    assert (await tokens.claims(TOKEN))["sub"] == "alice"


@pytest.mark.parametrize("error", [ValueError("secret"), KeyError("secret"), RecursionError("secret")])
async def test_whatever_comes_of_asking_is_an_outage_of_which_the_kind_is_told(
    clocks: Clocks, error: Exception
) -> None:
    found = await refused(known_to(Provider(lambda token: error), clocks))
    assert (type(found), found.reason) == (  # type: ignore[attr-defined]
        ProviderUnavailable,
        f"nothing usable: {type(error).__name__}",
    )


async def test_nothing_known_outlives_its_time_while_the_provider_is_down(
    tokens: OpaqueTokens, provider: Provider, clocks: Clocks
) -> None:
    await tokens.claims(TOKEN)
    provider.says = lambda token: ProviderSilent("down")
    clocks.pass_by(MAX_AGE)
    assert isinstance(await refused(tokens), ProviderUnavailable)


async def test_two_tokens_are_two_however_alike(tokens: OpaqueTokens, provider: Provider) -> None:
    for token in (b"abc", b"abC", b"abc=", b"abc==", b"ab"):
        assert (await tokens.claims(token))["sub"] == token.decode()
    assert len(provider.asked) == 5


async def test_two_issuers_share_no_answers(clocks: Clocks) -> None:
    one, other = Provider(lambda token: {"sub": "one"}), Provider(lambda token: InvalidToken("x"))
    assert (await known_to(one, clocks).claims(TOKEN))["sub"] == "one"
    await refused(known_to(other, clocks))


async def test_the_tokens_themselves_are_not_kept(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.says = lambda token: {"sub": "a"} if token.startswith("good") else InvalidToken("x")
    await tokens.claims(b"good-token")
    await refused(tokens, b"bad-token")
    digests = {hashlib.sha256(each).digest() for each in (b"good-token", b"bad-token")}
    assert {*tokens._known, *tokens._refused} == digests
    assert tokens._asking == {}


# Who asks


async def test_all_who_ask_about_one_token_share_one_question(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.gate.clear()
    waiting = asyncio.gather(*(tokens.claims(TOKEN) for _ in range(50)))
    await settled()
    provider.gate.set()
    assert {claims["sub"] for claims in await waiting} == {TOKEN.decode()}
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "error", [InvalidToken("why"), ExpiredToken(), ProviderUnavailable("why"), ProviderSilent("y")]
)
async def test_each_who_waited_gets_an_error_of_its_own(
    tokens: OpaqueTokens, provider: Provider, error: ProfileGateError
) -> None:
    provider.says = lambda token: error
    provider.gate.clear()
    waiting = asyncio.gather(*(tokens.claims(TOKEN) for _ in range(5)), return_exceptions=True)
    await settled()
    provider.gate.set()
    found = await waiting
    assert len({id(each) for each in found} | {id(error)}) == 6
    assert {(type(each), each.reason) for each in found} == {(type(error), error.reason)}  # type: ignore[union-attr, attr-defined]


async def test_a_refusal_told_a_thousand_times_grows_by_nothing(clocks: Clocks) -> None:
    tokens = known_to(Provider(lambda token: InvalidToken("x")), clocks)
    for _ in range(1000):
        await refused(tokens)
    (kept,) = tokens._refused.values()
    assert kept.__traceback__ is None
    assert kept.__context__ is None


async def test_a_caller_that_goes_away_stops_nothing(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.gate.clear()
    first, second = (asyncio.create_task(tokens.claims(TOKEN)) for _ in range(2))
    await settled()
    first.cancel()
    await settled()
    provider.gate.set()
    assert (await second)["sub"] == TOKEN.decode()
    assert first.cancelled()
    assert len(provider.asked) == 1


async def test_when_all_go_away_the_answer_is_kept(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.gate.clear()
    caller = asyncio.create_task(tokens.claims(TOKEN))
    await settled()
    caller.cancel()
    await settled()
    provider.gate.set()
    await settled()
    assert (await tokens.claims(TOKEN))["sub"] == TOKEN.decode()
    assert len(provider.asked) == 1


async def test_giving_up_ends_the_questions(tokens: OpaqueTokens, provider: Provider) -> None:
    tokens.close()
    provider.gate.clear()
    waiting = asyncio.gather(*(tokens.claims(each) for each in (b"a", b"b")), return_exceptions=True)
    await settled()
    tokens.close()
    assert [type(each) for each in await waiting] == [asyncio.CancelledError] * 2
    assert provider.at_once == 0
    provider.gate.set()
    assert (await tokens.claims(TOKEN))["sub"] == TOKEN.decode()


# Bounds


async def test_only_so_many_questions_are_put_at_once(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.gate.clear()
    waiting = [asyncio.create_task(tokens.claims(b"t%d" % n)) for n in range(3 * MOST_LOOKUPS)]
    await settled()
    assert provider.at_once == MOST_LOOKUPS
    provider.gate.set()
    assert len(await asyncio.gather(*waiting)) == 3 * MOST_LOOKUPS
    assert provider.most_at_once == MOST_LOOKUPS


async def test_only_so_many_tokens_wait_and_the_rest_learn_it_at_once(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.gate.clear()
    waiting = [asyncio.create_task(tokens.claims(b"t%d" % n)) for n in range(MOST_WAITING)]
    await settled()
    error = await refused(tokens, b"one-more")
    assert isinstance(error, ProviderUnavailable)
    assert not isinstance(error, ProviderSilent)
    assert error.reason == "too many lookups at once"
    also_about_the_first = asyncio.create_task(tokens.claims(b"t0"))
    await settled()
    provider.gate.set()
    await asyncio.gather(*waiting, also_about_the_first)
    assert (await tokens.claims(b"one-more"))["sub"] == "one-more"
    assert tokens._asking == {}


async def test_one_fewer_than_the_most_may_be_joined_by_one(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.gate.clear()
    waiting = [asyncio.create_task(tokens.claims(b"t%d" % n)) for n in range(MOST_WAITING - 1)]
    await settled()
    last = asyncio.create_task(tokens.claims(b"last"))
    await settled()
    assert not last.done()
    provider.gate.set()
    await asyncio.gather(*waiting, last)


async def test_known_tokens_need_no_turn(tokens: OpaqueTokens, provider: Provider) -> None:
    await tokens.claims(TOKEN)
    provider.gate.clear()
    waiting = [asyncio.create_task(tokens.claims(b"t%d" % n)) for n in range(MOST_WAITING)]
    await settled()
    assert (await tokens.claims(TOKEN))["sub"] == TOKEN.decode()
    provider.gate.set()
    await asyncio.gather(*waiting)


async def test_a_question_that_gets_no_answer_in_time_is_an_outage(
    provider: Provider, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opaque.BUDGET < 5
    monkeypatch.setattr(opaque, "BUDGET", 0.05)
    tokens = known_to(provider, clocks)
    provider.gate.clear()
    async with asyncio.timeout(20):
        error = await refused(tokens)
    assert isinstance(error, ProviderUnavailable)
    assert error.reason == "too many lookups at once"
    provider.gate.set()
    assert (await tokens.claims(TOKEN))["sub"] == TOKEN.decode()


async def test_waiting_for_a_turn_counts(provider: Provider, clocks: Clocks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opaque, "BUDGET", 0.05)
    tokens = known_to(provider, clocks)
    provider.gate.clear()
    async with asyncio.timeout(20):
        found = await asyncio.gather(
            *(tokens.claims(b"t%d" % n) for n in range(2 * MOST_LOOKUPS)), return_exceptions=True
        )
    assert {type(each) for each in found} == {ProviderUnavailable}
    assert provider.most_at_once == MOST_LOOKUPS


# The provider is down


async def silenced(tokens: OpaqueTokens, provider: Provider) -> None:
    """The provider has left so many questions unanswered that it is not asked for a while."""
    provider.says = lambda token: ProviderSilent("down")
    for n in range(MOST_SILENCES):
        assert isinstance(await refused(tokens, b"unanswered%d" % n), ProviderSilent)
    provider.asked.clear()


async def test_silence_spares_the_provider_and_the_next_callers(
    tokens: OpaqueTokens, provider: Provider, clocks: Clocks
) -> None:
    await silenced(tokens, provider)
    for token in (b"a", b"b", b"c"):
        error = await refused(tokens, token)
        assert (type(error), error.reason) == (  # type: ignore[attr-defined]
            ProviderUnavailable,
            "the provider left the last questions about tokens unanswered",
        )
    clocks.pass_by(RETRY - 0.1)
    await refused(tokens, b"b")
    assert provider.asked == []
    clocks.pass_by(0.1)
    await refused(tokens, b"b")
    await refused(tokens, b"c")
    assert provider.asked == ["b"]


async def test_one_question_finds_out_whether_the_provider_is_back(
    tokens: OpaqueTokens, provider: Provider, clocks: Clocks
) -> None:
    await silenced(tokens, provider)
    provider.says = lambda token: {"sub": token}
    clocks.pass_by(RETRY)
    provider.gate.clear()
    first = asyncio.create_task(tokens.claims(b"first"))
    await settled()
    assert isinstance(await refused(tokens, b"second"), ProviderUnavailable)
    joined = asyncio.create_task(tokens.claims(b"first"))
    await settled()
    provider.gate.set()
    assert (await first)["sub"] == (await joined)["sub"] == "first"
    assert (await tokens.claims(b"second"))["sub"] == "second"
    assert provider.asked == ["first", "second"]


async def test_fewer_silences_than_that_may_be_the_fault_of_what_was_asked(
    tokens: OpaqueTokens, provider: Provider
) -> None:
    """Anybody can make up a token that a provider's firewall swallows, and shall hinder nobody by it."""
    provider.says = lambda token: ProviderSilent("swallowed") if "poison" in token else {"sub": token}
    for n in range(5):
        for each in range(MOST_SILENCES - 1):
            await refused(tokens, b"poison%d-%d" % (n, each))
        assert (await tokens.claims(b"good%d" % n))["sub"] == f"good{n}"


@pytest.mark.parametrize("answer", [InvalidToken("x"), ProviderUnavailable("500")])
async def test_any_answer_ends_the_silence(tokens: OpaqueTokens, provider: Provider, answer: ProfileGateError) -> None:
    for n in range(3 * MOST_SILENCES):
        provider.says = lambda token: answer if token.startswith("bad") else ProviderSilent("down")
        await refused(tokens, b"bad%d" % n)
        assert isinstance(await refused(tokens, b"unanswered%d" % n), ProviderSilent)


async def test_an_error_about_one_token_spares_nobody(tokens: OpaqueTokens, provider: Provider) -> None:
    """Anybody can make one up that a provider stumbles over."""
    provider.says = lambda token: ProviderUnavailable("500") if token == "poison" else {"sub": token}
    await refused(tokens, b"poison")
    assert (await tokens.claims(b"good"))["sub"] == "good"
    provider.says = lambda token: InvalidToken("x")
    await refused(tokens, b"bad")
    assert provider.asked == ["poison", "good", "bad"]


async def test_known_tokens_are_good_while_the_provider_is_down(tokens: OpaqueTokens, provider: Provider) -> None:
    await tokens.claims(TOKEN)
    await silenced(tokens, provider)
    assert (await tokens.claims(TOKEN))["sub"] == TOKEN.decode()


async def test_who_waits_already_still_gets_the_answer(tokens: OpaqueTokens, provider: Provider) -> None:
    """Another token's silence ends nobody's question."""
    provider.says = lambda token: ProviderSilent("down") if token == "first" else {"sub": token}
    provider.gate.clear()
    first, second = (asyncio.create_task(tokens.claims(each)) for each in (b"first", b"second"))
    await settled()
    provider.gate.set()
    with pytest.raises(ProviderSilent):
        await first
    assert (await second)["sub"] == "second"


# Any history

ENTRY = OVERHEAD + 30
"""Bytes that one of the small answers here takes at the most."""

ASKS = st.tuples(st.sampled_from([b"good-0", b"good-1", b"good-2", b"bad-0", b"bad-1", b"bad-2"]), st.floats(0, 40))


@given(st.lists(ASKS, max_size=50), st.integers(1, 60), st.integers(1, 4))
def test_any_history_keeps_the_bounds_and_asks_when_it_must(
    history: list[tuple[bytes, float]], max_age: int, most: int
) -> None:
    """`until` is a memory without a bound, as the oracle: for want of room the cache may ask more often, never less."""

    async def run() -> None:
        clocks = Clocks()
        provider = Provider(lambda token: {"sub": token} if token.startswith("good") else InvalidToken("x"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opaque, "MOST_KNOWN", most * ENTRY)
            patch.setattr(opaque, "MOST_REFUSED", most)
            tokens = known_to(provider, clocks, max_age)
        until: dict[bytes, float] = {}
        for token, pause in history:
            clocks.pass_by(pause)
            asked = len(provider.asked)
            try:
                assert (await tokens.claims(token))["sub"] == token.decode()
                assert token.startswith(b"good")
            except InvalidToken:
                assert token.startswith(b"bad")
            if clocks.ticks.now >= until.get(token, 0.0):
                assert len(provider.asked) == asked + 1
            if len(provider.asked) > asked:
                until[token] = clocks.ticks.now + (max_age if token.startswith(b"good") else REFUSED_SECONDS)
            assert tokens._known.currsize <= most * ENTRY
            assert len(tokens._refused) <= most
            assert tokens._asking == {}

    asyncio.run(run())


@given(st.lists(st.binary(min_size=1, max_size=4).map(bytes.hex), max_size=60), st.integers(1, 5))
def test_no_flood_of_junk_pushes_out_a_good_token(junk: list[str], most: int) -> None:
    async def run() -> None:
        clocks = Clocks()
        provider = Provider(lambda token: {"sub": token} if token.startswith("GOOD") else InvalidToken("x"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opaque, "MOST_KNOWN", most * ENTRY)
            patch.setattr(opaque, "MOST_REFUSED", most)
            tokens = known_to(provider, clocks)
        good = [b"GOOD-%d" % n for n in range(most)]
        for token in good:
            await tokens.claims(token)
        for each in junk:
            await refused(tokens, each.encode())
        asked = len(provider.asked)
        for token in good:
            assert (await tokens.claims(token))["sub"] == token.decode()
        assert len(provider.asked) == asked

    asyncio.run(run())


async def test_ten_thousand_made_up_tokens_push_out_no_good_one(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.says = lambda token: {"sub": token} if token == "good" else InvalidToken("x")
    await tokens.claims(b"good")
    for n in range(opaque.MOST_REFUSED + 100):
        await refused(tokens, b"junk%d" % n)
    assert len(tokens._refused) == opaque.MOST_REFUSED
    await tokens.claims(b"good")
    assert provider.asked.count("good") == 1


async def test_good_tokens_take_so_many_bytes_and_no_more(tokens: OpaqueTokens, provider: Provider) -> None:
    provider.says = lambda token: {"sub": token, "filler": "f" * 60_000}
    for n in range(MOST_KNOWN // 60_000 + 20):
        await tokens.claims(b"good%d" % n)
        assert tokens._known.currsize <= MOST_KNOWN
    assert tokens._known.currsize > MOST_KNOWN - 62_000
    assert len(tokens._known) * 60_000 < MOST_KNOWN


ODD: dict[str, Any] = {
    "an integer of 65 bits": 2**64,
    "a negative one": -(2**63) - 1,
    "a large integer": 10**30,
    "a huge integer": 10**400,
    "a deep list": functools.reduce(lambda inner, _: [inner], range(500), []),
    "every kind of value": [None, True, 1.5, 1e308, "\u2028\U0001f600", {"": {}}],
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
async def test_whatever_an_answer_says_besides_it_is_kept(clocks: Clocks, value: Any) -> None:
    """It is the provider's JSON, and JSON's numbers have no bounds (RFC 8259, section 6)."""
    said = json_object(json.dumps({"sub": "alice", "more": value}).encode())
    provider = Provider(lambda token: said)
    tokens = known_to(provider, clocks)
    for _ in range(2):
        assert (await tokens.claims(TOKEN))["sub"] == "alice"
    assert len(provider.asked) == 1


async def test_with_more_good_tokens_than_there_is_room_the_one_not_used_longest_goes(clocks: Clocks) -> None:
    provider = Provider()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opaque, "MOST_KNOWN", 2 * ENTRY)
        tokens = known_to(provider, clocks)
    for token in (b"a", b"b", b"a", b"c", b"a", b"c", b"b"):
        await tokens.claims(token)
    assert provider.asked == ["a", "b", "c", "b"]


# Errors


@pytest.mark.parametrize("error", [InvalidToken("r"), ExpiredToken("r"), ProviderUnavailable("r"), ProviderSilent("r")])
def test_another_error_is_the_same_but_for_its_trace(error: InvalidToken | ProviderUnavailable) -> None:
    made = another(error)
    assert made is not error
    assert (type(made), made.reason, str(made), made.__traceback__) == (type(error), "r", str(error), None)


# Whole issuers


def issuers(endpoints: Endpoints, **changes: Any) -> Issuers:
    said = {"introspection": IntrospectionSettings(client_id="us", client_secret="s"), **changes}
    return Issuers([issuer(**said)], lambda: NOW, Ticks(), endpoints.transport)


GOOD = {"active": True, "sub": "alice", "aud": "https://profiles.example"}


async def test_an_opaque_token_is_asked_about_and_a_jwt_is_not() -> None:
    endpoints = Endpoints(introspect=GOOD, jwks=httpx.Response(200, content=b'{"keys": []}'))
    known = issuers(endpoints)
    assert (await known.principal(TOKEN)).user_id == "alice"
    jwt = MintingProvider().token()
    for token in (jwt, jwt + "x", jwt[:-3], "eyJ9.x.y", "eyJhbGciOiJub25lIn0.e30."):
        with pytest.raises((InvalidToken, ProviderUnavailable)):
            await known.principal(token.encode())
    assert len(endpoints.asked("introspect")) == 1
    await known.close()


async def test_an_encrypted_token_is_the_providers_to_read() -> None:
    endpoints = Endpoints(introspect=GOOD)
    known = issuers(endpoints)
    assert (await known.principal(b"eyJhbGciOiJkaXIifQ..AAAA.BBBB.CCCC")).user_id == "alice"
    await known.close()


async def test_a_token_that_is_too_large_is_shown_to_nobody() -> None:
    endpoints = Endpoints(introspect=GOOD)
    known = issuers(endpoints)
    for size in (LONGEST + 1, 16_384, 16_385, 100_000):
        with pytest.raises(InvalidToken):
            await known.principal(b"a" * size)
    assert endpoints.requests == []
    await known.close()


@pytest.mark.parametrize("kind", ["introspection", "userinfo"])
@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("garbage"),
        httpx.InvalidURL("odd"),
        OSError("network"),
        OverflowError("port must be 0-65535"),
        ExceptionGroup("unhandled errors in a TaskGroup", [OverflowError("port must be 0-65535")]),
        RuntimeError("Cannot send a request, as the client has been closed."),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_whatever_goes_wrong_on_the_way_is_an_outage_of_the_provider(kind: str, error: Exception) -> None:
    """As with keys: it is no fault of ours, and none of the caller's."""
    endpoints = Endpoints(introspect=error, userinfo=error)
    changes: dict[str, Any] = {} if kind == "introspection" else {"introspection": None, "userinfo": True}
    known = issuers(endpoints, **changes)
    with pytest.raises(ProviderUnavailable):
        await known.principal(TOKEN)
    await known.close()
