"""Sending a request: with a token, with a proof where one is needed, and again where that does no harm."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Protocol, TypeVar

import httpx
from msgspec import Struct

from profilegate.client.answers import Answer
from profilegate.client.calls import Bulk, Call
from profilegate.client.errors import ClientError
from profilegate.client.waiting import Retries

T = TypeVar("T")

Token = Callable[[], str | Awaitable[str]]
"""Gives an access token. Asked before each request, and once more when the token was refused."""

TOKEN = re.compile(r"[!-~]+")

BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

# A compressed answer of a few kilobytes can fill any memory, so none is asked for and none is taken.
PLAIN = {"accept": "application/json", "accept-encoding": "identity"}


class Proof(Protocol):
    """Gives the headers that prove possession of the token's key (RFC 9449): `{"DPoP": ...}`.

    `url` is without query; `nonce` is the service's latest, if it gave one.
    """

    def __call__(
        self, method: str, url: str, token: str, nonce: str | None
    ) -> Mapping[str, str] | Awaitable[Mapping[str, str]]: ...


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds: to connect, to a whole answer, and to the whole answer to a bulk. Each try has its own."""

    connect: float = 5.0
    answer: float = 30.0
    bulk: float = 600.0


class Lost(Struct, frozen=True):
    """There is no answer. `is_unsent`: surely nothing of the request was sent."""

    error: Exception
    is_unsent: bool


async def awaited(given: T | Awaitable[T]) -> T:
    """What a callback gives, whether it is a coroutine's or not."""
    return await given if isawaitable(given) else given


class Sender:
    """Sends requests to one service, and tokens to nobody else. Keeps no token; keeps the latest DPoP nonce."""

    def __init__(
        self,
        base: httpx.URL,
        token: Token,
        http: httpx.AsyncClient,
        proof: Proof | None,
        retries: Retries,
        timeouts: Timeouts,
        largest_answer: int,
    ) -> None:
        self._base = base
        self._token = token
        self._http = http
        self._proof = proof
        self._retries = retries
        self._timeouts = timeouts
        self._largest_answer = largest_answer
        self._nonce: str | None = None

    async def send(self, call: Call) -> Answer:
        """The answer, if it is a success. Raises ClientError."""
        outcome = await self._tried(call)
        if isinstance(outcome, Lost):
            raise ClientError(None, "unreachable", "The service did not answer.") from outcome.error
        if outcome.status >= 300:
            raise outcome.refused(call.error, self._retries.clock())
        return outcome

    async def _tried(self, call: Call) -> Answer | Lost:
        outcome = await self._authorized(call)
        for retry in range(self._retries.most):
            if not may_repeat(call, outcome):
                break
            told = outcome.headers.get("retry-after") if isinstance(outcome, Answer) else None
            await self._retries.wait(retry, told)
            outcome = await self._authorized(call)
        return outcome

    async def _authorized(self, call: Call) -> Answer | Lost:
        """Once more with another token where the first is not good any more."""
        token = await self._fresh_token()
        outcome = await self._proved(call, token)
        if isinstance(outcome, Lost) or not outcome.says("invalid_token") or not call.can_be_sent:
            return outcome
        other = await self._fresh_token()
        return outcome if other == token else await self._proved(call, other)

    async def _proved(self, call: Call, token: str) -> Answer | Lost:
        """Once more with the nonce where the service asks for one (RFC 9449, section 9)."""
        outcome = await self._once(call, token)
        if self._proof is None or isinstance(outcome, Lost) or not outcome.says("use_dpop_nonce"):
            return outcome
        return await self._once(call, token) if call.can_be_sent else outcome

    async def _once(self, call: Call, token: str) -> Answer | Lost:
        request = await self._request(call, token)
        try:
            async with asyncio.timeout(self._timeouts.bulk if isinstance(call.body, Bulk) else self._timeouts.answer):
                answer = await self._answer(request)
        except (httpx.TransportError, TimeoutError) as error:
            return Lost(error, isinstance(error, BEFORE_SENDING))
        self._nonce = answer.headers.get("dpop-nonce", self._nonce)
        return answer

    async def _request(self, call: Call, token: str) -> httpx.Request:
        target = self._base.copy_with(raw_path=self._base.raw_path.rstrip(b"/") + call.path.encode("ascii"))
        headers = {**PLAIN, **call.headers, "authorization": f"{'Bearer' if self._proof is None else 'DPoP'} {token}"}
        if self._proof is not None:
            url = str(target.copy_with(query=None))
            headers |= await awaited(self._proof(call.method, url, token, self._nonce))
        timeout = httpx.Timeout(None, connect=self._timeouts.connect)
        return self._http.build_request(call.method, target, headers=headers, content=call.content(), timeout=timeout)

    async def _answer(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ClientError(response.status_code, "not_understood", "The service's answer is compressed.")
            return Answer(response.status_code, response.headers, await self._body(response))
        finally:
            await response.aclose()

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > self._largest_answer:
                told = f"The service's answer is larger than {self._largest_answer} bytes."
                raise ClientError(response.status_code, "answer_too_large", told)
        return bytes(body)

    async def _fresh_token(self) -> str:
        token = await awaited(self._token())
        if not isinstance(token, str) or TOKEN.fullmatch(token) is None:
            raise ValueError("the token callback gave something that is no access token")  # and nothing of it is shown
        return token


def may_repeat(call: Call, outcome: Answer | Lost) -> bool:
    """Whether another try may help, and cannot do the same thing twice.

    Whoever says when to come again has not done what was asked.
    """
    if isinstance(outcome, Lost):
        is_harmless = outcome.is_unsent or call.is_repeatable
    else:
        is_harmless = outcome.status in (429, 503) and ("retry-after" in outcome.headers or call.is_repeatable)
    return is_harmless and call.can_be_sent
