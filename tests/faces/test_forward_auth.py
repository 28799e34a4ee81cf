"""What reverse proxies are answered at /auth/forward."""

from urllib.parse import unquote

import pytest
from tests.faces.fixtures import Serve
from tests.faces.running import OPERATOR, TENANT, Service, address, issuer, key

from profilegate.settings import FieldSettings

PLACE = "/auth/forward"
IDENTITY = {"x-auth-tenant", "x-auth-subject", "x-auth-scope"}
PROFILE = {"x-profile-username", "x-profile-name", "x-profile-avatar"}


async def test_a_good_token_tells_who_is_calling(service: Service) -> None:
    answer = await service.client("alice", scope="orders:write openid").get(PLACE)
    assert answer.status_code == 200
    assert [answer.headers[name] for name in ("x-auth-tenant", "x-auth-subject", "x-auth-scope")] == [
        TENANT,
        "alice",
        "openid orders:write",
    ]
    assert answer.content == b""


async def test_the_profile_is_told_percent_encoded(service: Service) -> None:
    client = service.client("alice")
    await client.patch(
        "/api/profile", json={"name": "Zoë 🐯", "username": "zoe", "avatar": "https://a.example/z?a=1&b=2"}
    )
    told = (await client.get(PLACE)).headers
    assert told["x-profile-name"] == "Zo%C3%AB%20%F0%9F%90%AF"
    assert unquote(told["x-profile-avatar"]) == "https://a.example/z?a=1&b=2"
    assert told["x-profile-username"] == "zoe"


async def test_all_six_are_always_there_so_that_none_of_the_clients_remains(service: Service) -> None:
    told = (await service.client("nobody").get(PLACE)).headers
    assert told.keys() >= IDENTITY | PROFILE
    assert {told[name] for name in PROFILE} == {""}


async def test_asking_makes_no_record(service: Service) -> None:
    await service.client("nobody").get(PLACE)
    assert await service.gate.repository.get(key("nobody")) is None


async def test_an_answer_is_for_one_request(service: Service) -> None:
    assert (await service.client().get(PLACE)).headers["cache-control"] == "no-store"
    assert (await service.stranger().get(PLACE)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer a,b", "Basic YTpi", "Bearer not-a-token", "Bearer a.b.c"],
)
async def test_whatever_is_no_good_token_is_401_with_a_challenge(service: Service, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await service.stranger(headers).get(PLACE)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_two_credentials_are_401(service: Service) -> None:
    twice = [("authorization", f"Bearer {service.token()}"), ("authorization", f"Bearer {service.token('bob')}")]
    assert (await service.stranger().get(PLACE, headers=twice)).status_code == 401


async def test_a_suspended_user_is_403(service: Service) -> None:
    client = service.client("alice")
    await client.get(address("alice"))
    await service.gate.repository.suspend(key("alice"), OPERATOR, service.clock.milliseconds)
    assert (await client.get(PLACE)).status_code == 403


@pytest.mark.parametrize("query", ["?scope=a", "?scope=a+b", "?scope=a&scope=b", "?scope=b%20a", "?scope=", "?other=1"])
async def test_who_has_the_scopes_that_are_asked_for_passes(service: Service, query: str) -> None:
    assert (await service.client("alice", scope="a b").get(PLACE + query)).status_code == 200


@pytest.mark.parametrize("query", ["?scope=a+c", "?scope=a&scope=c", "?scope=A", "?scope=*"])
async def test_who_lacks_one_of_them_is_told_which(service: Service, query: str) -> None:
    answer = await service.client("alice", scope="a b").get(PLACE + query)
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="' in answer.headers["www-authenticate"]


async def test_an_operator_can_be_asked_for(service: Service) -> None:
    assert (await service.client("alice").get(f"{PLACE}?operator=true")).status_code == 403
    assert (await service.client("root", operator=True).get(f"{PLACE}?operator=true")).status_code == 200


async def test_below_the_place_the_query_is_the_clients_own(service: Service) -> None:
    assert (await service.client("alice").get(f"{PLACE}/orders?scope=zz&operator=1")).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", [PLACE, f"{PLACE}/", f"{PLACE}/a/b", f"{PLACE}/%2e%2e/x"])
async def test_every_method_and_path_is_guarded(service: Service, method: str, path: str) -> None:
    assert (await service.client().request(method, path)).status_code == 200
    assert (await service.stranger().request(method, path)).status_code == 401


async def test_a_machine_is_known_but_has_no_profile(service: Service) -> None:
    told = (await service.client("robot", client_id="robot").get(PLACE)).headers
    assert told["x-auth-subject"] == "robot"
    assert {told[name] for name in PROFILE} == {""}


@pytest.mark.parametrize("scope", ["a\r\nx-auth-subject: root", 'a"b', "a\\b", "ä", "a\x00b", "a\x7fb"])
async def test_a_scope_that_is_none_is_left_out(service: Service, scope: str) -> None:
    told = (await service.client("alice", scope=f"good {scope}").get(PLACE)).headers
    assert told["x-auth-subject"] == "alice"
    assert scope not in told["x-auth-scope"]


@pytest.mark.parametrize("user_id", [" root", "root ", " "])
async def test_a_user_id_that_a_header_would_change_passes_for_nobody(service: Service, user_id: str) -> None:
    assert (await service.client(user_id).get(PLACE)).status_code == 403


async def test_a_field_that_is_off_is_not_told(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(avatar="off"))
    client = service.client("alice")
    await client.get(address("alice"))
    told = (await client.get(PLACE)).headers
    assert told["x-profile-avatar"] == ""
    assert told["x-profile-name"] != ""


async def test_a_token_that_may_not_read_the_profile_does_not_learn_it(serve: Serve) -> None:
    service = await serve(issuers=(issuer(scopes={"profile": ("read",)}),))
    await service.client("alice", scope="profile").get(address("alice"))
    told = (await service.client("alice", scope="other").get(PLACE)).headers
    assert told["x-auth-subject"] == "alice"
    assert told["x-profile-name"] == ""
