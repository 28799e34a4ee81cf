"""A provider's metadata, and which of its addresses may be asked (OpenID Connect Discovery 1.0)."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.minting import ISSUER

from profilegate.auth.discovery import Discovery, ProviderMetadata, may_be_asked
from profilegate.auth.refreshed import RETRY
from profilegate.errors import ProviderUnavailable

from .asking import METADATA, Endpoints
from .given import Ticks, issuer

ELSEWHERE = "https://evil.example/x"


def discovery(endpoints: Endpoints, ticks: Ticks | None = None, **changes: Any) -> Discovery:
    return Discovery(issuer(**changes), endpoints.client, ticks or Ticks())


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("https://id.example", "https://id.example/.well-known/openid-configuration"),
        ("https://id.example/", "https://id.example/.well-known/openid-configuration"),
        ("https://id.example/realms/a", "https://id.example/realms/a/.well-known/openid-configuration"),
        ("https://id.example:8443/oidc/", "https://id.example:8443/oidc/.well-known/openid-configuration"),
    ],
)
async def test_the_metadata_are_where_the_standard_has_them(name: str, url: str) -> None:
    """Section 4.1: a final slash is taken away before the well-known path is added."""
    endpoints = Endpoints()
    endpoints.metadata |= {"issuer": name, "jwks_uri": f"{name.rstrip('/')}/jwks"}
    await discovery(endpoints, issuer=name).metadata()
    assert [str(each.url) for each in endpoints.requests] == [url]


async def test_the_metadata_are_what_the_provider_says() -> None:
    assert await discovery(Endpoints()).metadata() == ProviderMetadata(**METADATA)


async def test_what_a_provider_need_not_have_may_be_missing() -> None:
    endpoints = Endpoints()
    endpoints.metadata = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks", "more": {"x": [1]}, "scopes_supported": None}
    found = await discovery(endpoints).metadata()
    assert (found.introspection_endpoint, found.userinfo_endpoint) == (None, None)


@pytest.mark.parametrize("member", ["introspection_endpoint", "userinfo_endpoint"])
@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        "http://id.example/x",
        "https://id.example:8443/x",
        "https://id.example@evil.example/x",
        "https://id.example.evil.example/x",
        "https://idXexample/x",
        "//id.example/x",
        "/x",
        "",
        "javascript:x",
        "https://id.example/x#y",
        "https://id.example\\@evil.example/x",
        "https://[id.example/x",
    ],
)
async def test_an_address_elsewhere_is_as_good_as_none(member: str, url: str) -> None:
    """Our credentials and other people's tokens would be sent there."""
    endpoints = Endpoints()
    endpoints.metadata[member] = url
    found = await discovery(endpoints).metadata()
    assert getattr(found, member) is None
    assert found == ProviderMetadata(**{**METADATA, member: None})


async def test_keys_elsewhere_are_no_keys() -> None:
    endpoints = Endpoints()
    endpoints.metadata["jwks_uri"] = ELSEWHERE
    with pytest.raises(ProviderUnavailable) as caught:
        await discovery(endpoints).metadata()
    assert "issuers.origins" in caught.value.reason
    assert "evil" not in caught.value.reason


@pytest.mark.parametrize("member", ["jwks_uri", "introspection_endpoint", "userinfo_endpoint"])
async def test_an_origin_that_the_settings_list_may_be_asked(member: str) -> None:
    endpoints = Endpoints()
    endpoints.metadata[member] = "https://www.other.example/deep/path?q=1"
    settings = {"origins": ("https://other.example", "https://www.other.example")}
    assert getattr(await discovery(endpoints, **settings).metadata(), member) == endpoints.metadata[member]


@pytest.mark.parametrize(
    "url",
    [
        f"{ISSUER}/x",
        f"{ISSUER}",
        f"{ISSUER}:443/x",
        f"{ISSUER}:/x",
        "https://ID.Example/x",
        "HTTPS://id.example/x",
        f"{ISSUER}/x?tenant=a&b=c",
        "https://listed.example/x",
        "https://listed.example:443/",
        "http://127.0.0.1:9000/x",
    ],
)
def test_its_own_origin_and_listed_ones_may_be_asked(url: str) -> None:
    assert may_be_asked(url, issuer(origins=("https://listed.example", "http://127.0.0.1:9000")))


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example:443/x",
        f"{ISSUER}:444/x",
        f"{ISSUER}:0/x",
        f"{ISSUER}./x",
        "https://listed.example:8443/x",
        "http://127.0.0.1/x",
        "http://127.0.0.1:9001/x",
        "http://localhost:9000/x",
        f"https://user@{ISSUER[8:]}/x",
        f"{ISSUER}/x#f",
        f"{ISSUER}/\u202e",
        f"{ISSUER}/a b",
        f"{ISSUER}/\0",
    ],
)
def test_nothing_else_may_be_asked(url: str) -> None:
    assert not may_be_asked(url, issuer(origins=("https://listed.example", "http://127.0.0.1:9000")))


@given(st.text(max_size=60) | st.text("idexample./:@#?\\[] \t\n0123%", max_size=30).map(lambda text: ISSUER + text))
def test_what_may_be_asked_is_an_address_at_the_issuer(url: str) -> None:
    """httpx, which asks, is the oracle; what it takes for no address it does not ask."""
    if may_be_asked(url, issuer()):
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL:
            return
        assert (parts.scheme, parts.host, parts.port, parts.userinfo) == ("https", "id.example", None, b"")


@pytest.mark.parametrize("name", [ISSUER + "/", ISSUER.upper(), "https://evil.example", "", None, 5, [ISSUER]])
async def test_metadata_of_another_issuer_are_not_believed(name: Any) -> None:
    endpoints = Endpoints()
    endpoints.metadata["issuer"] = name
    with pytest.raises(ProviderUnavailable):
        await discovery(endpoints).metadata()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"<html>", b"{}", b'{"a":' + b"[" * 100_000])
async def test_what_are_no_metadata_are_not_believed(body: bytes) -> None:
    endpoints = Endpoints(**{"openid-configuration": httpx.Response(200, content=body)})
    with pytest.raises(ProviderUnavailable):
        await discovery(endpoints).metadata()


async def test_they_are_kept_for_as_long_as_the_keys() -> None:
    endpoints, ticks = Endpoints(), Ticks()
    known = discovery(endpoints, ticks, key_max_age=100)
    for now in (0, 50, 100):
        ticks.now = now
        await known.metadata()
    assert len(endpoints.requests) == 1


async def test_what_has_proven_wrong_is_fetched_anew_before_it_is_used_again() -> None:
    endpoints, ticks = Endpoints(), Ticks()
    known = discovery(endpoints, ticks)
    await known.metadata()
    endpoints.metadata["jwks_uri"] = f"{ISSUER}/moved"
    ticks.now = RETRY
    known.outdated()
    assert (await known.metadata()).jwks_uri == f"{ISSUER}/moved"


async def test_what_has_only_just_come_is_as_good_as_it_gets() -> None:
    """Else every token would cost two requests while a provider's endpoint is missing."""
    endpoints, ticks = Endpoints(), Ticks()
    known = discovery(endpoints, ticks)
    await known.metadata()
    ticks.now = RETRY - 0.1
    known.outdated()
    await known.metadata()
    assert len(endpoints.requests) == 1


async def test_it_is_so_however_often_the_provider_was_down_before() -> None:
    ticks = Ticks()
    good = httpx.Response(200, json=METADATA)
    moved = httpx.Response(200, json={**METADATA, "jwks_uri": f"{ISSUER}/moved"})
    endpoints = Endpoints(**{"openid-configuration": [httpx.Response(500), good, moved]})
    known = discovery(endpoints, ticks)
    with pytest.raises(ProviderUnavailable):
        await known.metadata()
    ticks.now += RETRY
    await known.metadata()
    ticks.now += 100
    known.outdated()
    assert (await known.metadata()).jwks_uri == f"{ISSUER}/moved"


async def test_while_the_provider_is_down_what_is_known_stays() -> None:
    endpoints = Endpoints(**{"openid-configuration": [httpx.Response(200, json=METADATA), httpx.Response(500)]})
    ticks = Ticks()
    known = discovery(endpoints, ticks)
    await known.metadata()
    ticks.now = RETRY
    known.outdated()
    assert (await known.metadata()).jwks_uri == METADATA["jwks_uri"]


async def test_giving_up_without_a_fetch_under_way_does_nothing() -> None:
    discovery(Endpoints()).close()
