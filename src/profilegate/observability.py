"""Structured logs. Knows no route and no table."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

from profilegate.settings import ServerSettings

# What a driver's or a library's own words may hold, but a log may not: credentials of any scheme, JWTs, the
# password in a database's URL, and e-mail addresses. Our own messages name none of them.
SECRETS = (
    (re.compile(r"\b(bearer|dpop|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 [credential]"),
    (re.compile(r"\bey[\w-]{8,}(?:\.[\w-]*)+"), "[token]"),
    (re.compile(r"://[^\s/@]{1,256}@"), "://[credentials]@"),
    (re.compile(r"[^\s@<>\"'(),;:=\[\]{}/]{1,64}@[^\s@<>\"'(),;:=\[\]{}/]{1,255}"), "[e-mail]"),
)

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


class TextFormatter(logging.Formatter):
    """Lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class JSONFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
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
