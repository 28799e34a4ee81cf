"""Answers in JSON. Litestar's own way from a value to bytes costs as much as everything else that a read takes."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.types import Receive, Scope, Send

from profilegate.auth.credentials import Header

T = TypeVar("T")


class Answer(Response[T]):
    """JSON, and no body where the status is 304. Where a host adds cookies, headers or a media type of its own, it is
    Litestar's usual response."""

    def __init__(self, content: T, *, headers: Mapping[str, str], status_code: int | None = None) -> None:
        self.content = content
        self.headers = {**headers}
        self.status_code = status_code
        self.cookies = []
        self.background = self.media_type = None
        self.encoding, self.response_type_encoders = "utf-8", {}

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **added: Any) -> Any:
        mine = self.cookies or self.media_type or self.background
        if mine or added["cookies"] or added["headers"] or added["background"]:
            return super().to_asgi_response(app, request, **added)
        if self.status_code == 304:
            return Sent(304, encoded(self.headers), b"")
        body = msgspec.json.encode(self.content)
        return Sent(self.status_code or added["status_code"], encoded(self.headers) + described(body), body)


class Sent:
    """An answer that is bytes already, as an ASGI application."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[Header], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def encoded(headers: Mapping[str, str]) -> list[Header]:
    """Headers as ASGI has them. Their names are small letters already."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


JSON = (b"content-type", b"application/json")


def described(body: bytes) -> list[Header]:
    """What is said of a body."""
    return [JSON, (b"content-length", b"%d" % len(body))]
