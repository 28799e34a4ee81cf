"""When a key is looked for once more at the provider, to the second."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.minting import NOW, MintingProvider, make_key

from profilegate.auth.discovery import Discovery
from profilegate.auth.issuers import Issuers
from profilegate.auth.keys import Keys
from profilegate.auth.refreshed import RETRY
from profilegate.errors import InvalidToken

from .given import Ticks, issuer

COOLDOWN = 10


class World:
    """A provider, and the keys that are known of it."""

    def __init__(self) -> None:
        self.provider, self.ticks = MintingProvider(), Ticks()
        self.client = httpx.AsyncClient(transport=self.provider.transport)
        settings = issuer(key_cooldown=COOLDOWN)
        self.keys = Keys(settings, Discovery(settings, self.client, self.ticks), self.client, self.ticks)

    async def knows(self, kid: str) -> bool:
        return bool(await self.keys.candidates(kid, "ES256"))

    @property
    def fetches(self) -> int:
        return sum(url.endswith("/jwks") for url in self.provider.requests)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    made.keys.close()
    await made.client.aclose()


async def test_one_rotation_after_another_is_seen_at_once(world: World) -> None:
    """Only a search in vain begins the cool-down."""
    await world.knows("key-1")
    for n in range(2, 6):
        world.provider.rotate(f"key-{n}")
        assert await world.knows(f"key-{n}")
        assert world.fetches == n


async def test_after_a_search_in_vain_there_is_none_until_the_cooldown_is_over(world: World) -> None:
    await world.knows("key-1")
    assert not await world.knows("made-up")
    for later in (0.0, COOLDOWN - 0.5):
        world.ticks.now = later
        assert not await world.knows("made-up")
        assert world.fetches == 2
    world.ticks.now = COOLDOWN
    assert not await world.knows("made-up")
    assert world.fetches == 3


@pytest.mark.parametrize(("age", "fetches"), [(0.0, 1), (RETRY - 0.5, 1), (RETRY, 2), (RETRY + 0.5, 2)])
async def test_keys_that_were_tried_in_vain_are_fetched_anew_unless_they_are_the_newest(
    world: World, age: float, fetches: int
) -> None:
    (tried,) = await world.keys.candidates("key-1", "ES256")
    world.provider.keys = [make_key("ES256", "key-1")]
    world.ticks.now = age
    found = await world.keys.searched("key-1", "ES256", {tried.thumbprint})
    assert (len(found), world.fetches) == (fetches - 1, fetches)


async def test_a_key_that_was_rotated_under_its_id_is_found() -> None:
    provider, ticks = MintingProvider(), Ticks()
    known = Issuers([issuer()], lambda: NOW, ticks, provider.transport)
    old = provider.keys[0]
    await known.principal(provider.token().encode())
    provider.keys = [make_key("ES256", "key-1")]
    ticks.now = RETRY
    assert (await known.principal(provider.token().encode())).user_id == "alice"
    with pytest.raises(InvalidToken):
        await known.principal(provider.token(key=old).encode())
    await known.close()
