"""Asking a provider: bounded in time and size, tried twice at the most, never redirected."""

import asyncio
import random
from typing import NamedTuple

import httpx

from profilegate.errors import ProviderSilent, ProviderUnavailable

LIMIT = 1_048_576
"""Bytes of a body."""

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


async def document(client: httpx.AsyncClient, url: str, timeout: float) -> bytes:
    """The body of a 200 answer to a GET. Raises ProviderUnavailable for any other answer, or none in time."""
    try:
        request = client.build_request("GET", url)
    except httpx.InvalidURL as error:
        raise ProviderUnavailable(f"{url} is no address") from error
    answer = await answered(client, request, timeout)
    if answer.status != httpx.codes.OK:
        raise ProviderUnavailable(f"{url} answered {answer.status}")
    return answer.body


async def answered(client: httpx.AsyncClient, request: httpx.Request, timeout: float) -> Answer:
    """The provider's answer. Raises ProviderSilent when there is none within `timeout` seconds.

    Redirects are not followed: they would lead the gate to keys, or its tokens to places, that nobody configured.
    The request must be one that may be repeated.
    """
    request.headers.update(PLAIN)
    try:
        async with asyncio.timeout(timeout):
            try:
                answer = await _once(client, request)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                answer = None
            if answer is None or answer.status in PASSING:
                await asyncio.sleep(random.uniform(*PAUSE))  # noqa: S311 - nobody gains by guessing it
                answer = await _once(client, request)
            return answer
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise ProviderSilent(f"{_named(request)} did not answer: {type(error).__name__}") from error


async def _once(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        if "content-encoding" in response.headers:
            raise ProviderUnavailable(f"{_named(request)} answered in an encoding that was not asked for")
        return Answer(response.status_code, await _body(response, request))
    finally:
        await response.aclose()


async def _body(response: httpx.Response, request: httpx.Request) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LIMIT:
            raise ProviderUnavailable(f"{_named(request)} answered more than {LIMIT} bytes")
    return bytes(body)


def _named(request: httpx.Request) -> str:
    return str(request.url.copy_with(query=None))
