"""An identity provider on loopback, and people with a token each."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

import msgspec
from tests.minting import MintingProvider, make_key, wall_clock

ALGORITHMS = ("RS256", "ES256")
"""What tokens are signed with, in turn."""

VALID = 6 * 3600
"""Seconds for which a token is good: no run takes longer."""

SIZE = 800
"""Bytes of a token, nearly."""

SCOPE = "openid profile email phone address offline_access"
PADDING = 4 / 3
"""Characters of a token for each byte of its claims."""


class Person(NamedTuple):
    """A user with the one token."""

    user_id: str
    token: str


class LocalProvider(MintingProvider):
    """Publishes a key of each algorithm over http."""

    def __init__(self, issuer: str) -> None:
        super().__init__(issuer, now=wall_clock)
        self.keys = [make_key(each, each.lower()) for each in ALGORITHMS]

    def document(self, path: str) -> bytes | None:
        """What it answers to a GET."""
        if path.endswith("/.well-known/openid-configuration"):
            return msgspec.json.encode(self.metadata)
        return self.key_set() if path == "/jwks" else None

    def minted(self, user_id: str, n: int) -> str:
        """A token of the usual size."""
        key, algorithm = self.keys[n % len(self.keys)], ALGORITHMS[n % len(self.keys)]
        said = {"sub": user_id, "jti": secrets.token_urlsafe(16), "sid": secrets.token_urlsafe(12)}
        said |= {"exp": int(self.now()) + VALID, "auth_time": int(self.now()) - 60, "scope": SCOPE}
        short = self.token({"alg": algorithm}, key, **said)
        more = " ".join(["profiles:read"] * int((SIZE - len(short)) / PADDING / len("profiles:read ")))
        return self.token({"alg": algorithm}, key, **{**said, "scope": f"{SCOPE} {more}"}) if more else short


def user_id(n: int) -> str:
    """The id of the user of this number."""
    return f"user-{n:08}"


def people(provider: LocalProvider, count: int, of: int) -> list[Person]:
    """So many of the users 0 to `of`, evenly spread."""
    ids = (user_id(n * of // count) for n in range(count))
    return [Person(each, provider.minted(each, n)) for n, each in enumerate(ids)]


@contextmanager
def published() -> Iterator[LocalProvider]:
    """A provider that answers on a free port while the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider = Answers.provider = LocalProvider(f"http://127.0.0.1:{server.server_port}")
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


class Answers(BaseHTTPRequestHandler):
    """The provider's documents."""

    provider: LocalProvider

    def do_GET(self) -> None:
        body = self.provider.document(self.path)
        self.send_response(200 if body else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
