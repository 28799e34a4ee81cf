"""Proofs of possession through a reverse proxy: they are good for the request that the proxy asks about, once."""

from typing import Any

import httpx
import pytest
from tests.auth.proving import Prover
from tests.faces.fixtures import Serve
from tests.faces.running import PUBLIC_URL, Service

from profilegate.settings import ForwardAuthSettings, ServerSettings

PLACE = "/auth/forward"
APP = "https://app.example.com"
CLIENT = Prover()
PROXY = {
    "x-forwarded-method": "POST",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "app.example.com",
    "x-forwarded-uri": "/orders?page=2",
}


@pytest.fixture
async def behind(serve: Serve) -> Service:
    """The service as a proxy at 127.0.0.1 finds it."""
    server = ServerSettings(public_url=PUBLIC_URL, trusted_proxies=("127.0.0.1",))
    return await serve(server=server, forward_auth=ForwardAuthSettings(addresses=(APP,)))


async def asked(service: Service, path: str = PLACE, method: str = "GET", **changes: Any) -> httpx.Response:
    """The proxy's question; `headers` replaces what it says, `proof` what the client proves."""
    token = service.token("alice", cnf={"jkt": CLIENT.thumbprint})
    said = {"htm": "POST", "htu": f"{APP}/orders", **changes.get("proof", {})}
    credentials = {"authorization": f"DPoP {token}", "dpop": CLIENT.proof(token=token.encode(), **said).decode()}
    told = [*credentials.items(), *changes.get("headers", PROXY.items())]
    return await service.stranger().request(method, path, headers=told)


async def test_a_proof_for_the_original_request_is_taken(behind: Service) -> None:
    assert (await asked(behind)).status_code == 200


@pytest.mark.parametrize(
    "proof",
    [
        {"htm": "GET"},
        {"htu": f"{APP}/other"},
        {"htu": "https://other.example.com/orders"},
        {"htu": "http://app.example.com/orders"},
        {"htu": f"{PUBLIC_URL}/auth/forward", "htm": "GET"},
        {"htu": f"{APP}/auth/forward", "htm": "GET"},
    ],
)
async def test_a_proof_for_another_request_is_refused(behind: Service, proof: dict[str, str]) -> None:
    answer = await asked(behind, proof=proof)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("DPoP ")


async def test_a_proof_is_good_for_one_question(behind: Service) -> None:
    proof = {"jti": "once"}
    assert [(await asked(behind, proof=proof)).status_code for _ in range(2)] == [200, 401]


async def test_an_application_that_is_not_configured_is_nobodys(behind: Service) -> None:
    headers = (PROXY | {"x-forwarded-host": "other.example.com"}).items()
    assert (await asked(behind, headers=headers, proof={"htu": "https://other.example.com/orders"})).status_code == 401


@pytest.mark.parametrize("name", PROXY)
async def test_what_stands_there_twice_is_believed_in_neither_form(behind: Service, name: str) -> None:
    assert (await asked(behind, headers=[*PROXY.items(), (name, PROXY[name])])).status_code == 401


async def test_nobody_but_a_trusted_proxy_says_what_the_original_request_was(serve: Serve) -> None:
    service = await serve(forward_auth=ForwardAuthSettings(addresses=(APP,)))
    assert (await asked(service)).status_code == 401


async def test_below_the_place_the_request_itself_is_the_original(behind: Service) -> None:
    """As Envoy asks: method, path and Host are the client's."""
    headers = [("host", "app.example.com"), ("x-forwarded-proto", "https")]
    assert (await asked(behind, f"{PLACE}/orders", "POST", headers=headers)).status_code == 200
    assert (await asked(behind, f"{PLACE}/other", "POST", headers=headers)).status_code == 401
    assert (await asked(behind, f"{PLACE}/orders", "PUT", headers=headers)).status_code == 401


async def test_below_the_place_no_header_makes_it_another_request(behind: Service) -> None:
    headers = [("host", "app.example.com"), *PROXY.items()]
    assert (await asked(behind, f"{PLACE}/other", "DELETE", headers=headers)).status_code == 401


async def test_a_bearer_token_needs_no_word_on_the_original_request(serve: Serve) -> None:
    service = await serve()
    assert (await service.client("alice").get(PLACE, headers=PROXY)).headers["x-auth-subject"] == "alice"
