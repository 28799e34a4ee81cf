"""What the wiring hands to a face's handlers."""

from typing import TypeVar

from litestar.di import Provide

T = TypeVar("T")


def provided(value: T) -> Provide:
    """A dependency that is the same for every request. It is put on a face's router, never on the host."""

    def give() -> T:
        return value

    return Provide(give, sync_to_thread=False)
