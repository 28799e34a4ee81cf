"""The headers of a delivery, as they came, and the few questions that are asked of them."""

import hmac
from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from profilegate.errors import InvalidSignature
from profilegate.sync.said import Payload

Headers = Mapping[str, tuple[str, ...]]
"""Names in lower case; every value that came under a name."""

# Ten digits until 2286, thirteen in milliseconds.
LONGEST_TIME = 13

# From here on a time is in milliseconds: in seconds it would be the year 5138.
SECONDS_END = 10**11


class Verified(Struct, frozen=True):
    """A delivery that is the provider's. `delivery_id` is what the signature vouches for, where it does."""

    payload: Payload
    delivery_id: str | None = None


class Verifier(Protocol):
    """Checks deliveries of one source."""

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        """The delivery. `now` is in Unix seconds.

        Raises InvalidSignature; MalformedBody when it is the provider's, but no JSON object; ProviderUnavailable
        when the provider's keys are needed and cannot be had.
        """

    def payload(self, body: bytes) -> Payload:
        """What a body says that was verified before. Raises MalformedBody."""


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of an ASGI scope."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in raw:
        text = name.decode("latin-1").lower()
        found[text] = (*found.get(text, ()), value.decode("latin-1").strip())
    return found


def only(headers: Headers, name: str) -> str:
    """The one value of a header. Raises InvalidSignature when there is none, or more than one."""
    values = headers.get(name, ())
    if len(values) != 1 or not values[0]:
        raise InvalidSignature(f"there must be exactly one {name} header")
    return values[0]


def check_window(text: str, now: float, tolerance: int) -> None:
    """Raise InvalidSignature unless the time, in seconds or milliseconds, is at most `tolerance` seconds away."""
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_TIME):
        raise InvalidSignature("the timestamp is not a number of seconds")
    moment = int(text) / (1000 if int(text) >= SECONDS_END else 1)
    if abs(now - moment) > tolerance:
        raise InvalidSignature("the timestamp is too old" if moment < now else "the timestamp is in the future")


def is_one_of(given: Iterable[str], expected: Iterable[str]) -> bool:
    """Whether any given text is an expected one. Compares all of them, each in constant time."""
    wanted = [each.encode() for each in expected]
    found = [hmac.compare_digest(each.encode(), good) for each in given for good in wanted]
    return any(found)
