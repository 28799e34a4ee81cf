"""The door of the standalone service: how many requests are at work at once, and how slowly a body may come.

A connection is cheap, and most of them wait for their clients; a request at work is not. So the server takes many
connections, and requests are counted here, without the time in which they wait for more of their body.
"""

import asyncio
from asyncio import Task
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import cast

from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from profilegate.again import Again
from profilegate.auth.credentials import Header
from profilegate.errors import BodyBroken, BodyTooSlow, MalformedBody, ProfileGateError, Unavailable
from profilegate.faces.answers import Sent, encoded
from profilegate.faces.problems import MEDIA_TYPE, told
from profilegate.faces.refusals import headers

MOST = 512
"""Requests at work in one process. Whoever would be one more gets 503 at once."""

BEAT = 0.05
"""Seconds between two looks at how late the event loop is."""

LATE = 0.5
"""Seconds by which it may be late. Of a crowd that comes then, all but FEW get 503 at once: their clients would not
wait for the answers."""

FEW = 64
"""Requests that come in however late the loop is: a machine that paused is no crowd. One with a body counts twice."""

GRACE = 20.0
"""Seconds that any body may take."""

PACE = 1_000
"""Bytes of a body that give it another second."""

CLOSE = {"connection": "close"}


class Door:
    """Round the whole service. `most` is how many requests may be at work, and `turned_away` is called for
    each that is one too many. What is answered `again` takes less than to turn it away. It looks at the loop's
    lateness from the server's start on, which comes as a lifespan event."""

    def __init__(
        self,
        app: ASGIApp,
        most: int = MOST,
        turned_away: Callable[[], None] = lambda: None,
        again: Again | None = None,
    ) -> None:
        self._app = app
        self._again = again
        self._turned_away = turned_away
        self._most = most
        self._late_from = float("inf")
        self._came_late = 0
        self.at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]
        if kind != "http":
            if kind == "lifespan":
                self._beat()
            return await self._app(scope, receive, send)
        again = None if self._again is None else self._again.found(scope)
        if self._again is not None and again is not None:
            return await self._again.send(again, scope, send)
        if not is_framed(scope["headers"]):
            return await refused(MalformedBody(), CLOSE)(scope, receive, send)
        if self.is_crowded():
            return await refused(Unavailable(), {})(scope, receive, send)
        self.at_work += 1
        try:
            await self._app(scope, Arriving(self, receive), send)
        finally:
            self.at_work -= 1

    def is_crowded(self) -> bool:
        """Whether one more would wait for too long, and is turned away."""
        crowded = self.at_work >= self._most or (monotonic() > self._late_from and self._is_one_of_many())
        if crowded:
            self._turned_away()
        return crowded

    def _is_one_of_many(self) -> bool:
        self._came_late += 1
        return self._came_late > FEW

    def _beat(self) -> None:
        """The loop's own clock will not do: some only look at the time once in each round."""
        self._late_from, self._came_late = monotonic() + BEAT + LATE, 0
        asyncio.get_running_loop().call_later(BEAT, self._beat)


class Arriving:
    """A request's `receive`. Who waits in it is not at work meanwhile, and must be let in again when the body is there.

    Raises BodyTooSlow, BodyBroken or Unavailable.
    """

    __slots__ = ("_door", "_ends", "_is_late", "_is_whole", "_receive")

    def __init__(self, door: Door, receive: Receive) -> None:
        self._door = door
        self._receive = receive
        self._is_whole = self._is_late = False
        self._ends = 0.0

    async def __call__(self) -> HTTPReceiveMessage:
        """After the end of the body only the client's going away is waited for, as long as that may take."""
        self._door.at_work -= 1
        try:
            if self._is_whole:
                return await self._receive()  # type: ignore[return-value]
            return await self._more()
        finally:
            self._door.at_work += 1

    async def _more(self) -> HTTPReceiveMessage:
        message = await self._in_time()
        if message["type"] != "http.request":
            raise BodyBroken
        self._ends += len(message["body"]) / PACE
        self._is_whole = not message.get("more_body")
        if self._is_whole and self._door.is_crowded():
            raise Unavailable
        return message

    async def _in_time(self) -> HTTPReceiveMessage:
        """What `asyncio.timeout_at` would do, which costs as much as everything else here together."""
        loop, task = asyncio.get_running_loop(), cast(Task[object], asyncio.current_task())
        self._ends = self._ends or loop.time() + GRACE
        alarm = loop.call_at(self._ends, self._stop, task)
        try:
            return await self._receive()  # type: ignore[return-value]
        except asyncio.CancelledError as error:
            if self._is_late and task.uncancel() == 0:
                raise BodyTooSlow from error
            raise
        finally:
            alarm.cancel()

    def _stop(self, task: Task[object]) -> None:
        self._is_late = True
        task.cancel()


def is_framed(headers: Iterable[Header]) -> bool:
    """Whether nobody can see the end of the body elsewhere: the server takes any list of codings with chunked last,
    and a proxy before it may not (RFC 9112, section 6.1)."""
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    return not codings or (len(codings) == 1 and codings[0].lower() == b"chunked")


def refused(error: ProfileGateError, extra: Mapping[str, str]) -> Sent:
    """The answer to who does not come in."""
    named = {"content-type": MEDIA_TYPE, **headers(error), **extra}
    return Sent(error.status, encoded(named), told(error.status, str(error)))
