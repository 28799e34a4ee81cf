"""The faults, by name: what a broken, overloaded or hostile provider may do to whoever asks it."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.faults.proxy import Act, Answer, Exchange, Fault

HTML = (("content-type", "text/html"),)
BLOCK = b" " * 65_536
TEN_GIGABYTES = 10 * 1024**3


# On the wire


async def never(exchange: Exchange) -> None:
    await exchange.gone()


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def close(exchange: Exchange) -> None:
    exchange.close()


async def close_in_the_headers(exchange: Exchange) -> None:
    await exchange.send(exchange.healthy().written()[:30])
    exchange.close()


async def close_in_the_body(exchange: Exchange) -> None:
    await exchange.send(exchange.healthy().written()[:-20])
    exchange.close()


async def stop_in_the_body(exchange: Exchange) -> None:
    await exchange.send(exchange.healthy().written()[:-20])
    await exchange.gone()


async def bad_request(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")


async def trickle(exchange: Exchange) -> None:
    for byte in exchange.healthy().written():
        await exchange.send(bytes([byte]))
        if await exchange.gone(1.0):
            return


def late(seconds: float) -> Act:
    async def act(exchange: Exchange) -> None:
        if not await exchange.gone(seconds):
            await exchange.send(exchange.healthy().written())

    return act


def raw(answer: Callable[[Answer], bytes], closing: bool = True) -> Act:
    """These bytes instead of the healthy answer's."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(answer(exchange.healthy()))
        if closing:
            exchange.close()

    return act


def endless(head: bytes, piece: bytes, pause: float = 0) -> Act:
    """The piece again and again, until the client has had enough."""

    async def act(exchange: Exchange) -> None:
        await exchange.send(head)
        while not exchange.writer.is_closing():
            await exchange.send(piece)
            await asyncio.sleep(pause)

    return act


def chunk(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


@cache
def bomb() -> bytes:
    """64 MB of spaces in 64 KB."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packing.compress(BLOCK * 16) for _ in range(64)) + packing.flush()


async def gzip_bomb(exchange: Exchange) -> None:
    answer = Answer(body=bomb(), headers=(("content-encoding", "gzip"), ("content-type", "application/json")))
    await exchange.send(answer.written())


def redirected(status: int, location: str) -> Act:
    """To `location`, with the same path; "{elsewhere}" in it is the other server."""

    async def act(exchange: Exchange) -> None:
        target = location.format(elsewhere=exchange.elsewhere) + exchange.request.path
        await exchange.send(Answer(status, headers=(("location", target),)).written())

    return act


# In what is said


def says(status: int = 200, body: bytes = b"", **headers: str) -> Act:
    """A well-formed answer."""
    listed = {"content_type": "application/json", **headers}
    answer = Answer(status, body, tuple((name.replace("_", "-"), value) for name, value in listed.items()))
    return raw(lambda _: answer.written(), closing=False)


def rewritten(change: Callable[[bytes], bytes], **headers: str) -> Act:
    """The healthy answer with another body."""
    added = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return raw(lambda well: Answer(well.status, change(well.body), well.headers + added).written(), closing=False)


def member(name: str, value: Any) -> Act:
    """The healthy JSON object with another member; None drops it."""

    def change(body: bytes) -> bytes:
        said = {**json.loads(body), name: value}
        return json.dumps({each: said[each] for each in said if said[each] is not None}).encode()

    return rewritten(change)


def pointing(name: str, target: str) -> Act:
    """The metadata with this URL; "{elsewhere}" is the other server, "{port}" its port."""

    async def act(exchange: Exchange) -> None:
        url = target.format(elsewhere=exchange.elsewhere, port=exchange.elsewhere.rpartition(":")[2])
        await member(name, url)(exchange)

    return act


def unusable(_: bytes) -> bytes:
    keys = [
        {"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"},
        {"kty": "EC", "kid": "key-1", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "RSA", "kid": "key-1", "n": "AQAB", "e": "AQAB"},
        {"kty": "XYZ", "kid": 5},
        {},
    ]
    return json.dumps({"keys": keys}).encode()


def for_encryption(body: bytes) -> bytes:
    return json.dumps({"keys": [{**each, "use": "enc"} for each in json.loads(body)["keys"]]}).encode()


def crowded(body: bytes) -> bytes:
    """10,000 keys, the right one first."""
    keys = json.loads(body)["keys"]
    return json.dumps({"keys": [*keys, *({**keys[0], "kid": f"other-{n}"} for n in range(10_000))]}).encode()


def chattering(body: bytes) -> bytes:
    """The right key first, then 10,000 small things that are no keys."""
    return json.dumps({"keys": [*json.loads(body)["keys"], *({"kid": str(n)} for n in range(10_000))]}).encode()


REFUSES = Fault("refuses connections", listening=False)
NEVER = Fault("reads, then nothing", never)

LISTENER = (
    REFUSES,
    Fault("accepts, then nothing", greet=never),
    Fault("accepts, then RST", greet=reset),
)

WIRE = (
    NEVER,
    Fault("1 byte per second", trickle),
    Fault("reads, then RST", reset),
    Fault("reads, then closes", close),
    Fault("closes in the headers", close_in_the_headers),
    Fault("closes in the body", close_in_the_body),
    Fault("stops in the body", stop_in_the_body),
    Fault("Content-Length too long", raw(lambda well: well.head(len(well.body) + 50) + well.body)),
    Fault("Content-Length too short", raw(lambda well: well.head(len(well.body) - 20) + well.body)),
    Fault("Content-Length: many", raw(lambda well: well.head("many") + well.body)),
    Fault("two Content-Lengths", raw(lambda well: well.head("10\r\ncontent-length: 20") + well.body)),
    Fault("not HTTP", raw(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
    Fault("endless headers", endless(b"HTTP/1.1 200 OK\r\n", b"x-y: " + b"z" * 4096 + b"\r\n")),
    Fault("endless 1xx", endless(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", 0.05)),
    Fault("Content-Length of 10 GB", endless(Answer().head(TEN_GIGABYTES), BLOCK)),
    Fault("endless chunks", endless(Answer().head(None)[:-2] + b"transfer-encoding: chunked\r\n\r\n", chunk(BLOCK))),
    Fault("gzip bomb", gzip_bomb),
    Fault("gzip unasked", rewritten(gzip.compress, content_encoding="gzip")),
)

TO_ELSEWHERE = tuple(
    Fault(f"{status} to elsewhere", redirected(status, "{elsewhere}")) for status in (301, 302, 303, 307, 308)
)

ANSWERS = (
    Fault("500", says(500, b'{"error": "server_error"}')),
    Fault("500, Retry-After: 120", says(500, retry_after="120")),
    Fault("502", says(502, b"<h1>Bad Gateway</h1>", content_type="text/html")),
    Fault("503", says(503)),
    Fault("503, Retry-After: 86400", says(503, retry_after="86400")),
    Fault("429", says(429)),
    Fault("429, Retry-After: 3600", says(429, retry_after="3600")),
    Fault("404", says(404, b"<h1>Not Found</h1>", content_type="text/html")),
    Fault("204", raw(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n", closing=False)),
    Fault("206", raw(lambda well: well._replace(status=206).written(), closing=False)),
    Fault("304", raw(lambda _: b"HTTP/1.1 304 Not Modified\r\n\r\n", closing=False)),
    Fault("HTML with 200", says(200, b"<html><h1>Log in</h1></html>", content_type="text/html")),
    Fault("empty body", says(200)),
    Fault("truncated JSON", rewritten(lambda body: body[:-15])),
    Fault("invalid UTF-8", rewritten(lambda body: body.replace(b"{", b'{"a": "\xff\xfe", ', 1))),
    Fault("UTF-16", rewritten(lambda body: body.decode().encode("utf-16"))),
    Fault("deeply nested JSON", says(200, b'{"a":' * 50_000 + b"1" + b"}" * 50_000)),
    Fault("a JSON array", rewritten(lambda body: b"[" + body + b"]")),
    Fault("null", says(200, b"null")),
    *TO_ELSEWHERE,
    Fault("302 to itself", redirected(302, "")),
)

LATE = Fault("answers after 2 s", late(2.0))
TOO_LATE = Fault("answers after 2.4 s", late(2.4))

METADATA = (
    Fault("issuer: another host", member("issuer", "https://id.example")),
    Fault("issuer: a final slash more", rewritten(lambda body: body.replace(b'", "jwks_uri', b'/", "jwks_uri'))),
    Fault("issuer: missing", member("issuer", None)),
    Fault("issuer: a list", member("issuer", ["https://id.example"])),
    Fault("jwks_uri: missing", member("jwks_uri", None)),
    Fault("jwks_uri: a number", member("jwks_uri", 5)),
)

TARGETS = {
    "another origin": "{elsewhere}/PLACE",
    "http, not loopback": "http://elsewhere.names.invalid:{port}/PLACE",
    "https, another host": "https://elsewhere.names.invalid:{port}/PLACE",
    "file://": "file:///etc/hostname",
    "data:": "data:application/json,%7B%22keys%22%3A%5B%5D%7D",
    "no scheme": "//127.0.0.1:{port}/PLACE",
    "user info": "http://127.0.0.1@elsewhere.names.invalid:{port}/PLACE",
    "a cloud's metadata": "http://169.254.169.254/latest/PLACE",
}


def astray(name: str, place: str) -> tuple[Fault, ...]:
    """This member of the metadata, leading away from the issuer."""
    return tuple(
        Fault(f"{name}: {what}", pointing(name, target.replace("PLACE", place))) for what, target in TARGETS.items()
    )


KEY_SETS = (
    Fault("no keys", says(200, b'{"keys": []}')),
    Fault("keys: an object", says(200, b'{"keys": {}}')),
    Fault("keys: texts", says(200, b'{"keys": ["key-1", null, 5]}')),
    Fault("only unusable keys", rewritten(unusable)),
    Fault("only keys for encryption", rewritten(for_encryption)),
    Fault("10,000 keys", rewritten(crowded)),
)

CHATTER = Fault("10,000 keys that are none", rewritten(chattering))

SILENT = Fault("TLS: no handshake", greet=never, tls="plain")

TLS = (
    Fault("TLS: an untrusted authority", tls="untrusted"),
    Fault("TLS: self-signed", tls="self-signed"),
    Fault("TLS: another host's", tls="other host"),
    Fault("TLS: expired", tls="expired"),
    Fault("TLS: plain HTTP instead", greet=bad_request, tls="plain"),
    SILENT,
)

NAMES = (Fault("DNS: no such host", names="lost"), Fault("DNS: no answer", names="hanging"))

# The provider does not take us for its client.
REFUSALS_OF_US = (
    Fault("401, invalid_client", says(401, b'{"error": "invalid_client"}')),
    Fault("400, invalid_client", says(400, b'{"error": "invalid_client"}')),
    Fault("403", says(403)),
)
NOT_ACTIVE = (
    Fault("active: a text", member("active", "true")),
    Fault("active: 1", member("active", 1)),
    Fault("active: missing", member("active", None)),
)

ROTATION = Fault("the key rotates")

# With a leeway of 30 seconds.
CLOCKS_AGREE = (
    *(Fault(f"{name} 29 s ahead", times=((name, 29),)) for name in ("iat", "nbf")),
    Fault("issued 1 h ago", times=(("iat", -3600),)),
    Fault("exp 29 s ago", times=(("exp", -29),)),
)
CLOCKS_DIFFER = tuple(Fault(f"{name} {n} s ahead", times=((name, n),)) for name in ("iat", "nbf") for n in (31, 3600))
EXPIRED = tuple(Fault(f"exp {n} s ago", times=(("exp", -n),)) for n in (31, 3600))
