"""Times as the faces write them."""

from datetime import UTC, datetime


def moment(milliseconds: int) -> str:
    """Unix milliseconds as RFC 3339, in UTC and whole seconds."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
