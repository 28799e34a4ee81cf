"""Tokens and proofs: asked for, sent to one service, and shown to nobody."""

import logging

import httpx
import pytest
from tests.clients.scripted import URL, answer, busy, refused, world

from profilegate.client import ClientError, ProfileClient, ProfilePatch

SECRET = "the-secret-token"


async def given() -> str:
    return SECRET


@pytest.mark.parametrize("token", [lambda: SECRET, given], ids=["a function", "a coroutine"])
async def test_the_token_goes_with_each_request(token: object) -> None:
    asked = world(token=token)  # type: ignore[arg-type]
    await asked.client.me.get()
    assert asked.service.asked[0].headers["authorization"] == f"Bearer {SECRET}"


async def test_a_refused_token_is_followed_by_another_once() -> None:
    tokens = iter(["old", "new", "newer"])
    asked = world(refused(), answer(), token=lambda: next(tokens))
    await asked.client.me.patch(ProfilePatch(name="Ann"))
    assert [each.headers["authorization"] for each in asked.service.asked] == ["Bearer old", "Bearer new"]


async def test_two_refused_tokens_are_an_error() -> None:
    tokens = iter("abcdef")
    asked = world(refused(), token=lambda: next(tokens))
    with pytest.raises(ClientError) as caught:
        await asked.client.me.get()
    assert (caught.value.status, caught.value.code) == (401, "auth.unauthorized")
    assert len(asked.service.asked) == 2


async def test_a_refused_token_is_not_sent_twice() -> None:
    asked = world(refused())
    with pytest.raises(ClientError):
        await asked.client.me.get()
    assert asked.methods == ["GET"]


async def test_any_other_401_is_final() -> None:
    tokens = iter("abcdef")
    asked = world(refused("insufficient_user_authentication"), token=lambda: next(tokens))
    with pytest.raises(ClientError):
        await asked.client.me.get()
    assert asked.methods == ["GET"]


@pytest.mark.parametrize("token", [None, "", "two words", "a\r\nx: y", b"bytes"], ids=repr)
async def test_what_is_no_token_is_neither_sent_nor_shown(token: object) -> None:
    asked = world(token=lambda: token)
    with pytest.raises(ValueError, match=r"gave something that is no access token\Z"):
        await asked.client.me.get()
    assert asked.service.asked == []


async def test_an_error_of_the_callback_is_the_programs_own() -> None:
    def failing() -> str:
        raise LookupError("signed out")

    with pytest.raises(LookupError, match="signed out"):
        await world(token=failing).client.me.get()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "/elsewhere", "http://profiles.example/api/profile"])
async def test_no_redirect_is_followed(elsewhere: str) -> None:
    asked = world(httpx.Response(307, headers={"location": elsewhere}))
    with pytest.raises(ClientError) as caught:
        await asked.client.me.get()
    assert (caught.value.status, caught.value.code, len(asked.service.asked)) == (307, "redirected", 1)


@pytest.mark.parametrize("user_id", ["//evil.example", "@evil.example", "../../x", "a?b#c", "..", ".", "%2e%2e", "é"])
async def test_no_user_id_leads_to_another_address(user_id: str) -> None:
    asked = world()
    with pytest.raises(ClientError):
        await asked.client.profiles.get(user_id)
    (request,) = asked.service.asked
    assert (request.url.scheme, request.url.host) == ("https", "profiles.example")
    assert request.url.raw_path.startswith(b"/v1/profiles/user/")
    assert request.url.raw_path.count(b"/") == 4
    assert b"?" not in request.url.raw_path


@pytest.mark.parametrize(
    "url",
    [
        "profiles.example",
        "ftp://x.example",
        "https://",
        "https://u:p@x.example",
        "https://x?y",
        "https://x#y",
        "https://x:port",
    ],
)
def test_a_url_that_no_service_can_have_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        ProfileClient(url, lambda: SECRET)


async def test_a_service_may_be_mounted_under_a_path() -> None:
    asked = world()
    client = ProfileClient(f"{URL}/api-gateway/", lambda: SECRET, transport=asked.service)
    await client.me.get()
    assert str(asked.service.asked[0].url) == f"{URL}/api-gateway/api/profile"


async def test_the_token_is_in_no_log_and_in_no_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked = world(busy(), refused(), token=lambda: SECRET)
    with pytest.raises(ClientError) as caught:
        await asked.client.me.get()
    shown = [caplog.text, repr(asked.client), str(asked.client), repr(caught.value), str(caught.value)]
    assert not [text for text in shown if SECRET in text]
    assert repr(asked.client) == "ProfileClient('https://profiles.example')"


class Prover:
    """A hook that remembers for what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str | None]] = []

    def __call__(self, method: str, url: str, token: str, nonce: str | None) -> dict[str, str]:
        self.asked.append((method, url, token, nonce))
        return {"dpop": f"proof {len(self.asked)}"}


async def test_each_request_has_a_proof_of_its_own() -> None:
    prover = Prover()
    asked = world(busy(), answer(200, {"username": "ann", "available": True}), token=lambda: "bound", proof=prover)
    await asked.client.me.username_availability("ann")
    assert prover.asked == [("GET", f"{URL}/api/profile/username-availability", "bound", None)] * 2
    assert [each.headers["dpop"] for each in asked.service.asked] == ["proof 1", "proof 2"]
    assert asked.service.asked[0].headers["authorization"] == "DPoP bound"


async def test_a_wanted_nonce_is_given_once_and_kept() -> None:
    prover = Prover()
    asked = world(refused("use_dpop_nonce", dpop_nonce="n1"), answer(), proof=prover)
    await asked.client.me.patch(ProfilePatch(name="Ann"))
    await asked.client.me.get()
    assert [nonce for *_, nonce in prover.asked] == [None, "n1", "n1"]


async def test_a_service_that_is_never_content_with_a_nonce_is_asked_twice() -> None:
    asked = world(refused("use_dpop_nonce", dpop_nonce="n"), proof=Prover())
    with pytest.raises(ClientError):
        await asked.client.me.get()
    assert asked.methods == ["GET"] * 2
