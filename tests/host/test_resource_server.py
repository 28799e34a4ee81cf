"""The gate alone, as a plugin: no record, no database."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, get
from tests.auth.proving import Prover
from tests.faces.running import in_a_task
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider

from profilegate.errors import InvalidConfiguration
from profilegate.host import CurrentPrincipal, CurrentProfile, current_principal, current_profile, require
from profilegate.resource_server import OIDCResourceServer
from profilegate.settings import DPoPSettings, IssuerSettings

RESOURCE = "https://api.example.com/v1"
ISSUERS = [IssuerSettings(issuer=ISSUER, audiences=(AUDIENCE,), tenant="t")]


@get("/v1/me")
async def me(request: Request[Any, Any, Any]) -> str:
    return str(request.user.user_id)


@get("/v1/orders", guards=[require("orders")], dependencies={"caller": current_principal})
async def orders(caller: CurrentPrincipal) -> list[str]:
    return sorted(caller.scopes)


@get("/v1/profile", dependencies={"profile": current_profile})
async def profile(profile: CurrentProfile) -> str:
    return profile.user_id


class Api:
    """An API that takes the provider's tokens."""

    def __init__(self, **options: Any) -> None:
        self.provider = MintingProvider()
        placed = {"resource": RESOURCE, "clock": lambda: NOW, "transport": self.provider.transport, **options}
        self.server = OIDCResourceServer(ISSUERS, **placed)
        self.app = Litestar([me, orders, profile], guards=[require()], plugins=[self.server])

    def client(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="https://api.example.com", headers=headers)

    async def get(self, path: str = "/v1/me", **claims: Any) -> httpx.Response:
        return await self.client({"authorization": f"Bearer {self.provider.token(**claims)}"}).get(path)


@pytest.fixture
async def api(request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    made = Api(**getattr(request, "param", {}))
    async with in_a_task(made.app.lifespan()):
        yield made


async def test_a_good_token_makes_the_caller(api: Api) -> None:
    assert (await api.get(sub="alice")).text == "alice"
    assert (await api.get("/v1/orders", scope="orders x")).json() == ["orders", "x"]


@pytest.mark.parametrize(
    "claims", [{"aud": "other"}, {"iss": "https://other.example"}, {"exp": NOW - 60}, {"sub": None}, {"nonce": "n"}]
)
async def test_any_other_token_is_401_as_the_standard_has_it(api: Api, claims: dict[str, Any]) -> None:
    answer = await api.get(**claims)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token", error_description="')


async def test_without_a_token_both_schemes_are_offered_and_the_metadata_is_named(api: Api) -> None:
    challenge = (await api.client().get("/v1/me")).headers["www-authenticate"]
    assert challenge.startswith("Bearer resource_metadata=")
    assert ", DPoP algs=" in challenge
    assert 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/v1"' in challenge


@pytest.mark.parametrize("path", ["/.well-known/oauth-protected-resource/v1", "/.well-known/oauth-protected-resource"])
async def test_the_metadata_is_open_though_the_whole_application_is_guarded(api: Api, path: str) -> None:
    told = (await api.client().get(path)).json()
    assert (told["resource"], told["authorization_servers"]) == (RESOURCE, [ISSUER])


@pytest.mark.parametrize("api", [{"resource": None}], indirect=True, ids=["no resource"])
async def test_without_a_resource_there_is_no_metadata(api: Api) -> None:
    assert (await api.client().get("/.well-known/oauth-protected-resource")).status_code == 404
    assert "resource_metadata" not in (await api.client().get("/v1/me")).headers["www-authenticate"]


async def test_a_missing_scope_is_403(api: Api) -> None:
    assert (await api.get("/v1/orders", scope="other")).status_code == 403


async def test_a_provider_that_is_out_is_503_with_retry_after(api: Api) -> None:
    api.provider.down = True
    answer = await api.get()
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_a_bound_token_needs_its_proof_for_the_whole_path_once(api: Api) -> None:
    client = Prover()
    token = api.provider.token(cnf={"jkt": client.thumbprint})
    proof = client.proof(token=token.encode(), htu="https://api.example.com/v1/me").decode()
    asking = api.client({"authorization": f"DPoP {token}", "dpop": proof})
    assert [(await asking.get("/v1/me")).status_code for _ in range(2)] == [200, 401]
    assert (await api.client({"authorization": f"Bearer {token}"}).get("/v1/me")).status_code == 401


@pytest.mark.parametrize("api", [{"dpop": DPoPSettings(nonce_secret="n" * 32)}], indirect=True, ids=["nonces"])
async def test_a_nonce_that_is_asked_for_is_given(api: Api) -> None:
    client = Prover()
    token = api.provider.token(cnf={"jkt": client.thumbprint})
    proof = client.proof(token=token.encode(), htu="https://api.example.com/v1/me").decode()
    answer = await api.client({"authorization": f"DPoP {token}", "dpop": proof}).get("/v1/me")
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    assert answer.headers["dpop-nonce"]


async def test_a_profile_is_not_to_be_had_where_none_is_kept(api: Api) -> None:
    assert (await api.get("/v1/profile")).status_code == 500


async def test_the_openapi_document_has_the_scheme(api: Api) -> None:
    assert "oidc" in api.app.openapi_schema.to_schema()["components"]["securitySchemes"]


@pytest.mark.parametrize("issuers", [[], [IssuerSettings(issuer="http://id.example", audiences=("a",))]])
def test_settings_that_cannot_be_are_told_at_once(issuers: list[IssuerSettings]) -> None:
    with pytest.raises(InvalidConfiguration):
        OIDCResourceServer(issuers)


async def test_one_token_is_checked_once_however_many_guards_ask(api: Api) -> None:
    """A proof is good for one use, so a second check would refuse the caller."""
    client = Prover()
    token = api.provider.token(cnf={"jkt": client.thumbprint}, scope="orders")
    proof = client.proof(token=token.encode(), htu="https://api.example.com/v1/orders").decode()
    asking = api.client({"authorization": f"DPoP {token}", "dpop": proof})
    assert (await asking.get("/v1/orders")).status_code == 200
