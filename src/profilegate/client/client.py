"""What a program holds."""

from typing import Self

import httpx

from profilegate.client.apps import Apps
from profilegate.client.me import Me
from profilegate.client.operators import Operator
from profilegate.client.profiles import Profiles
from profilegate.client.sending import Proof, Sender, Timeouts, Token
from profilegate.client.waiting import Retries

LARGEST_ANSWER = 67_108_864
"""Bytes. The answer to a bulk of 250,000 documents has room in it."""


class ProfileClient:
    """One service, as one caller: `me`, `profiles`, `apps`, and `operator` for those who are.

    `url` is where the service is mounted. `token` gives an access token, as a coroutine's result or at once; it is
    asked before each request, and once more when a token was refused, so it keeps a token for as long as it is good.
    `proof` makes a DPoP proof for each request. `transport` replaces the network. `largest_answer` is in bytes.
    Use it as an async context manager, or call `close`. Raises ValueError for a URL that no service can have.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        proof: Proof | None = None,
        retries: Retries = Retries(),  # noqa: B008 - frozen
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        largest_answer: int = LARGEST_ANSWER,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = base(url)
        self._http = httpx.AsyncClient(transport=transport, trust_env=False)
        sender = Sender(self._base, token, self._http, proof, retries, timeouts, largest_answer)
        self.me = Me(sender)
        self.profiles = Profiles(sender)
        self.apps = Apps(sender)
        self.operator = Operator(sender)

    def __repr__(self) -> str:
        return f"ProfileClient({str(self._base)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def base(url: str) -> httpx.URL:
    """The URL under which everything is. Raises ValueError."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"no URL: {error}") from None
    if found.scheme not in ("http", "https") or not found.host or found.userinfo or "?" in url or "#" in url:
        raise ValueError("the service's URL must be http(s)://host[:port][/path]")
    return found
