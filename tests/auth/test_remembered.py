"""Verified tokens are remembered for as long as looking at them again would come to the same."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.minting import ISSUER, NOW, MintingProvider

from profilegate.auth.issuers import Issuers
from profilegate.auth.principal import VerifiedClaims
from profilegate.auth.remembered import OVERHEAD, RememberedTokens
from profilegate.auth.tokens import check_times, validity
from profilegate.errors import InvalidToken, ProviderUnavailable

from .given import Ticks, issuer

MAX_AGE = 300


class World:
    """One issuer, two clocks moved by hand, and the tokens that were seen."""

    def __init__(self) -> None:
        self.provider, self.ticks, self.clock = MintingProvider(), Ticks(), Ticks(NOW)
        self.issuers = self.knowing(issuer(key_max_age=MAX_AGE))

    def knowing(self, *settings: Any) -> Issuers:
        return Issuers(settings, self.clock, self.ticks, self.provider.transport)

    async def seen(self, **claims: Any) -> bytes:
        token = self.provider.token(**claims).encode()
        await self.issuers.principal(token)
        return token

    def remembers(self, token: bytes) -> bool:
        return self.issuers.remembered(token) is not None


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.issuers.close()


async def test_a_token_is_known_again(world: World) -> None:
    token = await world.seen(sub="alice")
    assert world.issuers.remembered(token) is await world.issuers.principal(token)


async def test_nothing_else_is(world: World) -> None:
    token = await world.seen(sub="alice")
    assert not any(world.remembers(other) for other in (token + b"A", token[:-1], token.upper(), b"", b" " + token))


@pytest.mark.parametrize("junk", [b"a.b.c", b"not-a-token", b""])
async def test_what_was_refused_is_not_remembered(world: World, junk: bytes) -> None:
    with pytest.raises(InvalidToken):
        await world.issuers.principal(junk)
    assert not world.remembers(junk)


async def test_a_token_ends_when_it_expires(world: World) -> None:
    token = await world.seen(exp=int(NOW) + 100)
    world.clock.now = NOW + 129.9
    assert world.remembers(token)
    world.clock.now = NOW + 130
    assert not world.remembers(token)
    with pytest.raises(InvalidToken):
        await world.issuers.principal(token)


async def test_a_clock_that_is_set_back_makes_it_too_new_again(world: World) -> None:
    token = await world.seen(iat=int(NOW), nbf=int(NOW) + 10)
    world.clock.now = NOW - 21
    assert not world.remembers(token)


async def test_a_withdrawn_key_ends_its_tokens_with_the_next_look_at_the_key_set(world: World) -> None:
    token = await world.seen()
    world.provider.rotate("key-2")
    assert world.remembers(token)
    other = await world.seen(sub="bob")  # by an unknown key, so the provider is asked
    assert world.remembers(other)
    assert not world.remembers(token)
    with pytest.raises(InvalidToken):
        await world.issuers.principal(token)


async def test_a_key_set_that_is_due_for_a_look_vouches_for_nothing(world: World) -> None:
    token = await world.seen()
    world.ticks.now = MAX_AGE + 1
    assert not world.remembers(token)


async def test_a_key_set_that_says_the_same_at_the_next_look_vouches_on(world: World) -> None:
    token = await world.seen()
    world.ticks.now = 2 * MAX_AGE + 1
    await world.seen(sub="bob")  # has the provider asked
    assert world.issuers.fetched["ok"] == 2
    assert world.remembers(token)


async def test_a_key_that_is_published_under_another_id_is_another(world: World) -> None:
    token = await world.seen()
    (jwk,) = json.loads(world.provider.key_set())["keys"]
    world.provider.odd["jwks"] = lambda: httpx.Response(200, json={"keys": [jwk | {"kid": "another"}]})
    world.ticks.now = 2 * MAX_AGE + 1
    with suppress(InvalidToken):
        await world.seen(sub="bob")
    assert not world.remembers(token)


async def test_while_the_provider_is_down_its_last_keys_vouch_on(world: World) -> None:
    token = await world.seen()
    world.provider.down = True
    world.ticks.now = 2 * MAX_AGE + 1
    await world.issuers.principal(token)  # finds out that it is down
    assert world.remembers(token)


async def test_an_issuer_that_is_taken_away_takes_its_tokens_along(world: World) -> None:
    token = await world.seen()
    world.issuers.replace([issuer(issuer="https://other.example")])
    assert not world.remembers(token)


async def test_an_issuer_with_other_settings_looks_at_its_tokens_again(world: World) -> None:
    token = await world.seen()
    world.issuers.replace([issuer(audiences=("https://other.example",))])
    assert not world.remembers(token)
    with pytest.raises(InvalidToken):
        await world.issuers.principal(token)


async def test_what_an_issuer_verified_after_it_was_replaced_is_not_remembered(world: World) -> None:
    """The check began under settings that are no longer those that count."""
    token = world.provider.token().encode()
    world.provider.odd["jwks"] = lambda: _replacing(world)
    await world.issuers.principal(token)
    assert not world.remembers(token)


def _replacing(world: World) -> Any:

    world.issuers.replace([issuer(audiences=("https://other.example",))])
    return httpx.Response(200, content=world.provider.key_set())


async def test_what_is_remembered_is_bounded_and_the_least_used_goes_first() -> None:
    world = World()
    tokens = [await world.seen(sub=f"user-{n}") for n in range(3)]
    known = RememberedTokens(world.clock, 2 * (OVERHEAD + len(tokens[0])))
    kept = world.issuers.known(ISSUER)
    assert kept is not None
    whose = world.issuers.remembered(tokens[0])
    assert whose is not None
    for each in tokens[:2]:
        known.remember(each, whose, kept, validity(VerifiedClaims({"exp": NOW + 60}), kept.settings))
    assert known.good(tokens[0])
    known.remember(tokens[2], whose, kept, validity(VerifiedClaims({"exp": NOW + 60}), kept.settings))
    assert [known.good(each) is not None for each in tokens] == [True, False, True]
    await world.issuers.close()


async def test_a_cold_start_with_the_provider_down_remembers_nothing(world: World) -> None:
    world.provider.down = True
    token = world.provider.token().encode()
    with pytest.raises(ProviderUnavailable):
        await world.issuers.principal(token)
    assert not world.remembers(token)


moments = st.floats(min_value=NOW - 200, max_value=NOW + 200) | st.integers(int(NOW) - 200, int(NOW) + 200)


@given(moments, st.none() | moments, st.none() | moments, moments, st.integers(0, 60))
def test_a_remembered_token_is_valid_exactly_when_it_would_be_found_so(
    expires: float, not_before: float | None, issued: float | None, now: float, leeway: int
) -> None:
    settings = issuer(leeway=leeway)
    given = {"exp": expires, "nbf": not_before, "iat": issued}
    claims = VerifiedClaims({name: value for name, value in given.items() if value is not None})
    try:
        check_times(claims, settings, now)
        found = True
    except InvalidToken:
        found = False
    assert validity(claims, settings).includes(now) == found
