"""How a provider is asked: bounded in time and size, twice at the most, never led elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
from tests.minting import ISSUER

from profilegate.auth.documents import LIMIT, answered, document
from profilegate.errors import ProviderSilent, ProviderUnavailable

from .asking import Endpoints

URL = f"{ISSUER}/doc"
PASSING = [502, 503, 504]
LASTING = [200, 201, 204, 301, 302, 400, 401, 403, 404, 429, 500, 501, 505]
BROKEN: list[Exception] = [
    httpx.ConnectError("x"),
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.CloseError("x"),
    httpx.RemoteProtocolError("x"),
]


async def ask(endpoints: Endpoints, timeout: float = 3.0) -> tuple[int, bytes]:
    status, body, _ = await answered(endpoints.client, lambda: endpoints.client.build_request("GET", URL), timeout)
    return status, body


@pytest.mark.parametrize("status", LASTING)
async def test_any_status_is_an_answer(status: int) -> None:
    endpoints = Endpoints(doc=httpx.Response(status, content=b"body"))
    assert await ask(endpoints) == (status, b"body")
    assert len(endpoints.requests) == 1


@pytest.mark.parametrize("status", PASSING)
async def test_a_passing_fault_is_tried_once_more(status: int) -> None:
    endpoints = Endpoints(doc=[httpx.Response(status), httpx.Response(200, content=b"x")])
    assert await ask(endpoints) == (200, b"x")
    assert len(endpoints.requests) == 2


@pytest.mark.parametrize("status", PASSING)
async def test_a_fault_that_does_not_pass_is_tried_no_third_time(status: int) -> None:
    endpoints = Endpoints(doc=httpx.Response(status))
    assert await ask(endpoints) == (status, b"")
    assert len(endpoints.requests) == 2


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
async def test_a_broken_connection_is_tried_once_more(error: Exception) -> None:
    endpoints = Endpoints(doc=[error, httpx.Response(200, content=b"x")])
    assert await ask(endpoints) == (200, b"x")
    endpoints = Endpoints(doc=error)
    with pytest.raises(ProviderSilent):
        await ask(endpoints)
    assert len(endpoints.requests) == 2


@pytest.mark.parametrize("error", [httpx.ReadTimeout("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")])
async def test_a_provider_that_is_slow_is_not_asked_again(error: Exception) -> None:
    endpoints = Endpoints(doc=error)
    with pytest.raises(ProviderSilent):
        await ask(endpoints)
    assert len(endpoints.requests) == 1


async def test_the_second_try_comes_after_a_short_pause_that_varies() -> None:
    pauses = []
    for _ in range(4):
        moments: list[float] = []
        answers = iter([502, 200])

        def answer(moments: list[float] = moments, answers: Iterator[int] = answers) -> httpx.Response:
            moments.append(time.monotonic())
            return httpx.Response(next(answers))

        await ask(Endpoints(doc=answer))
        pauses.append(moments[1] - moments[0])
    assert min(pauses) >= 0.045
    assert len({round(each, 4) for each in pauses}) > 1


async def test_both_tries_and_the_pause_together_keep_to_the_time() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        raise AssertionError

    async with asyncio.timeout(20), httpx.AsyncClient(transport=httpx.MockTransport(never)) as client:
        with pytest.raises(ProviderSilent):
            await answered(client, lambda: client.build_request("GET", URL), 0.05)
    endpoints = Endpoints(doc=httpx.Response(503))
    with pytest.raises(ProviderSilent):
        await ask(endpoints, 0.03)


async def test_a_body_that_drips_is_not_waited_for() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    async with asyncio.timeout(20):
        with pytest.raises(ProviderSilent):
            await ask(Endpoints(doc=lambda: httpx.Response(200, content=drip())), 0.1)


async def test_a_redirect_is_an_answer_and_leads_nowhere() -> None:
    for status in (301, 302, 303, 307, 308):
        endpoints = Endpoints(doc=httpx.Response(status, headers={"location": "https://evil.example/"}))
        assert (await ask(endpoints))[0] == status
        with pytest.raises(ProviderUnavailable):
            await document(endpoints.client, URL, 3)
        assert {each.url.host for each in endpoints.requests} == {"id.example"}


async def test_a_client_that_follows_redirects_does_not_here() -> None:
    endpoints = Endpoints(doc=httpx.Response(302, headers={"location": f"{ISSUER}/other"}), other=httpx.Response(200))
    endpoints.client.follow_redirects = True
    assert (await ask(endpoints))[0] == 302


@pytest.mark.parametrize("size", [0, 1, LIMIT])
async def test_a_body_of_up_to_the_limit_is_read(size: int) -> None:
    assert await ask(Endpoints(doc=httpx.Response(200, content=bytes(size)))) == (200, bytes(size))


async def test_a_larger_body_is_not_even_read_to_its_end() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 65_536
            yield bytes(65_536)

    with pytest.raises(ProviderUnavailable) as caught:
        await ask(Endpoints(doc=lambda: httpx.Response(200, content=endless())))
    assert not isinstance(caught.value, ProviderSilent)
    assert given <= LIMIT + 3 * 65_536


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, gzip", "x"])
async def test_a_compressed_answer_is_not_taken(encoding: str) -> None:
    with pytest.raises(ProviderUnavailable):
        await ask(
            Endpoints(
                doc=lambda: httpx.Response(
                    200, headers={"content-encoding": encoding}, stream=httpx.ByteStream(b"\x1f\x8b")
                )
            )
        )


async def test_plain_json_is_asked_for() -> None:
    endpoints = Endpoints(doc=httpx.Response(200))
    await ask(endpoints)
    headers = endpoints.requests[0].headers
    assert (headers["accept-encoding"], headers["accept"]) == ("identity", "application/json")


Asked = Callable[[httpx.AsyncClient], Awaitable[object]]
BOTH: list[Asked] = [
    lambda client: answered(client, lambda: client.build_request("GET", URL), 1),
    lambda client: document(client, URL, 1),
]


@pytest.mark.parametrize("asked", BOTH)
@pytest.mark.parametrize(
    "error",
    [
        httpx.InvalidURL("odd"),
        httpx.TooManyRedirects("loop"),
        httpx.DecodingError("odd"),
    ],
    ids=lambda error: type(error).__name__ if isinstance(error, Exception) else "",
)
async def test_whatever_httpx_finds_wrong_is_the_providers_trouble(asked: Asked, error: Exception) -> None:
    with pytest.raises(ProviderUnavailable):
        await asked(Endpoints(doc=error).client)


@pytest.mark.parametrize("status", [201, 204, 302, 400, 404, 500, 503])
async def test_a_document_is_what_a_200_carries(status: int) -> None:
    assert await document(Endpoints(doc=httpx.Response(200, content=b"x")).client, URL, 3) == b"x"
    with pytest.raises(ProviderUnavailable) as caught:
        await document(Endpoints(doc=httpx.Response(status, content=b"x")).client, URL, 3)
    assert caught.value.reason == f"{URL} answered {status}"


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://id.example/\n", "https://id.example/\0", "https://a/" + "x" * 70_000]
)
async def test_what_is_no_address_is_not_asked(url: str) -> None:
    endpoints = Endpoints()
    with pytest.raises(ProviderUnavailable):
        await document(endpoints.client, url, 3)
    assert endpoints.requests == []


async def test_a_reason_holds_no_query() -> None:
    endpoints = Endpoints(doc=httpx.ConnectError("secret"))
    with pytest.raises(ProviderSilent) as caught:
        await answered(endpoints.client, lambda: endpoints.client.build_request("GET", f"{URL}?token=secret"), 3)
    assert caught.value.reason == "no answer from the provider: ConnectError"
    for answer in (
        httpx.Response(200, content=bytes(LIMIT + 1)),
        httpx.Response(200, headers={"content-encoding": "x"}),
    ):
        endpoints = Endpoints(doc=answer)
        with pytest.raises(ProviderUnavailable) as refused:
            await answered(endpoints.client, lambda: endpoints.client.build_request("GET", f"{URL}?token=secret"), 3)  # noqa: B023
        assert "secret" not in refused.value.reason


async def test_a_smaller_limit_may_be_asked_for() -> None:
    for size, fits in ((10, True), (11, False)):
        endpoints = Endpoints(doc=httpx.Response(200, content=bytes(size)))
        asked = answered(endpoints.client, lambda: endpoints.client.build_request("GET", URL), 3, 10)  # noqa: B023
        if fits:
            assert (await asked).body == bytes(10)
        else:
            with pytest.raises(ProviderUnavailable, match="reached") as caught:
                await asked
            assert caught.value.reason == f"{URL} answered more than 10 bytes"


@pytest.mark.parametrize("status", PASSING)
async def test_only_a_get_is_repeated_for_its_answer(status: int) -> None:
    """A POST has been taken, whatever came of it."""
    endpoints = Endpoints(doc=[httpx.Response(status), httpx.Response(200)])
    answer = await answered(endpoints.client, lambda: endpoints.client.build_request("POST", URL), 3)
    assert (answer.status, len(endpoints.requests)) == (status, 1)


async def test_a_second_try_is_a_request_of_its_own() -> None:
    endpoints, made = Endpoints(doc=[httpx.ConnectError("x"), httpx.Response(200)]), list[httpx.Request]()

    def make() -> httpx.Request:
        made.append(endpoints.client.build_request("POST", URL, content=str(len(made))))
        return made[-1]

    await answered(endpoints.client, make, 3)
    assert [each.content for each in endpoints.requests] == [b"0", b"1"]


async def test_an_answer_that_says_it_is_not_encoded_is_taken() -> None:
    assert (await ask(Endpoints(doc=httpx.Response(200, headers={"content-encoding": "identity"}))))[0] == 200


async def test_a_connection_is_given_back_even_when_the_answer_is_not_taken() -> None:
    class Stream(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield bytes(LIMIT + 1)

        async def aclose(self) -> None:
            self.closed = True

    for headers in ({}, {"content-encoding": "gzip"}):
        stream = Stream()

        def answer(headers: dict[str, str] = headers, stream: Stream = stream) -> httpx.Response:
            return httpx.Response(200, headers=headers, stream=stream)

        with pytest.raises(ProviderUnavailable):
            await ask(Endpoints(doc=answer))
        assert stream.closed
