"""How a provider's API about its users is asked: with whose token, and how much is believed of what comes back."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from profilegate.errors import ProviderUnavailable
from profilegate.sync.management import Management
from profilegate.sync_settings import ManagementSettings

from .management_api import TOKENS, URL, Clock, Flood, ManagementApi, as_json

SECRET = "the-secret-of-the-client"
SETTINGS: dict[str, Any] = {"url": URL, "token_endpoint": TOKENS, "client_id": "profilegate", "client_secret": SECRET}
ADA = {"id": "ada", "name": "Ada"}

Made = Callable[..., Management]


@pytest.fixture
def api() -> ManagementApi:
    provider = ManagementApi()
    provider.users["ada"] = ADA
    return provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def made(api: ManagementApi, clock: Clock) -> AsyncIterator[Made]:
    """Makes what asks this API, with further settings."""
    running: list[Management] = []

    def make(**settings: Any) -> Management:
        running.append(Management(ManagementSettings(**(SETTINGS | settings)), clock, api.transport))
        return running[-1]

    yield make
    for each in running:
        await each.close()


def redirect() -> httpx.Response:
    return httpx.Response(302, headers={"location": "https://elsewhere.example/token"})


async def test_a_user_is_what_the_api_says(made: Made) -> None:
    assert await made().user("ada") == ADA


@pytest.mark.parametrize("status", [404, 410])
async def test_a_user_who_is_not_there_is_none(made: Made, api: ManagementApi, status: int) -> None:
    api.odd["user"] = lambda: httpx.Response(status)
    assert await made().user("ada") is None


@pytest.mark.parametrize(
    ("subject", "path"),
    [("auth0|a/b", "auth0%7Ca%2Fb"), ("../admin?x=1#y", "..%2Fadmin%3Fx%3D1%23y"), ("a%2Fb", "a%252Fb")],
)
async def test_a_users_id_stays_one_step_of_the_path(made: Made, api: ManagementApi, subject: str, path: str) -> None:
    await made().user(subject)
    assert api.asked == [path]


@pytest.mark.parametrize("subject", ["", ".", ".."])
async def test_what_leads_to_another_path_even_encoded_is_nobodys_id(
    made: Made, api: ManagementApi, subject: str
) -> None:
    assert await made().user(subject) is None
    assert (api.questions, api.elsewhere, api.tokens) == ([], [], [])


async def test_one_token_is_enough_until_near_its_end(made: Made, api: ManagementApi, clock: Clock) -> None:
    asking = made()
    for seconds in (0, 1, 3538, 1):
        clock.pass_by(seconds)
        await asking.user("ada")
    assert api.used() == ["Bearer token-1"] * 3 + ["Bearer token-2"]


async def test_a_token_that_does_not_say_when_it_ends_is_good_for_a_minute(
    made: Made, api: ManagementApi, clock: Clock
) -> None:
    api.lasts, asking = None, made()
    for seconds in (0, 59, 1):
        clock.pass_by(seconds)
        await asking.user("ada")
    assert api.used() == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_the_token_is_had_with_client_credentials_for_what_the_settings_name(
    made: Made, api: ManagementApi
) -> None:
    await made(scope="all", resource="https://default.example/api", audience="users").user("ada")
    wanted = {"scope": "all", "resource": "https://default.example/api", "audience": "users"}
    basic = base64.b64encode(f"profilegate:{SECRET}".encode()).decode()
    assert api.tokens == [{"grant_type": "client_credentials"} | wanted]
    assert api.authorizations == [f"Basic {basic}"]


async def test_what_the_settings_do_not_name_is_not_sent(made: Made, api: ManagementApi) -> None:
    await made().user("ada")
    assert api.tokens == [{"grant_type": "client_credentials"}]


async def test_a_fixed_token_is_used_as_it_is(made: Made, api: ManagementApi) -> None:
    await made(token="fixed", token_endpoint=None, client_id=None, client_secret=None).user("ada")
    assert (api.used(), api.tokens) == (["Bearer fixed"], [])


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"scheme": ""}, "authorization", "fixed"),
        ({"scheme": "SSWS"}, "authorization", "SSWS fixed"),
        ({"header": "X-Api-Key", "scheme": ""}, "x-api-key", "fixed"),
    ],
)
async def test_a_token_goes_where_the_settings_say(
    made: Made, api: ManagementApi, settings: dict[str, str], header: str, value: str
) -> None:
    await made(token="fixed", **settings).user("ada")
    assert [each.headers.get(header) for each in api.questions] == [value]


async def test_further_headers_are_sent_with_every_question(made: Made, api: ManagementApi) -> None:
    asking = made(headers={"apikey": "public", "X-Tenant": "acme"})
    await asking.user("ada")
    await asking.user("ada")
    assert [(each.headers["apikey"], each.headers["x-tenant"]) for each in api.questions] == [("public", "acme")] * 2


async def test_a_token_that_is_refused_is_forgotten(made: Made, api: ManagementApi) -> None:
    asking = made()
    api.odd["user"] = lambda: httpx.Response(401)
    with pytest.raises(ProviderUnavailable):
        await asking.user("ada")
    del api.odd["user"]
    assert await asking.user("ada") == ADA
    assert api.used() == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("status", [400, 403, 429, 500])
async def test_another_refusal_is_no_word_about_the_user_and_the_token_is_kept(
    made: Made, api: ManagementApi, status: int
) -> None:
    asking = made()
    api.odd["user"] = lambda: httpx.Response(status)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await asking.user("ada")
    assert len(api.tokens) == 1


async def test_a_server_that_is_being_restarted_is_asked_once_more(made: Made, api: ManagementApi) -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, json=ADA)])
    api.odd["user"] = lambda: next(answers)
    assert await made().user("ada") == ADA


@pytest.mark.parametrize("body", [[ADA], "ada", None, 7])
async def test_an_answer_that_is_no_object_is_no_user(made: Made, api: ManagementApi, body: object) -> None:
    api.odd["user"] = as_json(body)
    with pytest.raises(ProviderUnavailable):
        await made().user("ada")


async def test_an_answer_that_is_no_json_is_no_user(made: Made, api: ManagementApi) -> None:
    api.odd["user"] = lambda: httpx.Response(200, text="<html>Sign in</html>")
    with pytest.raises(ProviderUnavailable):
        await made().user("ada")


@pytest.mark.parametrize("place", ["token", "user"])
async def test_nobody_is_followed_elsewhere(made: Made, api: ManagementApi, place: str) -> None:
    api.odd[place] = redirect
    with pytest.raises(ProviderUnavailable):
        await made().user("ada")
    assert api.elsewhere == []


@pytest.mark.parametrize("place", ["token", "user"])
async def test_an_answer_that_hardly_ends_is_not_read_to_its_end(made: Made, api: ManagementApi, place: str) -> None:
    flood = Flood()
    api.odd[place] = lambda: httpx.Response(200, stream=flood)
    with pytest.raises(ProviderUnavailable):
        await made().user("ada")
    assert flood.mebibytes < flood.most / 8


@pytest.mark.parametrize("place", ["token", "user"])
async def test_an_answer_that_never_ends_is_given_up(made: Made, api: ManagementApi, place: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"access_token":'
        await asyncio.Event().wait()

    api.odd[place] = lambda: httpx.Response(200, content=endless())
    async with asyncio.timeout(30):
        with pytest.raises(ProviderUnavailable):
            await made(timeout=0.05).user("ada")


@pytest.mark.parametrize(
    "said",
    [
        {"error": "invalid_client"},
        {"token_type": "Bearer"},
        {"access_token": None},
        {"access_token": 7},
        {"access_token": ["token"]},
        ["token"],
        "token",
    ],
)
async def test_without_a_token_nothing_is_asked(made: Made, api: ManagementApi, said: object) -> None:
    api.odd["token"] = as_json(said)
    with pytest.raises(ProviderUnavailable):
        await made().user("ada")
    assert api.questions == []


@pytest.mark.parametrize("status", [400, 401, 500, 503])
async def test_a_token_endpoint_that_refuses_is_asked_again_with_the_next_question(
    made: Made, api: ManagementApi, status: int
) -> None:
    asking = made()
    api.odd["token"] = lambda: httpx.Response(status, json={"error": "invalid_client"})
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await asking.user("ada")
    del api.odd["token"]
    assert await asking.user("ada") == ADA
    assert len(api.tokens) == 3


@pytest.mark.parametrize("place", ["token", "user"])
async def test_a_provider_that_is_down_is_told_apart_from_a_user_who_is_gone(
    made: Made, api: ManagementApi, place: str
) -> None:
    def down() -> httpx.Response:
        raise httpx.ConnectError("refused")

    api.odd[place] = down
    with pytest.raises(ProviderUnavailable):
        await made().user("ada")


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(401), httpx.Response(200, text="no")])
async def test_what_went_wrong_names_neither_the_user_nor_a_secret(
    made: Made, api: ManagementApi, answer: httpx.Response
) -> None:
    api.odd["user"] = lambda: answer
    with pytest.raises(ProviderUnavailable) as raised:
        await made().user("ada")
    told = repr(raised.value) + str(raised.value) + repr(ManagementSettings(**SETTINGS))
    assert [each for each in ("ada", SECRET, "token-1") if each in told] == []
