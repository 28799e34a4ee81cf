"""What the tests of the account page run against: the page at a real provider, and hands behind its back."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import asyncpg
import httpx
from msgspec import Struct
from tests.e2e.provider import NO_TLS, Provider
from tests.e2e.served import Served
from tests.postgres import Postgres, free_port

EXTRA = """
operator = {{ claim = "roles", value = "operator" }}
{webhooks}
[account]
client_id = "account"
client_secret = "account secret: 50% & more"
session_secret = "no secret at all, as everybody can read it here"
"""
WEBHOOKS = """
[[webhooks]]
source = "signed-out"
kind = "logout"
audiences = ["account"]

[[webhooks]]
source = "logto"
kind = "logto"
secrets = ["no secret either"]
"""


LIMITS = httpx.Limits(max_keepalive_connections=0)


class Address(Struct):
    """Where the provider will be: it must know where we are before it starts, and we where it is."""

    issuer: str


class World(Struct):
    """A provider, the page on http, the page behind a proxy that speaks https, and the database of the first."""

    provider: Provider
    page: Served
    secure: Served
    dsn: str

    def token(self, login: str) -> str:
        """An access token for the API."""
        return self.provider.sign_in(login)

    def sessions(self, user: str) -> int:
        return int(self._ask("SELECT count(*) FROM profilegate_session WHERE user_id = $1", user))

    def expire(self, user: str) -> None:
        """As if the hours of a session were over."""
        self._ask("UPDATE profilegate_session SET expires_at = 1 WHERE user_id = $1", user)

    def forget(self, user: str) -> None:
        """As if the sessions had been ended from elsewhere."""
        self._ask("DELETE FROM profilegate_session WHERE user_id = $1", user)

    def give_up(self, user: str, name: str) -> None:
        """A delivery that says the user's name, and was tried in vain."""
        now = int(time.time() * 1000)
        said = {"event": "User.Data.Updated", "createdAt": f"{time.strftime('%FT%T', time.gmtime())}.000Z",
                "hookId": "hook", "data": {"id": user, "name": name}}  # fmt: skip
        self._ask(
            "INSERT INTO profilegate_delivery (source, delivery_id, received_at, body, tenant_id, user_id, state, "
            "attempts, next_at, error) VALUES ('logto', $1, $2, $3, 'default', $4, 'dead', 10, $2, 'it was broken')",
            *(uuid4().hex, now, json.dumps(said).encode(), user),
        )

    def _ask(self, sql: str, *values: object) -> Any:
        async def run() -> Any:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetchval(sql, *values)
            finally:
                await connection.close()

        return asyncio.run(run())


@contextmanager
def world(database_server: Postgres, folder: Path) -> Iterator[World]:
    """All of it, until the block ends."""
    port, dsn = free_port(), database_server.fresh_database()
    at, folders = Address(f"http://127.0.0.1:{port}"), [folder / "page", folder / "secure"]
    for each in folders:
        each.mkdir()
    page = Served(folders[0], dsn, at, extra=EXTRA.format(webhooks=WEBHOOKS))
    secure = Served(
        folders[1], database_server.fresh_database(), at, extra=EXTRA.format(webhooks=""),
        public_url=f"https://127.0.0.1:{free_port()}",
    )  # fmt: skip
    urls = f"{page.public_url} {secure.public_url}"
    with Provider(port=port, PROVIDER_ACCOUNT_URLS=urls) as provider, ExitStack() as running:
        yield World(provider, running.enter_context(page), running.enter_context(secure), dsn)


@contextmanager
def hands(world: World) -> Iterator[str]:
    """The URL at which a browser's test has done what no browser can: `/expire?user=ada`."""
    doing: dict[str, Callable[..., Any]] = {
        name: getattr(world, name) for name in ("token", "sessions", "expire", "forget", "give_up")
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = urlsplit(self.path)
            body = json.dumps(doing[asked.path[1:]](**dict(parse_qsl(asked.query)))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing: what fails, fails in the test that asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Visitor:
    """Somebody's browser, as far as HTTP goes: it keeps cookies and follows nothing by itself."""

    def __init__(self, world: World) -> None:
        self._issuer, self.url = world.provider.issuer, world.page.url
        self.http = httpx.Client(base_url=self.url, trust_env=False, verify=NO_TLS, timeout=30, limits=LIMITS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def begin(self, to: str | None = None) -> str:
        """Begins a sign-in; where the page sends the browser."""
        return self.http.get("/account/sign-in", params={} if to is None else {"to": to}).headers["location"]

    def come_back(self, at_provider: str, login: str) -> str:
        """Signs in at the provider; where the provider sends the browser."""
        answer = self.http.get(at_provider)
        while not answer.is_redirect or not answer.headers["location"].startswith(self.url):
            asked = answer.status_code == 200
            answer = self.http.post(answer.url, data={"login": login}) if asked else self.http.get(
                answer.url.join(answer.headers["location"])
            )  # fmt: skip
        return answer.headers["location"]

    def sign_in(self, login: str, to: str | None = None) -> httpx.Response:
        """The answer that ends a sign-in."""
        return self.http.get(self.come_back(self.begin(to), login))

    @property
    def session(self) -> str | None:
        return next((each.value for each in self.http.cookies.jar if each.name == "profilegate"), None)

    @property
    def is_signed_in(self) -> bool:
        return "/account/sign-out" in self.http.get("/account").text

    def send(self, path: str, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """A form, as the page sends it unless headers say otherwise."""
        said = {"sec-fetch-site": "same-origin"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, data=form or {}, headers=said)
