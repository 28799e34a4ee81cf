"""The stand-in for the provider's userinfo endpoint: its claims, with the record's own laid over them."""

from typing import Any

import httpx
import pytest
from tests.auth.proving import Prover
from tests.faces.fixtures import Serve
from tests.faces.running import Service, issuer, key
from tests.minting import ISSUER

from profilegate.settings import FieldSettings

PATH = "/oidc/userinfo"
SAID = {
    "sub": "alice",
    "name": "Alice at the provider",
    "picture": "https://id.example/alice.png",
    "preferred_username": "alice.provider",
    "updated_at": 1,
    "email": "alice@example.com",
    "https://id.example/roles": ["a", "b"],
}


def says(service: Service, claims: Any = SAID, status: int = 200) -> None:
    service.provider.metadata["userinfo_endpoint"] = f"{ISSUER}/userinfo"
    service.provider.odd["userinfo"] = lambda: httpx.Response(status, json=claims)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_record_stands_over_what_the_provider_says(service: Service, method: str) -> None:
    says(service)
    client = service.client("alice")
    await client.patch("/api/profile", json={"name": "Al", "username": "al", "avatar": "https://a.example/a.png"})
    record = {"name": "Al", "preferred_username": "al", "picture": "https://a.example/a.png"}
    updated = {"updated_at": service.clock.milliseconds // 1000}
    assert (await client.request(method, PATH)).json() == SAID | record | updated


async def test_without_a_record_the_provider_alone_is_heard_and_none_is_made(service: Service) -> None:
    says(service)
    assert (await service.client("alice").get(PATH)).json() == SAID
    assert await service.gate.repository.get(key("alice")) is None


async def test_what_the_user_has_cleared_is_not_said(service: Service) -> None:
    says(service)
    client = service.client("alice")
    await client.patch("/api/profile", json={"name": None, "avatar": None})
    assert not {"name", "picture"} & (await client.get(PATH)).json().keys()


async def test_what_nobody_ever_set_in_the_record_is_the_providers_to_say(service: Service) -> None:
    says(service)
    client = service.client("alice")
    await client.patch("/api/profile", json={"name": "Al"})
    assert (await client.get(PATH)).json()["preferred_username"] == SAID["preferred_username"]


async def test_a_field_that_is_off_is_the_providers(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(avatar="off"))
    says(service)
    client = service.client("alice")
    await client.patch("/api/profile", json={"name": "Al"})
    assert (await client.get(PATH)).json()["picture"] == SAID["picture"]


async def test_an_answer_about_somebody_else_is_none(service: Service) -> None:
    says(service, SAID | {"sub": "bob"})
    answer = await service.client("alice").get(PATH)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


@pytest.mark.parametrize("claims", [{}, {"name": "x"}, {"sub": ""}, {"sub": 7}, {"sub": None}, [], "alice"])
async def test_an_answer_about_nobody_is_none(service: Service, claims: Any) -> None:
    says(service, claims)
    assert (await service.client("alice").get(PATH)).status_code in (401, 503)


@pytest.mark.parametrize(("status", "ours"), [(401, 401), (403, 401), (500, 503), (429, 503), (302, 503), (404, 503)])
async def test_a_refusal_of_the_provider_is_the_tokens_fault_and_an_outage_is_not(
    service: Service, status: int, ours: int
) -> None:
    says(service, SAID, status)
    assert (await service.client("alice").get(PATH)).status_code == ours


async def test_a_stranger_is_401_and_the_provider_is_not_asked(service: Service) -> None:
    says(service)
    answer = await service.stranger().get(PATH)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert not [each for each in service.provider.requests if each.endswith("/userinfo")]


async def test_a_machine_has_no_userinfo(service: Service) -> None:
    says(service)
    assert (await service.client("robot", client_id="robot").get(PATH)).status_code == 403


async def test_a_bound_token_is_not_shown_to_the_provider(service: Service) -> None:
    says(service)
    prover = Prover()
    token = service.token("alice", cnf={"jkt": prover.thumbprint})
    proof = prover.proof(token=token.encode(), htu=f"https://profiles.example{PATH}").decode()
    answer = await service.stranger({"authorization": f"DPoP {token}", "dpop": proof}).get(PATH)
    assert answer.status_code == 401
    assert not [each for each in service.provider.requests if each.endswith("/userinfo")]


async def test_the_subject_is_the_providers_whatever_the_user_id_is(serve: Serve) -> None:
    service = await serve(issuers=(issuer(user_id_prefix="id|"),))
    says(service)
    client = service.client("alice")
    await client.patch("/api/profile", json={"name": "Al"})
    told = (await client.get(PATH)).json()
    assert (told["sub"], told["name"]) == ("alice", "Al")
