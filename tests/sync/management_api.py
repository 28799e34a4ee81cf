"""A provider's API about its users, without a network; and a clock that goes on when it is told to."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import httpx

URL = "https://id.example/api/users/{id}"
TOKENS = "https://id.example/oidc/token"
MEBIBYTE = 1_048_576


class Clock:
    """Unix seconds."""

    def __init__(self, now: float = 1_769_594_400.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class ManagementApi:
    """Answers as a provider in order does, unless `odd` has another answer for "token" or "user".

    `users` are those that there are; `tokens` the forms of the requests for one; `questions` the requests about
    users. `meanwhile` happens while a user is being read, after the provider has looked.
    """

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.lasts: int | None = 3600
        self.tokens: list[dict[str, str]] = []
        self.authorizations: list[str | None] = []
        self.questions: list[httpx.Request] = []
        self.elsewhere: list[httpx.Request] = []
        self.odd: dict[str, Callable[[], httpx.Response]] = {}
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    @property
    def asked(self) -> list[str]:
        """The users, as they stand in the paths."""
        return [each.url.raw_path.decode().removeprefix("/api/users/") for each in self.questions]

    def used(self) -> list[str | None]:
        """What each question was authorized with."""
        return [each.headers.get("authorization") for each in self.questions]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == TOKENS:
            return self._token(request)
        if request.url.path.startswith("/api/users/"):
            return await self._user(request)
        self.elsewhere.append(request)
        return httpx.Response(200, json={"access_token": "stolen", "id": "stolen"})

    def _token(self, request: httpx.Request) -> httpx.Response:
        self.tokens.append({name: value[0] for name, value in parse_qs(request.content.decode()).items()})
        self.authorizations.append(request.headers.get("authorization"))
        if "token" in self.odd:
            return self.odd["token"]()
        token: dict[str, Any] = {"access_token": f"token-{len(self.tokens)}", "token_type": "Bearer"}
        return httpx.Response(200, json=token | ({} if self.lasts is None else {"expires_in": self.lasts}))

    async def _user(self, request: httpx.Request) -> httpx.Response:
        self.questions.append(request)
        user = self.users.get(request.url.path.removeprefix("/api/users/"))
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        if "user" in self.odd:
            return self.odd["user"]()
        return httpx.Response(404) if user is None else httpx.Response(200, json=user)


class Flood(httpx.AsyncByteStream):
    """A JSON object that hardly ends; `mebibytes` is how much of it was read."""

    most = 64

    def __init__(self) -> None:
        self.mebibytes = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"access_token":"token","padding":"'
        while self.mebibytes < self.most:
            self.mebibytes += 1
            yield b"x" * MEBIBYTE
        yield b'"}'


def as_json(value: object) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(200, content=json.dumps(value).encode())
