"""Changing what others change too: read, decide, and write only if nobody was quicker."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import UnsetType

from profilegate.client.answers import Versioned
from profilegate.client.errors import ClientError
from profilegate.client.sending import awaited

S = TypeVar("S")
C = TypeVar("C")
T = TypeVar("T")

ROUNDS = 10
"""Every round in vain is somebody else's success."""

Decide = Callable[[S], C | UnsetType | Awaitable[C | UnsetType]]
"""From what is there to what is to be written; UNSET leaves it as it is. May be called several times."""


async def changed(
    read: Callable[[], Awaitable[S]],
    decide: Callable[[S], C | UnsetType | Awaitable[C | UnsetType]],
    write: Callable[[C, S], Awaitable[Versioned[T]]],
    rounds: int,
) -> Versioned[T] | S:
    """What is there in the end. Raises ClientError; 412 when somebody else was quicker in every round."""
    for left in reversed(range(rounds)):
        seen = await read()
        change: C | UnsetType = await awaited(decide(seen))
        if isinstance(change, UnsetType):
            return seen
        try:
            return await write(change, seen)
        except ClientError as error:
            if error.status != 412 or not left:
                raise
    raise ValueError("at least one round is needed")
