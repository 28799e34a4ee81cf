"""Refusals that are heard: the rest of a refused request is read before it is answered.

Most clients send all of a request before they read any answer. A server that closes the connection while a body is
still coming resets it, and such a client sees a broken connection where there was a 401, 403, 413 or 422.
"""

import asyncio
from contextlib import suppress

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from profilegate.errors import BodyBroken, BodyTooSlow, Unavailable

LONGEST = 30.0
"""Seconds that the rest of a body may take; whoever is slower does not hear the refusal."""


class DrainingMiddleware(ASGIMiddleware):
    """Stands before the gate. Of a refused body it reads at most `most` bytes, and keeps none."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, most: int) -> None:
        self._most = most

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        body = Incoming(receive)

        async def answering(message: Message) -> None:
            await body.drain(self._most)
            await send(message)

        try:
            await next_app(scope, body, answering)
        except Exception:  # the gate's own refusals are answered further out
            await body.drain(self._most)
            raise


class Incoming:
    """A request's body, and whether all of it has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_whole = False

    async def __call__(self) -> ReceiveMessage:
        message = await self._receive()
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drain(self, most: int) -> None:
        """Read what is still to come, unless it is more than this many bytes or takes longer than LONGEST."""
        with suppress(TimeoutError, BodyBroken, BodyTooSlow, Unavailable):
            async with asyncio.timeout(LONGEST):
                while not self._is_whole and most > 0:
                    message = await self()
                    most -= len(message["body"]) if message["type"] == "http.request" else 0
        self._is_whole = True
