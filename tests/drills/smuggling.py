"""Requests whose end two servers may see in different places, with another request behind the first end."""

from collections.abc import Iterator

from tests.bench.issuing import Person
from tests.drills.probes import Door, Probe, head

SMUGGLED = "Smuggled"
"""The name that the record gets if anybody takes the hidden request for one."""

END = b"0\r\n\r\n"


def probes(door: Door, person: Person) -> Iterator[Probe]:
    """All of them, with the same hidden request."""
    hidden = _hidden(door, person)
    yield from _both_lengths(door, person, hidden)
    yield from _odd_codings(door, person, END + hidden)
    yield from _odd_lengths(door, person, hidden)
    yield from _odd_chunks(door, person, hidden)
    yield from _odd_lines(door, person, hidden)


def _hidden(door: Door, person: Person) -> bytes:
    body = b'{"name":"%b"}' % SMUGGLED.encode()
    return head(door, person, f"Content-Length: {len(body)}") + body


def _both_lengths(door: Door, person: Person, hidden: bytes) -> Iterator[Probe]:
    """Content-Length and Transfer-Encoding (RFC 9112, section 6.1)."""
    inner = END + hidden
    outer = b"%x\r\n%b\r\n%b" % (len(hidden), hidden, END)
    said = f"Content-Length: {len(inner)}"
    yield Probe("CL.TE", [head(door, person, said, TE), inner])
    yield Probe("CL.TE, the other order", [head(door, person, TE, said), inner])
    yield Probe("TE.CL", [head(door, person, TE, "Content-Length: 4"), outer])
    yield Probe("TE.CL, the other order", [head(door, person, "Content-Length: 4", TE), outer])
    yield Probe("TE with CL 0", [head(door, person, "Content-Length: 0", TE), inner])


TE = "Transfer-Encoding: chunked"


def _odd_codings(door: Door, person: Person, body: bytes) -> Iterator[Probe]:
    """TE.TE: one server takes it for chunked, the other does not."""
    for coding in CODINGS:
        yield Probe(f"TE.TE {coding!r}", [head(door, person, f"Content-Length: {len(body)}", *coding), body])
        yield Probe(f"TE {coding!r}", [head(door, person, *coding), body])


CODINGS = (
    ("Transfer-Encoding: xchunked",),
    ("Transfer-Encoding : chunked",),
    (TE, "Transfer-Encoding: identity"),
    ("Transfer-Encoding: identity", TE),
    (TE, TE),
    ("Transfer-Encoding: chunked, identity",),
    ("Transfer-Encoding: identity, chunked",),
    ("Transfer-Encoding: \x0bchunked",),
    ("Transfer-Encoding: \x00chunked",),
    ("Transfer-Encoding:\r\n chunked",),
    ("Transfer-Encoding: 'chunked'",),
    ("X: y\r\n Transfer-Encoding: chunked",),
    ("X: y\rTransfer-Encoding: chunked",),
)


def _odd_lengths(door: Door, person: Person, hidden: bytes) -> Iterator[Probe]:
    whole = f"Content-Length: {len(hidden)}"
    yield Probe("CL 0 and CL", [head(door, person, "Content-Length: 0", whole), hidden])
    yield Probe("CL and CL 0", [head(door, person, whole, "Content-Length: 0"), hidden])
    for odd in ("0, 5", "+0", "-1", "0x0", "0 5", "", "5\r\n 0", "18446744073709551616", "0\x00", "٠"):
        said = f"Content-Length: {odd}".encode().decode("latin-1")
        yield Probe(f"CL {odd!r}", [head(door, person, said), hidden])
    reading = head(door, person, whole, request="GET /api/profile HTTP/1.1")
    yield Probe("GET with a body", [reading, hidden], legal=True)
    yield Probe("the same twice", [head(door, person, whole, whole), hidden])


def _odd_chunks(door: Door, person: Person, hidden: bytes) -> Iterator[Probe]:
    started = head(door, person, TE)
    for name, body in CHUNKS.items():
        yield Probe(name, [started, body + hidden])
    for name, body in LOOSE_CHUNKS.items():
        yield Probe(name, [started, body + hidden.replace(SMUGGLED.encode(), b"Follower")], loose=True)
    for name, body in LEGAL_CHUNKS.items():
        yield Probe(name, [started, body], legal=True)


CHUNKS = {
    "a chunk of 2^64+2 bytes": b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a chunk of 0x2 bytes": b"0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk of -2 bytes": b"-2\r\n{}\r\n0\r\n\r\n",
    "a chunk that goes on": b"2\r\n{}XX\r\n0\r\n\r\n",
    "an extension with bare LF": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "an extension with CR": b"2;a\rb\r\n{}\r\n0\r\n\r\n",
}
LOOSE_CHUNKS = {
    "chunks with bare LF": b"2\n{}\n0\n\n",
    "a last chunk with bare LF": b"2\r\n{}\r\n0\n\n",
    "an extension of 100 kB": b"2;" + b"a" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
    "a trailer that is a request": b"0\r\nGET / HTTP/1.1\r\n\r\n",
}
"""nginx 1.22 takes them all."""

LEGAL_CHUNKS = {
    "a chunk extension": b'2;a=b;c="d"\r\n{}\r\n0\r\n\r\n',
    "a trailer": b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "a length in a trailer": b"2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n",
}


def _odd_lines(door: Door, person: Person, hidden: bytes) -> Iterator[Probe]:
    """`legal` are those that RFC 9112 lets a server read as they are meant (section 2.2)."""
    empty = "Content-Length: 2"
    yield Probe("bare LF", [head(door, person, empty, ends="\n"), b"{}"], legal=True)
    yield Probe("obs-fold", [head(door, person, empty, "X: a\r\n b"), b"{}"], legal=True)
    yield Probe("bare CR", [head(door, person, empty, ends="\r"), b"{}"])
    for name, line in LINES.items():
        yield Probe(name, [head(door, person, empty, line), b"{}"])
    yield Probe("a line without a colon", [head(door, person, empty, "X"), b"{}"], loose=True)
    later = f"PUT /v1/profiles/user/{person.user_id} HTTP/1.9"
    yield Probe("as HTTP/1.9", [head(door, person, empty, request=later), b"{}"], legal=True)
    for version in ("HTTP/0.9", "HTTP/2.0", "HTTP/9.9", ""):
        request = f"PUT /v1/profiles/user/{person.user_id} {version}".strip()
        yield Probe(f"as {version or 'a request without version'}", [head(door, person, empty, request=request), b"{}"])
    yield Probe("HTTP/2 by prior knowledge", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)])
    yield Probe("chunks in HTTP/1.0", [head(door, person, TE, request=f"{OLD.format(person.user_id)}"), END + hidden])


OLD = "PUT /v1/profiles/user/{} HTTP/1.0"
LINES = {
    "two hosts": "Host: other.example",
    "a name with a space": "X Y: z",
    "a name of no characters": ": z",
    "NUL in a value": "X: \x00",
}
