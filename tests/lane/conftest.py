"""The whole service with its lane, and the same service as if it had none."""

from typing import Any
from urllib.parse import unquote

import pytest
from msgspec import Struct
from tests.faces.fixtures import (
    Serve,
    clock,
    database,
    postgres_server,
    postgres_template,
    serve,
    service,
    sqlite_template,
)
from tests.faces.running import Service

from profilegate.lane import Lane
from profilegate.settings import ServerSettings

__all__ = [
    "clock",
    "database",
    "postgres_server",
    "postgres_template",
    "serve",
    "service",
    "sqlite_template",
]

ORIGIN = "https://app.example.com"
HOST = (b"host", b"profiles.example")


class Told(Struct):
    """An answer to the byte; headers in one order, since that means nothing."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Both:
    """A request goes to the handlers and to the lane round them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        handler: Any = service.app.asgi_handler
        assert isinstance(handler, Lane)
        self.handlers = handler._app
        self.handed_on = 0
        handler._app = self._counting
        self.lane = handler

    async def _counting(self, scope: Any, receive: Any, send: Any) -> None:
        self.handed_on += 1
        await self.handlers(scope, receive, send)

    async def told(self, app: Any, scope: dict[str, Any]) -> Told:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        self.service.app.asgi_handler = app
        await self.service.app(scope, receive, send)  # type: ignore[arg-type]
        start, *bodies = sent
        # The answer to HEAD has no body on the wire, whatever the application gives the server.
        body = b"" if scope["method"] == "HEAD" else b"".join(each.get("body", b"") for each in bodies)
        return Told(start["status"], sorted((bytes(n).lower(), bytes(v)) for n, v in start["headers"]), body)

    def scope(self, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> dict[str, Any]:
        """The scope as a server makes it; without a Host among the headers there is the usual one."""
        raw, _, query = path.partition("?")
        given = list(headers) if any(name == b"host" for name, _ in headers) else [HOST, *headers]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquoted(raw),
            "raw_path": raw.encode("latin-1"),
            "query_string": query.encode(),
            "root_path": "",
            "headers": given,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }

    async def alike(self, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Told:
        """The answer, which is the same from both, and from the lane again when it knows what was asked before.

        `by_itself` says afterwards whether the lane gave it alone.
        """
        reference = await self.told(self.handlers, self.scope(path, *headers, method=method))
        before = self.handed_on
        answers = [await self.told(self.lane, self.scope(path, *headers, method=method)) for _ in range(2)]
        self.by_itself = self.handed_on == before
        assert answers == [reference] * 2
        return reference

    def bearer(self, user_id: str = "alice", **claims: Any) -> tuple[bytes, bytes]:
        return b"authorization", b"Bearer " + self.service.token(user_id, **claims).encode()


def unquoted(path: str) -> str:

    return unquote(path)


@pytest.fixture
async def both(serve: Serve) -> Both:
    return Both(await serve(server=ServerSettings(public_url="https://profiles.example", cors_origins=(ORIGIN,))))
