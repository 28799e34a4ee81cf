"""Asking a provider: bounded in time and size, tried twice at the most, never redirected."""

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple

import httpx

from profilegate.errors import ProviderSilent, ProviderUnavailable

LIMIT = 1_048_576
"""Bytes of a body, unless less is asked for."""

# A compressed answer of a few kilobytes can fill any memory, so none is asked for and none is taken.
PLAIN = {"accept-encoding": "identity", "accept": "application/json"}

# A connection that was kept too long, or one server of several that is being restarted: the next try may find
# another. Whoever answers anything else, or nothing in time, would do so again.
PASSING = frozenset({502, 503, 504})

# Seconds before the second try, at random so that a provider's many clients do not come back all at once.
PAUSE = (0.05, 0.2)


class Answer(NamedTuple):
    """What a provider answered, whatever the status."""

    status: int
    body: bytes
    is_passing: bool
    """Whether the next try may find another."""


async def document(client: httpx.AsyncClient, url: str, timeout: float) -> bytes:
    """The body of a 200 answer to a GET. Raises ProviderUnavailable for any other answer, or none in time."""
    answer = await answered(client, lambda: client.build_request("GET", url), timeout)
    if answer.status != httpx.codes.OK:
        raise ProviderUnavailable(f"{url} answered {answer.status}")
    return answer.body


async def answered(
    client: httpx.AsyncClient, make: Callable[[], httpx.Request], timeout: float, limit: int = LIMIT
) -> Answer:
    """The provider's answer, of at most `limit` bytes. Raises ProviderSilent without one within `timeout` seconds.

    Redirects are not followed: they would lead the gate to keys, or its tokens to places, that nobody configured.
    `make` makes the request, anew for a second try: what is in it may be good for one use.
    """
    try:
        async with asyncio.timeout(timeout):
            try:
                answer = await _once(client, make(), limit)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                answer = None
            if answer is None or answer.is_passing:
                await asyncio.sleep(random.uniform(*PAUSE))  # noqa: S311 - nobody gains by guessing it
                answer = await _once(client, make(), limit)
            return answer
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise ProviderSilent(f"no answer from the provider: {type(error).__name__}") from error


async def _once(client: httpx.AsyncClient, request: httpx.Request, limit: int) -> Answer:
    request.headers.update(PLAIN)
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ProviderUnavailable(f"{_named(request)} answered in an encoding that was not asked for")
        passing = request.method == "GET" and response.status_code in PASSING
        return Answer(response.status_code, await _body(response, request, limit), passing)
    finally:
        await response.aclose()


async def _body(response: httpx.Response, request: httpx.Request, limit: int) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limit:
            raise ProviderUnavailable(f"{_named(request)} answered more than {limit} bytes")
    return bytes(body)


def _named(request: httpx.Request) -> str:
    return str(request.url.copy_with(query=None))
