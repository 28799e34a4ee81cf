"""What is particular about a provider: how it signs, and how its payloads are read."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from profilegate.sync.said import Payload, Said
from profilegate.sync_settings import Signature


def no_id(_: Payload) -> str | None:
    """For providers whose payloads have no id: a digest of the body stands for it."""
    return None


class Provider(Struct, frozen=True, kw_only=True):
    """One provider's ways.

    `read` turns a payload into what it says, an empty sequence where that is nothing for us; it raises Unreadable.
    `delivery_id` is the id in the payload that is the same for every attempt. `user` turns a user of the provider's
    management API into fields, where it has one; it raises Unreadable, too. `kept` is the payload without what must
    not be stored, where not all of it may be.
    """

    signature: Signature
    header: str = ""
    """Of the signature or the secret, in lower case."""
    read: Callable[[Payload], Sequence[Said]]
    delivery_id: Callable[[Payload], str | None] = no_id
    user: Callable[[Payload], dict[str, Any]] | None = None
    kept: Callable[[Payload], Payload] | None = None
