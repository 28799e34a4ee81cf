"""Issuers that change while the service runs, and whose opaque tokens are taken at which host."""

import asyncio
import gc
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.minting import NOW, MintingProvider, make_key

from profilegate.auth.issuer import KnownIssuer
from profilegate.auth.issuers import Issuers
from profilegate.errors import InvalidToken, ProviderUnavailable
from profilegate.settings import IntrospectionSettings, IssuerSettings

from .given import Ticks, issuer

A, B = "https://a.example", "https://b.example"
ASKING = IntrospectionSettings(client_id="us", client_secret="secret")
TOKEN = b"mF_9.B5f-4.1JqM"


class Two:
    """Two providers that also introspect, and remember which of them was shown what."""

    def __init__(self, *issuers: IssuerSettings) -> None:
        self.a, self.b = MintingProvider(A), MintingProvider(B)
        for each in (self.a, self.b):
            each.metadata["introspection_endpoint"] = f"{each.issuer}/introspect"
        self.shown: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.ticks = Ticks()
        self.issuers = Issuers(issuers, lambda: NOW, self.ticks, httpx.MockTransport(self._answer))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        provider = self.a if request.url.host == "a.example" else self.b
        if request.url.path != "/introspect":
            return await provider.transport.handle_async_request(request)
        self.shown.append(provider.issuer)
        await self.gate.wait()
        answer = {"active": True, "sub": f"of {provider.issuer}", "aud": "https://profiles.example"}
        return httpx.Response(200, json=answer)


def named(name: str, **changes: Any) -> IssuerSettings:
    return issuer(**{"issuer": name, "user_id_prefix": f"{name[8]}|", **changes})


async def user(two: Two, token: str | bytes, host: str = "") -> str:
    return (await two.issuers.principal(token.encode() if isinstance(token, str) else token, host)).user_id


async def reached(two: Two, times: int) -> None:
    """Returns when the providers have been shown so many tokens."""
    async with asyncio.timeout(30):
        while len(two.shown) < times:  # noqa: ASYNC110  the transport has been reached
            await asyncio.sleep(0)


# Replacing


async def test_a_new_issuer_is_known_from_the_next_token_on() -> None:
    two = Two(named(A))
    with pytest.raises(InvalidToken):
        await user(two, two.b.token())
    two.issuers.replace([named(A), named(B)])
    assert await user(two, two.b.token()) == "b|alice"
    assert await user(two, two.a.token()) == "a|alice"


async def test_an_issuer_that_is_gone_is_unknown_whatever_was_known_of_it() -> None:
    two = Two(named(A), named(B))
    await user(two, two.b.token())
    two.issuers.replace([named(A)])
    with pytest.raises(InvalidToken):
        await user(two, two.b.token())


async def test_an_issuer_that_stays_the_same_keeps_its_keys() -> None:
    two = Two(named(A), named(B))
    await user(two, two.a.token())
    fetched = list(two.a.requests)
    two.issuers.replace([named(B, tenant="other"), named(A)])
    await user(two, two.a.token())
    assert two.a.requests == fetched


@pytest.mark.parametrize("change", [{"leeway": 31}, {"audiences": ("x", "https://profiles.example")}, {"timeout": 2.9}])
async def test_an_issuer_that_has_changed_keeps_its_keys_and_nothing_else(change: dict[str, Any]) -> None:
    two = Two(named(A))
    await user(two, two.a.token())
    before = two.issuers.named(A)
    two.issuers.replace([named(A, **change)])
    assert two.issuers.named(A) is not before
    two.a.down = True
    assert await user(two, two.a.token()) == "a|alice"
    assert len(two.a.requests) == 2


async def test_keys_that_an_issuer_inherits_are_no_newer_than_they_are() -> None:
    two = Two(named(A))
    await user(two, two.a.token())
    two.ticks.now += 10_000
    two.issuers.replace([named(A, leeway=31)])
    two.a.rotate("key-2")
    with pytest.raises(InvalidToken):
        await user(two, two.a.token(key=make_key("ES256", "key-1")))
    assert await user(two, two.a.token()) == "a|alice"


async def test_keys_from_an_origin_that_is_listed_no_more_are_not_inherited() -> None:
    two = Two(named(A, origins=(B,)))
    two.a.metadata["jwks_uri"] = f"{B}/jwks"
    assert await user(two, two.a.token(key=two.b.keys[0])) == "a|alice"
    two.issuers.replace([named(A)])
    with pytest.raises(ProviderUnavailable):
        await user(two, two.a.token(key=two.b.keys[0]))


async def test_an_issuer_that_went_and_came_back_begins_anew() -> None:
    two = Two(named(A))
    await user(two, two.a.token())
    two.issuers.replace([])
    two.issuers.replace([named(A)])
    await user(two, two.a.token())
    assert len(two.a.requests) == 4


async def test_however_often_settings_change_nothing_piles_up() -> None:
    """Each issuer has connections of its own, and where a secret is renewed by the hour that makes many."""
    two = Two(named(A, introspection=ASKING))
    for leeway in range(50):
        two.issuers.replace([named(A, introspection=ASKING, leeway=leeway)])
        await user(two, TOKEN)
    gc.collect()
    assert sum(isinstance(each, KnownIssuer) for each in gc.get_objects()) < 10


async def test_changed_rules_hold_for_the_next_token() -> None:
    two = Two(named(A))
    plain = two.a.token({"typ": "JWT"})
    with pytest.raises(InvalidToken):
        await user(two, plain)
    two.issuers.replace([named(A, require_at_jwt=False)])
    assert await user(two, plain) == "a|alice"
    two.issuers.replace([named(A, audiences=("https://other.example",))])
    with pytest.raises(InvalidToken):
        await user(two, plain)


async def test_answers_about_opaque_tokens_are_kept_with_the_issuer_and_go_with_it() -> None:
    two = Two(named(A, introspection=ASKING))
    for _ in range(2):
        assert await user(two, TOKEN) == f"a|of {A}"
        two.issuers.replace([named(A, introspection=ASKING), named(B)])
    assert two.shown == [A]
    two.issuers.replace([named(A, introspection=ASKING, clients=("spa",))])
    await user(two, TOKEN)
    assert two.shown == [A, A]


async def test_an_issuer_that_takes_no_opaque_tokens_any_more_is_shown_none() -> None:
    two = Two(named(A, introspection=ASKING))
    await user(two, TOKEN)
    two.issuers.replace([named(A)])
    with pytest.raises(InvalidToken):
        await user(two, TOKEN)
    assert two.shown == [A]


async def test_a_request_under_way_goes_on_with_the_issuer_that_it_began_with() -> None:
    two = Two(named(A, introspection=ASKING))
    two.gate.clear()
    waiting = asyncio.create_task(user(two, TOKEN))
    await reached(two, 1)
    two.issuers.replace([named(B)])
    two.gate.set()
    assert await waiting == f"a|of {A}"


async def test_without_issuers_nobody_is_known() -> None:
    two = Two(named(A, introspection=ASKING))
    two.issuers.replace([])
    for token in (two.a.token().encode(), TOKEN, b"", b"a.b.c"):
        with pytest.raises(InvalidToken):
            await user(two, token)
    assert (two.issuers.settings, two.a.requests, two.shown) == ([], [], [])


async def test_the_settings_are_those_of_the_moment() -> None:
    two = Two(named(A))
    assert two.issuers.settings == [named(A)]
    two.issuers.replace([named(B), named(A, leeway=1)])
    assert two.issuers.settings == [named(B), named(A, leeway=1)]


async def test_closing_ends_what_is_under_way_also_with_issuers_that_are_gone() -> None:
    two = Two(named(A, introspection=ASKING))
    two.gate.clear()
    first = asyncio.create_task(user(two, TOKEN))
    await reached(two, 1)
    two.issuers.replace([named(A, introspection=ASKING, leeway=1)])
    second = asyncio.create_task(user(two, TOKEN))
    await reached(two, 2)
    await two.issuers.close()
    for each in (first, second):
        with pytest.raises(asyncio.CancelledError):
            await each


async def test_after_closing_the_same_issuers_begin_anew() -> None:
    """A host application's tests start and stop it many times."""
    two = Two(named(A))
    await user(two, two.a.token())
    await two.issuers.close()
    assert two.issuers.settings == [named(A)]
    assert await user(two, two.a.token()) == "a|alice"
    assert len(two.a.requests) == 4


names = st.lists(st.sampled_from([A, B, "https://c.example"]), unique=True, max_size=3)
histories = st.lists(st.tuples(names, st.integers(0, 2)), max_size=8)


@given(histories)
def test_in_any_history_only_the_last_settings_count(history: list[tuple[list[str], int]]) -> None:
    known = Issuers([], lambda: NOW, Ticks(), httpx.MockTransport(lambda _: httpx.Response(500)))
    before: dict[str, Any] = {}
    for listed, leeway in history:
        wanted = [named(name, leeway=leeway) for name in listed]
        known.replace(wanted)
        assert known.settings == wanted
        found = {each.issuer: known.named(each.issuer) for each in wanted}
        for name, each in found.items():
            assert (each is before.get(name)) is (name in before and before[name].settings == each.settings)
        before = found
    asyncio.run(known.close())


# Hosts


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.example.com", A),
        ("A.Example.COM", A),
        ("a.example.com:443", A),
        ("a.example.com:8000", A),
        ("a.example.com:", A),
        ("a.example.com.", A),
        ("a.example.com.:443", A),
        ("a.example.com..", None),
        ("b.example.com:8443", B),
        ("[2001:db8::1]", B),
        ("[2001:db8::1]:443", B),
        ("b.example.com", None),
        ("b.example.com:443", None),
        ("x.a.example.com", None),
        ("a.example.com.evil", None),
        ("a.example.com:80:80", None),
        ("a.example.com:x", None),
        ("a.example.com/", None),
        ("", None),
        (":443", None),
    ],
)
async def test_each_host_has_its_issuer_and_other_hosts_have_none(host: str, expected: str | None) -> None:
    two = Two(
        named(A, introspection=ASKING, hosts=("a.example.com",)),
        named(B, introspection=ASKING, hosts=("b.example.com:8443", "[2001:db8::1]")),
    )
    found = two.issuers.at(host)
    assert (found.settings.issuer if found else None) == expected
    if expected is None:
        with pytest.raises(InvalidToken):
            await user(two, TOKEN, host)
        assert two.shown == []
    else:
        await user(two, TOKEN, host)
        assert two.shown == [expected]


@pytest.mark.parametrize("host", ["", "any.example", "b.example.com", "[::1]:8000", "é"])
async def test_an_issuer_without_hosts_is_everybodys_but_where_another_has_the_host(host: str) -> None:
    two = Two(named(A, introspection=ASKING), named(B, introspection=ASKING, hosts=("b.example.com",)))
    await user(two, TOKEN, host)
    assert two.shown == [B if host == "b.example.com" else A]


async def test_issuers_without_opaque_tokens_have_no_hosts() -> None:
    two = Two(named(A, hosts=("a.example.com",)), named(B))
    assert two.issuers.at("a.example.com") is None
    assert two.issuers.at("") is None


async def test_the_host_says_nothing_about_whose_jwts_are_taken() -> None:
    two = Two(named(A, introspection=ASKING, hosts=("a.example.com",)), named(B))
    assert await user(two, two.b.token(), "a.example.com") == "b|alice"
    assert await user(two, two.a.token(), "elsewhere.example") == "a|alice"
    assert two.shown == []
