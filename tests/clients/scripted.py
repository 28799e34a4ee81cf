"""A service that answers as it is told, and remembers what it was asked: a fake at the transport."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.minting import NOW

from profilegate.client import ProfileClient, Retries

URL = "https://profiles.example"
USER = {"id": "ann", "name": "Ann"}
PROFILE = {
    "tenant_id": "t",
    "user_id": "ann",
    "name": "Ann",
    "avatar_url": "https://example.com/a.png",
    "created_at": None,
    "updated_at": None,
}
DOCUMENT = {"app_id": 0, "user_id": "ann", "profile_data": {}, "created_at": "x", "updated_at": "x"}

Step = httpx.Response | Exception


def answer(status: int = 200, json: Any = None, **headers: str) -> httpx.Response:
    """An answer with an ETag, unless one is given."""
    named = {"etag": '"1-x-0"', **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.Response(status, json=USER if json is None else json, headers=named)


def busy(status: int = 503, **headers: str) -> httpx.Response:
    return answer(status, {"message": "Later.", "code": "service.unavailable"}, **headers)


def refused(error: str = "invalid_token", **headers: str) -> httpx.Response:
    challenge = f'Bearer error="{error}"'
    told = {"message": "No.", "code": "auth.unauthorized"}
    return answer(401, told, www_authenticate=challenge, **headers)


@dataclass
class Scripted(httpx.AsyncBaseTransport):
    """Gives one step after the other, and the last again and again. A request is read before it is answered."""

    steps: list[Step]
    asked: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        await request.aread()
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)


@dataclass
class Sleeps:
    """Remembers how long it was asked to sleep, and does not."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class World:
    """A client, the service that it talks to, and how long it slept."""

    client: ProfileClient
    service: Scripted
    sleeps: Sleeps

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.service.asked]


def world(*steps: Step, most: int = 2, token: Callable[[], Any] = lambda: "a-token", **options: Any) -> World:
    """`chance` is 1: a wait that is chosen at random is as long as it can be."""
    service, sleeps = Scripted(list(steps) or [answer()]), Sleeps()
    retries = Retries(most=most, sleep=sleeps, chance=lambda: 1.0, clock=lambda: NOW)
    return World(ProfileClient(URL, token, transport=service, retries=retries, **options), service, sleeps)
