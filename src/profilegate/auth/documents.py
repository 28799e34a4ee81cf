"""Fetching a provider's documents: bounded in time and size, never redirected."""

import asyncio

import httpx

from profilegate.errors import ProviderUnavailable

LIMIT = 1_048_576
"""Bytes."""

# A compressed answer of a few kilobytes can fill any memory, so none is asked for and none is taken.
PLAIN = {"accept-encoding": "identity"}


async def document(client: httpx.AsyncClient, url: str, timeout: float) -> bytes:
    """The body of a 200 answer. Raises ProviderUnavailable for any other answer, or none within `timeout` seconds.

    Redirects are not followed: they would lead the gate to keys that nobody configured.
    """
    try:
        request = client.stream("GET", url, follow_redirects=False, headers=PLAIN)
        async with asyncio.timeout(timeout), request as response:
            if "content-encoding" in response.headers:
                raise ProviderUnavailable(f"{url} answered in an encoding that was not asked for")
            if response.status_code != httpx.codes.OK:
                raise ProviderUnavailable(f"{url} answered {response.status_code}")
            return await _body(response, url)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise ProviderUnavailable(f"{url} did not answer: {type(error).__name__}") from error


async def _body(response: httpx.Response, url: str) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LIMIT:
            raise ProviderUnavailable(f"{url} is larger than {LIMIT} bytes")
    return bytes(body)
