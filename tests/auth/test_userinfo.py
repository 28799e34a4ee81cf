"""What a provider's userinfo endpoint says to the holder of an opaque token (OpenID Connect Core, section 5.3)."""

from typing import Any

import httpx
import pytest
from tests.minting import ISSUER

from profilegate.auth.discovery import Discovery
from profilegate.auth.principal import Principal, principal_of
from profilegate.auth.userinfo import Userinfo
from profilegate.errors import InvalidToken, ProviderSilent, ProviderUnavailable

from .asking import Endpoints
from .given import Ticks, issuer

TOKEN = "mF_9.B5f-4.1JqM"
# OpenID Connect Core, section 5.3.2.
EXAMPLE = {
    "sub": "248289761001",
    "name": "Jane Doe",
    "given_name": "Jane",
    "family_name": "Doe",
    "preferred_username": "j.doe",
    "email": "janedoe@example.com",
    "picture": "http://example.com/janedoe/me.jpg",
}


def userinfo(endpoints: Endpoints) -> Userinfo:
    settings = issuer(userinfo=True, timeout=0.5)
    return Userinfo(settings, Discovery(settings, endpoints.client, Ticks()), endpoints.client)


async def caller(said: dict[str, Any], **changes: Any) -> Principal:
    claims = await userinfo(Endpoints(userinfo=said)).claims(TOKEN)
    return principal_of(claims, issuer(userinfo=True, **changes), "userinfo")


async def test_the_example_of_the_standard_is_its_user() -> None:
    assert await userinfo(Endpoints(userinfo=EXAMPLE)).claims(TOKEN) == EXAMPLE
    found = await caller(EXAMPLE)
    assert (found.user_id, found.permissions, found.is_machine) == ("248289761001", {"read"}, False)
    assert (found.issued_at, found.expires_at, found.confirmation) == (None, None, None)


async def test_the_token_itself_is_what_is_shown_and_only_to_the_endpoint() -> None:
    endpoints = Endpoints(userinfo=EXAMPLE)
    await userinfo(endpoints).claims(TOKEN)
    (asked,) = endpoints.asked("userinfo")
    assert (asked.method, str(asked.url)) == ("GET", f"{ISSUER}/userinfo")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    (discovery,) = endpoints.asked("openid-configuration")
    assert "authorization" not in discovery.headers


@pytest.mark.parametrize("endpoint", [None, "https://evil.example/userinfo", "http://id.example/userinfo", "/userinfo"])
async def test_without_an_endpoint_that_may_be_asked_nothing_is_sent(endpoint: str | None) -> None:
    endpoints = Endpoints(userinfo=EXAMPLE)
    endpoints.metadata["userinfo_endpoint"] = endpoint
    with pytest.raises(ProviderUnavailable):
        await userinfo(endpoints).claims(TOKEN)
    assert endpoints.asked("userinfo") == []


@pytest.mark.parametrize("endpoint", [f"{ISSUER}/userinfo\n", f"{ISSUER}/" + "x" * 70_000], ids=["line break", "long"])
async def test_an_endpoint_that_cannot_be_asked_is_the_providers_trouble(endpoint: str) -> None:
    endpoints = Endpoints(userinfo=EXAMPLE)
    endpoints.metadata["userinfo_endpoint"] = endpoint
    with pytest.raises(ProviderUnavailable):
        await userinfo(endpoints).claims(TOKEN)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_token_that_is_not_taken_is_invalid(status: int) -> None:
    endpoints = Endpoints(userinfo=httpx.Response(status, json=EXAMPLE))
    with pytest.raises(InvalidToken) as caught:
        await userinfo(endpoints).claims(TOKEN)
    assert TOKEN not in caught.value.reason


@pytest.mark.parametrize("status", [201, 204, 301, 302, 404, 405, 407, 408, 418, 429, 500, 501, 502, 503, 504])
async def test_any_other_status_is_the_providers_trouble(status: int) -> None:
    with pytest.raises(ProviderUnavailable):
        await userinfo(Endpoints(userinfo=httpx.Response(status, json=EXAMPLE))).claims(TOKEN)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"<html>", b"\xff", b"eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_json_object_is_the_providers_trouble(body: bytes) -> None:
    """A signed answer, too: it is made only for clients that asked for one when they registered."""
    with pytest.raises(ProviderUnavailable):
        await userinfo(Endpoints(userinfo=httpx.Response(200, content=body))).claims(TOKEN)


async def test_silence_is_told_from_an_answer() -> None:
    with pytest.raises(ProviderSilent):
        await userinfo(Endpoints(userinfo=httpx.ConnectError("x"))).claims(TOKEN)


@pytest.mark.parametrize("sub", [None, "", 5, ["alice"], {}])
async def test_without_a_subject_it_is_nobody(sub: Any) -> None:
    with pytest.raises(InvalidToken):
        await userinfo(Endpoints(userinfo={**EXAMPLE, "sub": sub})).claims(TOKEN)


# Nothing of it is about the token

ABOUT_TOKENS: dict[str, Any] = {
    "aud": "other",
    "azp": "248289761001",
    "client_id": "248289761001",
    "cnf": {"jkt": "x"},
    "exp": 1,
    "gty": "client-credentials",
    "iat": 1,
    "iss": "https://evil.example",
    "nbf": 10**12,
    "scope": "openid profile email admin",
    "scp": ["admin"],
}


@pytest.mark.parametrize("name", ABOUT_TOKENS)
async def test_a_users_claim_is_not_taken_for_one_of_the_token(name: str) -> None:
    said = {**EXAMPLE, name: ABOUT_TOKENS[name]}
    assert await userinfo(Endpoints(userinfo=said)).claims(TOKEN) == EXAMPLE
    assert await caller(said) == await caller(EXAMPLE)


async def test_the_users_profile_is_taken_along() -> None:
    claimed = (await caller(EXAMPLE)).claimed
    assert (claimed.name, claimed.avatar) == ("Jane Doe", "http://example.com/janedoe/me.jpg")
