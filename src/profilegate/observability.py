"""Structured logs. Knows no route and no table."""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from profilegate.settings import ServerSettings

# What a driver's or a library's own words may hold, but a log may not: credentials of any scheme, JWTs, the
# password in a database's URL, and e-mail addresses. Our own messages name none of them.
SECRETS = (
    (re.compile(r"\b(bearer|dpop|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 [credential]"),
    (re.compile(r"\bey[\w-]{8,}(?:\.[\w-]*)+"), "[token]"),
    (re.compile(r"://[^\s/@]{1,256}@"), "://[credentials]@"),
    (re.compile(r"[^\s@<>\"'(),;:=\[\]{}/]{1,64}@[^\s@<>\"'(),;:=\[\]{}/]{1,255}"), "[e-mail]"),
)

REQUEST = "profilegate_request_id"
"""In the scope: the request's id, once somebody has asked for it."""

LINE_BREAKS = {ord(each): repr(each)[1:-1] for each in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"}
"""What readers of logs take for the end of a line."""

# Some of what is logged comes from outside, and patterns take time for every character.
LONGEST = 16_384
"""Characters of one entry; a trace has a few thousand."""


def redacted(text: str) -> str:
    """The text without what looks like a credential or an e-mail address. The last net, not the rule.

    What is longer than LONGEST is cut.
    """
    text = text if len(text) <= LONGEST else text[:LONGEST] + " [cut]"
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


# An id from outside is shown as it came, so it must be one and no text.
REQUEST_ID = re.compile(rb"[\w.:=+/-]{1,128}")

CURRENT: ContextVar[MutableMapping[str, Any] | None] = ContextVar("profilegate_request", default=None)
"""The ASGI scope of the request at hand."""


class Requested:
    """Round the service: what is logged while a request is answered bears the request's id."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        token = CURRENT.set(scope)
        try:
            await self._app(scope, receive, send)
        finally:
            CURRENT.reset(token)


def request_id() -> str | None:
    """The id of the request at hand: the proxy's (X-Request-Id), or one of ours; None outside of requests.

    Most requests log nothing, so ours is made when it is first asked for.
    """
    scope = CURRENT.get()
    if scope is None or scope["type"] != "http":
        return None
    if REQUEST not in scope:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        scope[REQUEST] = given.decode("ascii") if REQUEST_ID.fullmatch(given) else token_hex(8)
    return str(scope[REQUEST])


def trace_id() -> str | None:
    """The id of the trace at hand in hexadecimal, where OpenTelemetry is at work; else None."""
    opentelemetry = sys.modules.get("opentelemetry.trace")
    context = None if opentelemetry is None else opentelemetry.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context is not None and context.is_valid else None


class TextFormatter(logging.Formatter):
    """Lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        made = request_id()
        return redacted(super().format(record) + ("" if made is None else f" [request {made}]"))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is logging's
        """On one line, whatever it quotes: only a trace has more."""
        return super().formatMessage(record).translate(LINE_BREAKS)


class JSONFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        if (made := request_id()) is not None:
            line["request_id"] = redacted(made)
        if (trace := trace_id()) is not None:
            line["trace_id"] = trace
        if record.exc_info:
            line["exception"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure_logging(settings: ServerSettings) -> None:
    """Write this package's log to standard error. For the standalone service; a host has its own logging."""
    handler = logging.StreamHandler(sys.stderr)
    plain = TextFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JSONFormatter() if settings.log_format == "json" else plain)
    logger = logging.getLogger("profilegate")
    logger.handlers[:] = [handler]
    logger.setLevel(settings.log_level.upper())
    logger.propagate = False
