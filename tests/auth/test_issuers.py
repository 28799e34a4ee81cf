"""Several issuers at once: whose token it is decides whose keys count, and nothing else does."""

from collections.abc import Callable

import httpx
import pytest
from tests.minting import NOW, MintingProvider

from profilegate.auth.issuers import Issuers
from profilegate.errors import InvalidToken, ProviderUnavailable

from .given import Ticks, issuer

A, B = "https://a.example", "https://b.example"


class Two:
    """Two providers that both call their key "key-1", and the issuers that know them."""

    def __init__(self, **changes: object) -> None:
        self.a, self.b = MintingProvider(A), MintingProvider(B)
        settings = [
            issuer(issuer=A, user_id_prefix="a|", tenant="one", **changes),
            issuer(issuer=B, user_id_prefix="b|", tenant="two", aliases=(A,)),
        ]
        self.issuers = Issuers(settings, lambda: NOW, Ticks(), httpx.MockTransport(self._answer))

    async def user(self, token: str) -> tuple[str, str]:
        principal = await self.issuers.principal(token.encode())
        return principal.tenant_id, principal.user_id

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        provider = self.a if request.url.host == "a.example" else self.b
        return await provider.transport.handle_async_request(request)


async def test_each_token_is_verified_with_its_own_issuers_key() -> None:
    two = Two()
    assert await two.user(two.a.token()) == ("one", "a|alice")
    assert await two.user(two.b.token()) == ("two", "b|alice")


FORGED: dict[str, Callable[[Two], str]] = {
    "A's token with B's key": lambda two: two.a.token(key=two.b.keys[0]),
    "B's token with A's key": lambda two: two.b.token(key=two.a.keys[0]),
    "A's token that says B": lambda two: two.a.token(iss=B),
    "A's token without key id, with B's key": lambda two: two.a.token({"kid": None}, key=two.b.keys[0]),
    "both issuers": lambda two: two.a.token(iss=[A, B]),
    "alias with a slash": lambda two: two.a.token(iss=A + "/"),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("warm", [True, False])
async def test_keys_never_cross_issuers(forged: Callable[[Two], str], warm: bool) -> None:
    two = Two()
    if warm:
        await two.user(two.a.token())
        await two.user(two.b.token())
    with pytest.raises(InvalidToken):
        await two.user(forged(two))


async def test_a_key_id_of_one_issuer_is_unknown_to_the_other() -> None:
    two = Two()
    two.b.rotate("key-of-b")
    await two.user(two.b.token())
    with pytest.raises(InvalidToken):
        await two.user(two.a.token(key=two.b.keys[0]))


async def test_an_issuer_whose_metadata_vouches_for_another_is_not_believed() -> None:
    two = Two()
    two.a.metadata = two.b.metadata
    with pytest.raises(ProviderUnavailable):
        await two.user(two.a.token())


async def test_an_issuer_that_is_down_does_not_hinder_the_other() -> None:
    two = Two()
    two.a.down = True
    with pytest.raises(ProviderUnavailable):
        await two.user(two.a.token())
    assert await two.user(two.b.token()) == ("two", "b|alice")


async def test_the_rules_of_one_issuer_do_not_relax_the_other() -> None:
    two = Two(require_at_jwt=False)
    assert await two.user(two.a.token({"typ": "JWT"})) == ("one", "a|alice")
    with pytest.raises(InvalidToken):
        await two.user(two.b.token({"typ": "JWT"}))


async def test_every_request_to_a_provider_says_who_asks() -> None:
    agents: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        agents.append(request.headers["user-agent"])
        return httpx.Response(500)

    issuers = Issuers([issuer(issuer=A)], lambda: NOW, Ticks(), httpx.MockTransport(answer))
    with pytest.raises(ProviderUnavailable):
        await issuers.principal(MintingProvider(A).token().encode())
    assert agents == ["profilegate"]
    await issuers.close()
