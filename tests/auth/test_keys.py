"""The key cache of one issuer: few requests, fresh keys, and calm when the provider is not."""

import asyncio
import gzip
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.minting import ISSUER, NOW, MintingProvider, make_key

from profilegate.auth.discovery import Discovery
from profilegate.auth.issuers import Issuers
from profilegate.auth.keys import Keys
from profilegate.auth.refreshed import RETRY
from profilegate.errors import InvalidToken, ProviderUnavailable

from .given import Ticks, issuer

COOLDOWN, MAX_AGE = 10, 300
ONE_FETCH = [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/jwks"]


class Cache:
    """A cache with the provider behind it and a clock that is moved by hand."""

    def __init__(self, provider: MintingProvider, ticks: Ticks, **changes: Any) -> None:
        self.provider, self.ticks = provider, ticks
        self._client = httpx.AsyncClient(transport=provider.transport)
        settings = issuer(key_cooldown=COOLDOWN, key_max_age=MAX_AGE, **changes)
        self.keys = Keys(settings, Discovery(settings, self._client, ticks), self._client, ticks)

    async def knows(self, kid: str | None, algorithm: str = "ES256") -> bool:
        return bool(await self.keys.candidates(kid, algorithm))

    @property
    def fetches(self) -> int:
        """How often the provider was asked for its keys."""
        return sum(url.endswith("/jwks") for url in self.provider.requests)

    async def fetched(self) -> None:
        """Let a fetch in the background come to its end."""
        await asyncio.sleep(self.provider.delay + 0.05)

    async def close(self) -> None:
        await self._client.aclose()


@pytest.fixture
def provider() -> MintingProvider:
    return MintingProvider()


@pytest.fixture
async def cache(provider: MintingProvider) -> AsyncIterator[Cache]:
    cache = Cache(provider, Ticks())
    yield cache
    await cache.close()


# How often


async def test_fifty_cold_callers_cause_one_fetch(cache: Cache) -> None:
    cache.provider.delay = 0.01
    assert all(await asyncio.gather(*(cache.knows("key-1") for _ in range(50))))
    assert cache.provider.requests == ONE_FETCH


async def test_known_keys_cause_no_fetch(cache: Cache) -> None:
    await cache.knows("key-1")
    cache.ticks.now = MAX_AGE
    assert await cache.knows("key-1")
    assert cache.fetches == 1


async def test_a_cold_caller_with_an_unknown_id_causes_one_fetch(cache: Cache) -> None:
    assert not await cache.knows("made-up")
    assert cache.provider.requests == ONE_FETCH


async def test_a_rotation_is_seen_at_once(cache: Cache) -> None:
    await cache.knows("key-1")
    cache.provider.rotate("key-2")
    assert await cache.knows("key-2")
    assert cache.fetches == 2


async def test_fifty_made_up_ids_at_once_cause_one_fetch(cache: Cache) -> None:
    await cache.knows("key-1")
    cache.provider.delay = 0.01
    assert not any(await asyncio.gather(*(cache.knows(f"made-up-{n}") for n in range(50))))
    assert cache.fetches == 2


async def test_fifty_made_up_ids_in_turn_cause_one_fetch_per_cooldown(cache: Cache) -> None:
    await cache.knows("key-1")
    for n in range(50):
        assert not await cache.knows(f"made-up-{n}")
    assert cache.fetches == 2
    cache.ticks.now += COOLDOWN
    assert not await cache.knows("made-up")
    assert cache.fetches == 3


async def test_a_rotation_straight_after_another_is_seen_after_the_cooldown_at_the_latest(cache: Cache) -> None:
    await cache.knows("key-1")
    cache.provider.rotate("key-2")
    assert await cache.knows("key-2")
    cache.provider.rotate("key-3")
    await cache.knows("key-3")
    cache.ticks.now += COOLDOWN
    assert await cache.knows("key-3")


async def test_a_rotation_during_the_cooldown_is_seen_after_it(cache: Cache) -> None:
    await cache.knows("made-up")
    cache.provider.rotate("key-2")
    cache.ticks.now += COOLDOWN
    assert await cache.knows("key-2")


async def test_a_known_id_with_another_algorithm_is_treated_like_an_unknown_id(cache: Cache) -> None:
    await cache.knows("key-1")
    for _ in range(50):
        assert not await cache.knows("key-1", "RS256")
    assert cache.fetches == 2


# Which keys


async def test_a_token_without_id_may_be_signed_by_any_key_of_its_algorithm(cache: Cache) -> None:
    assert await cache.knows(None)
    assert not await cache.knows(None, "RS256")


async def test_the_key_that_a_token_names_comes_before_keys_without_id(cache: Cache) -> None:
    nameless = [make_key("ES256", "").as_dict(private=False) for _ in range(5)]
    named = {**make_key("ES256", "").as_dict(private=False), "kid": "named"}
    document = json.dumps({"keys": [*({**key, "kid": None} for key in nameless), named]})
    cache.provider.odd["jwks"] = lambda: httpx.Response(200, content=document)
    found = await cache.keys.candidates("named", "ES256")
    assert "named" in {key.id for key in found}


async def test_a_token_is_tried_with_a_handful_of_keys_only(cache: Cache) -> None:
    for _ in range(20):
        cache.provider.rotate("same", keep=True)
    assert len(await cache.keys.candidates("same", "ES256")) <= 4


# The provider is down


async def test_without_keys_and_provider_nobody_can_be_verified(cache: Cache) -> None:
    cache.provider.down = True
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-1")


async def test_a_provider_that_is_down_is_asked_twice_per_retry(cache: Cache) -> None:
    """Twice at once, because a connection that was kept too long fails like a provider that is down."""
    cache.provider.down = True
    for _ in range(20):
        with pytest.raises(ProviderUnavailable):
            await cache.knows("key-1")
    assert len(cache.provider.requests) == 2
    cache.ticks.now += RETRY
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-1")
    assert len(cache.provider.requests) == 4


async def test_a_provider_that_comes_back_is_used_again(cache: Cache) -> None:
    cache.provider.down = True
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-1")
    cache.provider.down = False
    cache.ticks.now += RETRY
    assert await cache.knows("key-1")


@pytest.mark.parametrize("age", [1, MAX_AGE + 1, 100 * MAX_AGE])
async def test_known_keys_go_on_working_while_the_provider_is_down(cache: Cache, age: float) -> None:
    await cache.knows("key-1")
    cache.provider.down = True
    cache.ticks.now += age
    for _ in range(5):
        assert await cache.knows("key-1")
        await cache.fetched()
        cache.ticks.now += RETRY


@pytest.mark.parametrize("later", [0, 1, RETRY, RETRY + 1, COOLDOWN - 1, COOLDOWN, 2 * COOLDOWN])
async def test_an_unknown_key_is_never_called_invalid_while_the_provider_is_down(cache: Cache, later: float) -> None:
    await cache.knows("key-1")
    cache.provider.rotate("key-2")
    cache.provider.down = True
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-2")
    cache.ticks.now += later
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-2")


@pytest.mark.parametrize("timeout", [0.05])
async def test_a_slow_provider_is_not_waited_for(provider: MintingProvider, timeout: float) -> None:
    cache = Cache(provider, Ticks(), timeout=timeout)
    provider.delay = 30
    async with asyncio.timeout(20):
        with pytest.raises(ProviderUnavailable):
            await cache.knows("key-1")
    await cache.close()


# The keys get old


async def test_old_keys_are_refreshed_without_anybody_waiting(cache: Cache) -> None:
    await cache.knows("key-1")
    cache.ticks.now += MAX_AGE + 1
    cache.provider.delay = 30
    async with asyncio.timeout(20):
        assert all(await asyncio.gather(*(cache.knows("key-1") for _ in range(50))))
    assert cache.fetches == 2
    cache.keys.close()


async def test_a_withdrawn_key_stops_working_after_the_first_use_beyond_its_age(cache: Cache) -> None:
    await cache.knows("key-1")
    cache.provider.rotate("key-2")
    cache.ticks.now += MAX_AGE + 1
    await cache.knows("key-1")
    await cache.fetched()
    assert not await cache.knows("key-1")


async def test_keys_that_nobody_asked_about_for_long_are_not_believed_again(cache: Cache) -> None:
    """A withdrawn, perhaps stolen, key must not get one more use after a quiet night."""
    await cache.knows("key-1")
    cache.provider.rotate("key-2")
    cache.ticks.now += 100 * MAX_AGE
    assert not await cache.knows("key-1")


async def test_after_a_quiet_night_with_the_provider_down_an_unknown_id_is_an_outage_not_a_refusal(
    cache: Cache,
) -> None:
    await cache.knows("key-1")
    cache.provider.down = True
    cache.ticks.now += 100 * MAX_AGE
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-2")


async def test_while_the_provider_is_down_only_one_caller_waits_for_it(cache: Cache) -> None:
    """The others, also long after, are served with the known keys at once."""
    await cache.knows("key-1")
    cache.provider.down = True
    cache.ticks.now += 100 * MAX_AGE
    assert await cache.knows("key-1")
    cache.provider.delay = 30
    cache.ticks.now += 10 * RETRY
    assert await asyncio.wait_for(cache.knows("key-1"), 20)
    cache.keys.close()


async def test_a_caller_that_goes_away_does_not_end_the_fetch_for_others(cache: Cache) -> None:
    cache.provider.delay = 0.02
    first, second = (asyncio.create_task(cache.knows("key-1")) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second
    assert first.cancelled()
    assert cache.provider.requests == ONE_FETCH


async def test_when_every_caller_goes_away_the_fetch_still_ends(cache: Cache) -> None:
    cache.provider.delay = 0.02
    caller = asyncio.create_task(cache.knows("key-1"))
    await asyncio.sleep(0.01)
    caller.cancel()
    await cache.fetched()
    assert cache.provider.requests == ONE_FETCH
    assert await cache.knows("key-1")
    assert cache.fetches == 1


# The provider answers oddly

BOMB = gzip.compress(bytes(60_000_000))

ANSWERS: dict[str, Callable[[], httpx.Response]] = {
    "redirect": lambda: httpx.Response(302, headers={"location": f"{ISSUER}/elsewhere"}),
    "permanent redirect": lambda: httpx.Response(308, headers={"location": "https://evil.example/"}),
    "204": lambda: httpx.Response(204),
    "404": lambda: httpx.Response(404),
    "500": lambda: httpx.Response(500),
    "503 with a document": lambda: httpx.Response(503, json={"issuer": ISSUER, "jwks_uri": ONE_FETCH[1], "keys": []}),
    "HTML": lambda: httpx.Response(200, html="<html></html>"),
    "nothing": lambda: httpx.Response(200),
    "null": lambda: httpx.Response(200, content="null"),
    "a list": lambda: httpx.Response(200, content="[]"),
    "no UTF-8": lambda: httpx.Response(200, content=b'{"issuer": "\xff", "keys": ["\xff"]}'),
    "a lone surrogate": lambda: httpx.Response(200, content=b'{"issuer": "\\ud800", "keys": ["\\ud800"]}'),
    "nested": lambda: httpx.Response(200, content=b'{"keys": ' + b"[" * 100_000),
    "2 MB": lambda: httpx.Response(200, content=b" " * 2_000_000 + b"{}"),
    "broken gzip": lambda: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x")),
    "gzip bomb": lambda: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(BOMB)),
    "empty key set": lambda: httpx.Response(200, content='{"keys": []}'),
    "only secrets": lambda: httpx.Response(200, content='{"keys": [{"kty": "oct", "k": "AAAA"}]}'),
}


@pytest.mark.parametrize("path", ["openid-configuration", "jwks"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_odd_answer_is_an_outage_of_the_provider(
    cache: Cache, path: str, answer: Callable[[], httpx.Response]
) -> None:
    cache.provider.odd[path] = answer
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-1")
    assert set(cache.provider.requests) <= set(ONE_FETCH)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_odd_answer_does_not_take_known_keys_away(cache: Cache, answer: Callable[[], httpx.Response]) -> None:
    await cache.knows("key-1")
    cache.provider.odd["jwks"] = answer
    cache.ticks.now += MAX_AGE + 1
    await cache.knows("key-1")
    await cache.fetched()
    assert await cache.knows("key-1")


METADATA: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "issuer with a slash": {"issuer": ISSUER + "/"},
    "issuer in other case": {"issuer": ISSUER.upper()},
    "issuer null": {"issuer": None},
    "issuer a list": {"issuer": [ISSUER]},
    "http": {"jwks_uri": "http://id.example/jwks"},
    "http on loopback": {"jwks_uri": "http://127.0.0.1/jwks"},
    "file": {"jwks_uri": "file:///etc/passwd"},
    "data": {"jwks_uri": "data:application/json,{}"},
    "relative": {"jwks_uri": "/jwks"},
    "without host": {"jwks_uri": "https:///jwks"},
    "user info": {"jwks_uri": "https://id.example@evil.example/jwks"},
    "broken address": {"jwks_uri": "https://[::1/jwks"},
    "fragment": {"jwks_uri": "https://id.example/jwks#x"},
    "port of letters": {"jwks_uri": "https://id.example:abc/jwks"},
    "port too large": {"jwks_uri": "https://id.example:99999/jwks"},
    "line break": {"jwks_uri": "https://id.example/jwks\n2026-01-28 ERROR forged"},
    "NUL": {"jwks_uri": "https://id.example/\0"},
    "very long": {"jwks_uri": "https://id.example/" + "x" * 100_000},
    "empty": {"jwks_uri": ""},
    "null": {"jwks_uri": None},
}


@pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA.keys())
async def test_metadata_that_cannot_be_trusted_leads_nowhere(cache: Cache, metadata: dict[str, Any]) -> None:
    cache.provider.metadata |= metadata
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-1")
    assert cache.provider.requests == ONE_FETCH[:1]


@pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA.keys())
async def test_metadata_cannot_forge_or_flood_the_log(
    cache: Cache, metadata: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    cache.provider.metadata |= metadata
    logger = logging.getLogger("profilegate.auth")
    logger.addHandler(caplog.handler)
    try:
        with pytest.raises(ProviderUnavailable):
            await cache.knows("key-1")
    finally:
        logger.removeHandler(caplog.handler)
    for record in caplog.records:
        assert record.getMessage().isprintable()
        assert len(record.getMessage()) < 2000


async def test_a_jwks_uri_may_have_a_query(cache: Cache) -> None:
    cache.provider.metadata["jwks_uri"] += "?p=policy"
    assert await cache.knows("key-1")


async def test_a_loopback_issuer_may_have_its_keys_on_http() -> None:
    provider = MintingProvider("http://127.0.0.1:9000")
    cache = Cache(provider, Ticks(), issuer=provider.issuer)
    assert await cache.knows("key-1")
    await cache.close()


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("garbage"),
        httpx.TooManyRedirects("loop"),
        httpx.InvalidURL("odd"),
        OSError("network"),
        OverflowError("port must be 0-65535"),
        ExceptionGroup("unhandled errors in a TaskGroup", [OverflowError("port must be 0-65535")]),
        RuntimeError("Cannot send a request, as the client has been closed."),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_goes_wrong_on_the_way_is_an_outage_of_the_provider(error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as client:
        with pytest.raises(ProviderUnavailable):
            await Keys(issuer(), Discovery(issuer(), client, Ticks()), client, Ticks()).candidates("key-1", "ES256")


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
async def test_a_compressed_answer_takes_little_memory(cache: Cache, encoding: str) -> None:
    body = BOMB if encoding == "gzip" else gzip.compress(BOMB)
    headers = {"content-encoding": encoding}
    cache.provider.odd["jwks"] = lambda: httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))
    tracemalloc.start()
    with pytest.raises(ProviderUnavailable):
        await cache.knows("key-1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16_000_000


# What causes no request at all


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {"iss": "https://evil.example"}),
        ({}, {"iss": ISSUER + "/"}),
        ({}, {"iss": None}),
        ({}, {"iss": [ISSUER]}),
        ({"typ": "JWT"}, {}),
        ({"typ": "logout+jwt"}, {}),
        ({"crit": ["exp"]}, {}),
        ({"b64": True}, {}),
    ],
)
async def test_a_hopeless_token_costs_no_request(
    provider: MintingProvider, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    issuers = Issuers([issuer()], lambda: NOW, Ticks(), provider.transport)
    with pytest.raises(InvalidToken):
        await issuers.principal(provider.token(header, **claims).encode())
    assert provider.requests == []
    await issuers.close()


async def test_an_algorithm_that_is_not_listed_costs_no_request(provider: MintingProvider) -> None:
    issuers = Issuers([issuer(algorithms=("RS256",))], lambda: NOW, Ticks(), provider.transport)
    with pytest.raises(InvalidToken):
        await issuers.principal(provider.token().encode())
    assert provider.requests == []
    await issuers.close()


@pytest.mark.parametrize("offer", ["jku", "x5u"])
async def test_no_address_in_a_token_is_ever_fetched(provider: MintingProvider, offer: str) -> None:
    issuers = Issuers([issuer()], lambda: NOW, Ticks(), provider.transport)
    token = provider.token({offer: "https://evil.example/keys"}, key=make_key("ES256", "key-1"))
    with pytest.raises(InvalidToken):
        await issuers.principal(token.encode())
    assert provider.requests == ONE_FETCH
    await issuers.close()
