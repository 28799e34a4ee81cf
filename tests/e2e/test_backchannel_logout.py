"""A user signs out at a real provider, which tells us by OpenID Connect Back-Channel Logout: the session here ends."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from joserfc.util import urlsafe_b64decode
from msgspec import Struct
from tests.e2e.proofs import digest
from tests.e2e.provider import NO_TLS, REDIRECT, Provider
from tests.e2e.served import Served, eventually
from tests.postgres import Postgres, free_port

SOURCE = """
[[webhooks]]
source = "signed-out"
kind = "logout"
audiences = ["spa"]
"""
WEBHOOK = "/webhooks/signed-out"
OTHER_ISSUER = "https://other.example"


class Address(Struct):
    """Where the provider will be: it must know where we are before it starts, and we where it is."""

    issuer: str


class World(Struct):
    """A provider, the service that it tells, and that service's database."""

    provider: Provider
    served: Served
    dsn: str


class Browser:
    """A user's browser, which has a session at the provider."""

    def __init__(self, provider: Provider, login_id: str) -> None:
        self._provider = provider
        self._http = httpx.Client(base_url=provider.issuer, trust_env=False, verify=NO_TLS)
        verifier = secrets.token_urlsafe(48)
        form = {"grant_type": "authorization_code", "code": self._code(login_id, verifier), "client_id": "spa",
                "redirect_uri": REDIRECT, "code_verifier": verifier}  # fmt: skip
        self.id_token = str(self._http.post("/token", data=form).raise_for_status().json()["id_token"])
        self.sid = str(claims(self.id_token)["sid"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _code(self, login_id: str, verifier: str) -> str:
        asked = {"client_id": "spa", "response_type": "code", "redirect_uri": REDIRECT, "scope": "openid",
                 "login_hint": login_id, "prompt": "consent", "code_challenge": digest(verifier),
                 "code_challenge_method": "S256"}  # fmt: skip
        answer = self._http.get("/auth", params=asked)
        while answer.is_redirect and "/callback?" not in answer.headers["location"]:
            answer = self._http.get(answer.headers["location"])
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    def sign_out(self) -> None:
        """As the user does on the provider's own page, which asks once more."""
        page = self._http.get("/session/end", params={"id_token_hint": self.id_token}).raise_for_status().text
        (xsrf,) = re.findall(r'name="xsrf" value="([^"]+)"', page)
        self._http.post("/session/end/confirm", data={"xsrf": xsrf, "logout": "yes"})


@pytest.fixture(scope="module")
def world(database_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    port, dsn = free_port(), database_server.fresh_database()
    folder: Path = tmp_path_factory.mktemp("signed-out")
    served = Served(folder, dsn, Address(f"http://127.0.0.1:{port}"), extra=SOURCE)
    with Provider(port=port, PROVIDER_LOGOUT_URI=served.url + WEBHOOK) as provider, served:
        yield World(provider, served, dsn)


@pytest.fixture
def user() -> str:
    return f"user-{uuid4().hex}"


def claims(token: str) -> dict[str, Any]:
    return dict(json.loads(urlsafe_b64decode(token.split(".")[1].encode())))


def in_database(dsn: str, sql: str, *values: object) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    return asyncio.run(run())


def begin_session(world: World, user: str, sid: str, issuer: str = "") -> str:
    """A session of our own pages that began with the provider's; its name."""
    name, now = uuid4().hex, int(time.time() * 1000)
    in_database(
        world.dsn,
        "INSERT INTO profilegate_session (digest, tenant_id, user_id, issuer, subject, sid, data, created_at, "
        "expires_at) VALUES ($1, 'default', $2, $3, $2, $4, '{}', $5, $6)",
        *(name, user, issuer or world.provider.issuer, sid, now, now + 3_600_000),
    )
    return name


def sessions(world: World) -> set[str]:
    return {row["digest"] for row in in_database(world.dsn, "SELECT digest FROM profilegate_session")}


def outcome(world: World, sid: str) -> list[str | None]:
    """What the provider says that became of the logout tokens of this session; None for 200."""
    told = httpx.get(f"{world.provider.issuer}/__logouts", trust_env=False, verify=NO_TLS).json()
    return [each["error"] for each in told if each["sid"] == sid]


def test_signing_out_at_the_provider_ends_that_session_here_and_no_other(world: World, user: str) -> None:
    with Browser(world.provider, user) as browser, Browser(world.provider, user) as elsewhere:
        ended = begin_session(world, user, browser.sid)
        others = {
            begin_session(world, user, elsewhere.sid),
            begin_session(world, "somebody-else", "another session"),
            begin_session(world, "somebody-else", browser.sid),
            begin_session(world, user, browser.sid, OTHER_ISSUER),
        }
        browser.sign_out()
    eventually(lambda: ended not in sessions(world), lambda: world.served.log)
    assert others <= sessions(world)


def test_the_provider_is_told_200(world: World, user: str) -> None:
    with Browser(world.provider, user) as browser:
        browser.sign_out()
    assert outcome(world, browser.sid) == [None]


def test_signing_out_leaves_the_users_access_tokens_as_good_as_they_were(world: World, user: str) -> None:
    token = world.provider.sign_in(user)
    assert world.served.call(token).status_code == 200
    with Browser(world.provider, user) as browser:
        ended = begin_session(world, user, browser.sid)
        browser.sign_out()
    eventually(lambda: ended not in sessions(world), lambda: world.served.log)
    assert world.served.call(token).status_code == 200


def test_signing_out_after_the_keys_changed_is_believed_too(world: World, user: str) -> None:
    with Browser(world.provider, user) as browser:
        ended = begin_session(world, user, browser.sid)
        world.provider.rotate(keep=True)
        browser.sign_out()
    assert outcome(world, browser.sid) == [None]
    eventually(lambda: ended not in sessions(world), lambda: world.served.log)


def test_an_id_token_of_the_same_provider_is_no_logout_token(world: World, user: str) -> None:
    with Browser(world.provider, user) as browser:
        kept = begin_session(world, user, browser.sid)
    answer = world.served.http.post(WEBHOOK, data={"logout_token": browser.id_token})
    assert answer.status_code == 400
    stored = in_database(world.dsn, "SELECT count(*) FROM profilegate_delivery WHERE user_id = $1", user)
    assert (stored[0][0], kept in sessions(world)) == (0, True)
