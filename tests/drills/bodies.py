"""Bodies and heads that are too much."""

import gzip
from collections.abc import Iterator
from functools import lru_cache

from tests.bench.issuing import Person
from tests.drills.probes import PIECE, Door, Probe, head

HUNDRED_MEGABYTES = 100 * 1_048_576
MOST_MORE = 64
"""MiB by which the service may grow while it refuses."""

DEEP = 30_000
MANY = 10_000


def probes(door: Door, person: Person) -> Iterator[Probe]:
    """Each of them must be refused, and held in no memory."""
    big = [bytes(PIECE)] * (HUNDRED_MEGABYTES // PIECE)
    chunk = b"%x\r\n%b\r\n" % (PIECE, bytes(PIECE))
    yield Probe("100 MB", [head(door, person, f"Content-Length: {HUNDRED_MEGABYTES}"), *big])
    yield Probe("100 MB in chunks", [head(door, person, CHUNKED), *[chunk] * len(big), b"0\r\n\r\n"])
    yield Probe("10,000 headers", [head(door, person, *(f"X-{n}: {n}" for n in range(MANY)))])
    yield Probe("a header of 1 MB", [head(door, person, "X: " + "x" * 1_048_576)])
    yield Probe("a path of 1 MB", [head(door, person, request=f"GET /{'x' * 1_048_576} HTTP/1.1")])
    for name, body in BODIES.items():
        yield probe(name, door, person, body)
    yield probe("a zip bomb", door, person, bomb(), "Content-Encoding: gzip")
    yield probe("a zip bomb, said to be none", door, person, bomb())
    yield Probe(
        "a zip bomb as transfer coding", [head(door, person, "Transfer-Encoding: gzip, chunked"), chunked(bomb())]
    )
    yield Probe("a zip bomb with gzip last", [head(door, person, "Transfer-Encoding: chunked, gzip"), chunked(bomb())])


BODIES = {
    "arrays in arrays": b"[" * DEEP + b"]" * DEEP,
    "objects in objects": b'{"name":' * 7_000 + b"1" + b"}" * 7_000,
    "arrays without end": b"[" * DEEP * 2,
    "a number of 60,000 digits": b'{"name":' + b"9" * 60_000 + b"}",
    "60,000 digits of an exponent": b'{"name":1e' + b"9" * 60_000 + b"}",
    "an open string": b'{"name":"' + b"x" * 60_000,
}
CHUNKED = "Transfer-Encoding: chunked"


def probe(name: str, door: Door, person: Person, body: bytes, *lines: str) -> Probe:
    return Probe(name, [head(door, person, f"Content-Length: {len(body)}", *lines), body])


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@lru_cache
def bomb() -> bytes:
    """60 MB in less than 64 KiB, which the largest body may have."""
    return gzip.compress(bytes(60_000_000))[:65_000]
