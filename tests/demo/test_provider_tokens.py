"""What stands in the tokens. An API and a client rely on exactly this."""

from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from profilegate.demo.provider import create_provider

from .conftest import AUDIENCE, ISSUER, Clock, Spa

SERVICE = ("demo-service", "demo-secret")


async def verified(http: httpx.AsyncClient, token: str) -> jwt.Token:
    answer = await http.get("/jwks")
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    return jwt.decode(token, KeySet.import_key_set(answer.json()), ["ES256"])


@pytest.mark.parametrize(
    ("person", "own"),
    [
        ("alice", {"sub": "k3v9x0q7m2ab", "name": "Alice Moreau", "preferred_username": "alice"}),
        ("bob", {"sub": "p8d1w5t4z6yc", "name": "Bob Lindqvist", "preferred_username": "bob"}),
        ("olive", {"sub": "r2h7n4s9j0fe", "name": "Olive Tanaka", "preferred_username": "olive", "operator": True}),
    ],
)
async def test_an_access_token_has_exactly_the_documented_claims(
    spa: Spa, clock: Clock, person: str, own: dict[str, Any]
) -> None:
    token = await verified(spa.http, (await spa.tokens(person))["access_token"])
    jti = token.claims.pop("jti")
    assert len(jti) == 16
    assert token.header["typ"] == "at+jwt"
    assert token.claims == own | {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "client_id": "demo-spa",
        "scope": "openid profile email",
        "iat": int(clock()),
        "exp": int(clock()) + 3600,
    }


async def test_without_scope_profile_the_access_token_has_no_names(spa: Spa) -> None:
    token = await verified(spa.http, (await spa.tokens("alice", scope="openid"))["access_token"])
    assert not {"name", "preferred_username"} & token.claims.keys()


async def test_an_id_token_has_the_nonce_and_the_claims_of_the_scope(spa: Spa, clock: Clock) -> None:
    token = await verified(spa.http, (await spa.tokens("bob"))["id_token"])
    assert token.claims.pop("at_hash")
    assert token.header["typ"] == "JWT"
    assert token.claims == {
        "iss": ISSUER,
        "aud": "demo-spa",
        "sub": "p8d1w5t4z6yc",
        "nonce": "the nonce",
        "auth_time": int(clock()),
        "iat": int(clock()),
        "exp": int(clock()) + 3600,
        "name": "Bob Lindqvist",
        "preferred_username": "bob",
        "email": "bob@example.com",
        "email_verified": True,
    }


async def test_there_is_no_id_token_without_scope_openid(spa: Spa) -> None:
    assert "id_token" not in await spa.tokens("alice", scope="profile")


async def test_a_machine_token_is_its_clients_own(http: httpx.AsyncClient) -> None:
    answer = await http.post("/token", data={"grant_type": "client_credentials"}, auth=SERVICE)
    claims = (await verified(http, answer.json()["access_token"])).claims
    assert claims["sub"] == claims["client_id"] == "demo-service"
    assert "refresh_token" not in answer.json()


async def test_asking_for_our_audience_by_name_changes_nothing(spa: Spa) -> None:
    code = (await spa.choose("alice", resource=AUDIENCE))["code"]
    token = (await spa.redeem(code, resource=AUDIENCE)).json()["access_token"]
    assert (await verified(spa.http, token)).claims["aud"] == AUDIENCE


async def test_an_id_token_is_no_access_token_even_where_the_audiences_are_the_same() -> None:
    transport = httpx.ASGITransport(create_provider(ISSUER, "demo-spa"))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        token = (await Spa(http).tokens("alice"))["id_token"]
        answer = await http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
