"""A provider, its clock, and a browser-less client at its door."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from profilegate.demo.provider import create_provider

ISSUER = "http://127.0.0.1:9000"
AUDIENCE = "https://profiles.example"
VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Clock:
    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Spa:
    """demo-spa, step by step; every step takes changes to the parameters, None leaves one out."""

    http: httpx.AsyncClient
    request: dict[str, str] = field(
        default_factory=lambda: {
            "response_type": "code",
            "client_id": "demo-spa",
            "redirect_uri": "http://localhost:5173/callback",
            "scope": "openid profile email",
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
    )

    async def page(self, **changes: str | None) -> httpx.Response:
        return await self.http.get("/authorize", params=_changed(self.request, changes))

    async def choose(self, person: str, **changes: str | None) -> dict[str, str]:
        """The parameters that come back in the redirect; empty when there is none."""
        answer = await self.http.post("/authorize", data={**_changed(self.request, changes), "person": person})
        return dict(parse_qsl(urlsplit(answer.headers.get("Location", "")).query))

    async def redeem(self, code: str, **changes: str | None) -> httpx.Response:
        form = {"grant_type": "authorization_code", "client_id": "demo-spa", "code_verifier": VERIFIER}
        form |= {"code": code, "redirect_uri": self.request["redirect_uri"]}
        return await self.http.post("/token", data=_changed(form, changes))

    async def refresh(self, token: str, **changes: str | None) -> httpx.Response:
        form = {"grant_type": "refresh_token", "client_id": "demo-spa", "refresh_token": token}
        return await self.http.post("/token", data=_changed(form, changes))

    async def tokens(self, person: str, **changes: str | None) -> dict[str, Any]:
        answer = await self.redeem((await self.choose(person, **changes))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def _changed(parameters: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in (parameters | changes).items() if value is not None}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def http(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_provider(ISSUER, AUDIENCE, now=clock, redirect_uris=["https://app.example/signed-in"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as client:
        yield client


@pytest.fixture
def spa(http: httpx.AsyncClient) -> Spa:
    return Spa(http)
