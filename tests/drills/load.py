"""A load of reads and changes while something breaks, and what its clients saw."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, cycle
from time import monotonic
from typing import Literal, NamedTuple, Self

import msgspec
from msgspec import Struct, field
from tests.bench.issuing import Person
from tests.bench.traffic import http
from tests.drills.ledger import Ledger
from tests.drills.waiting import seconds_until
from tests.drills.wire import Answer, Wire

Kind = Literal["read", "write"]
PAUSE = 0.02
"""Seconds that a client thinks between two requests: enough that no load of a drill is an overload by itself."""

GOOD = "200"


class Seen(Struct):
    """Of all clients of a kind together. `outage` is the longest time without any good answer."""

    kinds: Counter[str] = field(default_factory=Counter)
    longest: float = 0
    outage: float = 0
    good_at: float = field(default_factory=monotonic)

    def note(self, answer: Answer) -> None:
        self.kinds[answer.kind] += 1
        self.longest = max(self.longest, answer.seconds)
        now = monotonic()
        self.outage = max(self.outage, now - self.good_at)
        if answer.kind == GOOD:
            self.good_at = now


class Request(NamedTuple):
    """What is sent, and what to do when the answer is good."""

    written: bytes
    told: Callable[[], None] = lambda: None


class Client:
    """Asks over one connection, on and on. `good_since` is when it sent what was answered well last."""

    def __init__(self, port: int, requests: Iterator[Request]) -> None:
        self.good_since = 0.0
        self._wire, self._requests = Wire(port), requests

    async def run(self, seen: Seen) -> None:
        async with self._wire:
            for request in self._requests:
                began = monotonic()
                answer = await self._wire.ask(request.written)
                seen.note(answer)
                if answer.kind == GOOD:
                    self.good_since = began
                    request.told()
                await asyncio.sleep(PAUSE)


class Load:
    """Readers and writers while the block lasts. A writer changes its own people's names, one after the other."""

    def __init__(self, port: int, people: Sequence[Person], each: int = 8) -> None:
        self.seen: dict[Kind, Seen] = {"read": Seen(), "write": Seen()}
        self.ledger = Ledger()
        self._clients: dict[Kind, list[Client]] = {
            "read": [Client(port, reads(people[n::each])) for n in range(each)],
            "write": [Client(port, self._writes(people[n::each])) for n in range(each)],
        }

    async def __aenter__(self) -> Self:
        for seen in self.seen.values():
            seen.good_at = monotonic()
        pairs = [(client, self.seen[kind]) for kind, clients in self._clients.items() for client in clients]
        self._tasks = [asyncio.create_task(client.run(seen)) for client, seen in pairs]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def healed(self, within: float) -> float | None:
        """Seconds until every client has had a good answer to what it asked from now on; None: not in this time."""
        began = monotonic()

        async def are_served() -> bool:
            return all(client.good_since > began for clients in self._clients.values() for client in clients)

        return await seconds_until(are_served, within)

    def _writes(self, people: Sequence[Person]) -> Iterator[Request]:
        for n, person in zip(count(), cycle(people), strict=False):
            name = f"Written {n}"
            self.ledger.asks(person.user_id, name)
            body = msgspec.json.encode({"name": name})
            written = http("PUT", f"/v1/profiles/user/{person.user_id}", person, body)
            yield Request(written, partial(self.ledger.is_told, person.user_id, name))


def reads(people: Sequence[Person]) -> Iterator[Request]:
    """Of one's own record."""
    for person in cycle(people):
        yield Request(http("GET", "/api/profile", person))
