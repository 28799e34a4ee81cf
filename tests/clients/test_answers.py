"""What a client takes for an answer."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.clients.scripted import URL, USER, answer, world

from profilegate.client import AppError, ClientError, LogtoError, PhoenixError, ProfileClient, Retries, Timeouts


async def test_a_value_comes_with_its_version() -> None:
    seen = await world(answer(etag='"7-logto-3"')).client.me.get()
    assert (seen.value.name, seen.etag) == ("Ann", '"7-logto-3"')


async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    with pytest.raises(ClientError) as caught:
        await world(answer(200, {"id": "x" * 1000}), largest_answer=999).client.me.get()
    assert caught.value.code == "answer_too_large"


async def test_an_answer_in_an_encoding_that_was_not_asked_for_is_not_unpacked() -> None:
    def packed(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        headers = {"content-encoding": "gzip", "etag": '"1"'}
        return httpx.Response(200, headers=headers, stream=Pieces(gzip.compress(b'{"id": "ann"}')))

    assert await code_of(packed) == "not_understood"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"id": 7}', b"\xff", b"[" * 100_000])
async def test_an_answer_that_is_something_else_is_not_understood(body: bytes) -> None:
    assert await code_of(lambda _: httpx.Response(200, content=body, headers={"etag": '"1"'})) == "not_understood"


async def test_a_read_without_a_version_is_not_understood() -> None:
    assert await code_of(lambda _: httpx.Response(200, json=USER)) == "not_understood"


async def test_a_proxys_error_page_is_an_error_without_a_body() -> None:
    asked = world(httpx.Response(502, text="<html>Bad gateway</html>"))
    with pytest.raises(ClientError) as caught:
        await asked.client.me.get()
    assert (caught.value.status, caught.value.code, caught.value.body) == (502, "refused", None)


async def test_errors_are_of_the_shape_of_their_face() -> None:
    told = {"error": "No.", "code": "X", "message": "No."}
    client = world(answer(403, told)).client
    bodies = []
    for call in (client.me.get(), client.profiles.get("ann"), client.apps.get(0)):
        with pytest.raises(ClientError) as caught:
            await call
        assert (caught.value.code, caught.value.message) == ("X", "No.")
        bodies.append(type(caught.value.body))
    assert bodies == [LogtoError, PhoenixError, AppError]


async def test_a_service_that_says_nothing_is_unreachable_in_the_end() -> None:
    async def silent(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    assert await code_of(silent, timeouts=Timeouts(answer=0.01)) == "unreachable"


async def test_a_service_that_never_stops_talking_is_unreachable_in_the_end() -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0)

    code = await code_of(lambda _: httpx.Response(200, stream=Endless()), timeouts=Timeouts(answer=0.05))
    assert code == "unreachable"


def test_importing_the_client_loads_no_framework_and_no_database() -> None:
    program = "import sys, profilegate.client; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "'httpx'" in loaded
    assert not [name for name in ("litestar", "piccolo", "asyncpg", "joserfc", "granian") if f"'{name}'" in loaded]


class Pieces(httpx.AsyncByteStream):
    """A body that nobody has unpacked yet."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


Answering = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


async def code_of(answering: Answering, **options: Any) -> str:
    """The code of the error that a client raises of this answer."""
    transport = httpx.MockTransport(answering)  # type: ignore[arg-type]
    client = ProfileClient(URL, lambda: "a-token", transport=transport, retries=Retries(most=0), **options)
    with pytest.raises(ClientError) as caught:
        await client.me.get()
    return caught.value.code
