"""JSON objects from outside: every way in which they are none is one error."""

from typing import Any

import msgspec

DECODER = msgspec.json.Decoder(dict[str, Any])


def json_object(data: bytes) -> dict[str, Any]:
    """The object. Raises ValueError, which does not repeat the data, for anything else."""
    try:
        return DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError("not a JSON object") from None
