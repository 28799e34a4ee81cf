"""Times as the faces write them."""

from datetime import UTC, datetime


def moment(milliseconds: int) -> str:
    """Unix milliseconds as RFC 3339, in UTC and whole seconds."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC).isoformat()[:19]}Z"
