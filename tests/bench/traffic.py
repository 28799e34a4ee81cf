"""What is asked of a server, and what it must answer."""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from tests.bench.issuing import Person

HOST = "127.0.0.1"
DIGITS = 8
BATCH = 100
"""Ids in one batch request."""

BATCHERS = 100
"""People who ask for batches."""

Right = Callable[[bytes, int], bool]
"""Whether a body is the right answer to the request of that number."""


class Asked(NamedTuple):
    """A request. With `after`, its number stands before that, in eight digits: so every change is one."""

    before: bytes
    after: bytes
    is_right: Right

    def written(self, number: int) -> bytes:
        """As it goes over the wire."""
        return self.before + (f"{number:0{DIGITS}}".encode() + self.after if self.after else b"")


Traffic = Sequence[Asked]
"""Asked one after the other, and from the start again."""


def others(people: Sequence[Person]) -> Traffic:
    """GET of the Phoenix profile of somebody else."""
    return [phoenix(each, people[n - len(people) // 2].user_id) for n, each in enumerate(people)]


def own(people: Sequence[Person]) -> Traffic:
    """GET of the caller's own Phoenix profile."""
    return [phoenix(each, each.user_id) for each in people]


def logto(people: Sequence[Person]) -> Traffic:
    """GET of the caller's own record."""
    return [Asked(http("GET", "/api/profile", each), b"", shows("id", each.user_id)) for each in people]


def puts(people: Sequence[Person]) -> Traffic:
    """PUT of the caller's name, another one each time."""
    return [named("PUT", f"/v1/profiles/user/{each.user_id}", each) for each in people]


def patches(people: Sequence[Person]) -> Traffic:
    """PATCH of the caller's name, another one each time."""
    return [named("PATCH", "/api/profile", each) for each in people]


def batches(people: Sequence[Person]) -> Traffic:
    """POST for the profiles of a hundred others, by few people: each has its own hundred."""
    ids = [each.user_id for each in people] * BATCH
    return [batch(each, ids[n * BATCH :][:BATCH]) for n, each in enumerate(people[:BATCHERS])]


def mixed(people: Sequence[Person]) -> Traffic:
    """Everything, mostly reads, by everybody: of 100 requests 60 of others, 24 of one's own, 15 changes and a batch."""
    places = [len(people) * share // 100 for share in (60, 84, 92, 99)]
    kinds = (others, logto, puts, patches, batches)
    parts = zip(kinds, [0, *places], [*places, len(people)], strict=True)
    asked = [each for kind, start, end in parts for each in kind(people[start:end])]
    random.Random(1).shuffle(asked)
    return asked


def anything(people: Sequence[Person]) -> Traffic:
    """The very requests of `others`, for servers that answer the same to all."""
    return [each._replace(is_right=lambda body, _: body.startswith(b'{"tenant_id":')) for each in others(people)]


def phoenix(caller: Person, user_id: str) -> Asked:
    return Asked(http("GET", f"/v1/profiles/user/{user_id}", caller), b"", shows("user_id", user_id))


def named(method: str, path: str, caller: Person) -> Asked:
    """A change of the name."""
    body = b'{"name":"Name %0*d"}' % (DIGITS, 0)
    before, zeros, after = http(method, path, caller, body).rpartition(b"0" * DIGITS)
    assert zeros
    return Asked(before, after, lambda body, number: loaded(body).get("name") == f"Name {number:0{DIGITS}}")


def batch(caller: Person, ids: Sequence[str]) -> Asked:
    body = msgspec.json.encode({"user_ids": ids})

    def is_right(answer: bytes, _: int) -> bool:
        return [each["user_id"] for each in loaded(answer)["profiles"]] == list(ids)

    return Asked(http("POST", "/v1/profiles/batch", caller, body), b"", is_right)


def shows(member: str, user_id: str) -> Right:
    """The record of this user, as it was filled in or has been renamed since."""

    def is_right(body: bytes, _: int) -> bool:
        record = loaded(body)
        return bool(record.get(member) == user_id and str(record.get("name")).startswith("Name "))

    return is_right


def loaded(body: bytes) -> Any:
    return msgspec.json.decode(body)


def http(method: str, path: str, caller: Person, body: bytes | None = None) -> bytes:
    """A request as a browser's script sends it, without what differs from browser to browser."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Authorization: Bearer {caller.token}"]
    lines += ["Accept: application/json", "User-Agent: bench/1.0"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")
