"""An identity provider without a network: a transport that answers its documents, and tokens signed by its keys."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode

ISSUER = "https://id.example"
AUDIENCE = "https://profiles.example"
NOW = 1_769_594_400.0
"""2026-01-28T10:00:00Z, the moment that the API's documents show."""


class MintingProvider:
    """Publishes its keys and signs whatever it is asked to. `requests` are the URLs that were fetched.

    `delay` is how long an answer takes, in real seconds; `odd` has other answers, by the last part of the path.
    """

    def __init__(self, issuer: str = ISSUER, algorithm: str = "ES256", now: Callable[[], float] = lambda: NOW) -> None:
        self.issuer, self.algorithm, self.now = issuer, algorithm, now
        self.keys: list[Key] = []
        self.requests: list[str] = []
        self.down = False
        self.delay = 0.0
        self.odd: dict[str, Callable[[], httpx.Response]] = {}
        self.metadata: dict[str, Any] = {"issuer": issuer, "jwks_uri": f"{issuer.rstrip('/')}/jwks"}
        self.rotate("key-1")

    def rotate(self, kid: str, keep: bool = False) -> None:
        """A new signing key; the old ones are published on only when they are kept."""
        self.keys = [make_key(self.algorithm, kid), *(self.keys if keep else [])]

    def token(self, header: dict[str, Any] | None = None, key: Key | None = None, **claims: Any) -> str:
        """A token as a provider in order issues it, but for the given header members and claims; None drops one."""
        now = int(self.now())
        standard = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "alice",
            "client_id": "spa",
            "iat": now,
            "exp": now + 3600,
        }
        said = {name: value for name, value in {**standard, **claims}.items() if value is not None}
        signing = key or self.keys[0]
        protected = {"alg": self.algorithm, "typ": "at+jwt", "kid": signing.kid, **(header or {})}
        protected = {name: value for name, value in protected.items() if value is not None}
        return compact(json.dumps(protected).encode(), json.dumps(said).encode(), signing, protected["alg"]).decode()

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(str(request.url))
        await asyncio.sleep(self.delay)
        if self.down:
            raise httpx.ConnectError("down")
        if odd := self.odd.get(request.url.path.rpartition("/")[2]):
            return odd()
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json=self.metadata)
        return httpx.Response(200, content=self.key_set())

    def key_set(self) -> bytes:
        """The JWK Set that it publishes."""
        return json.dumps({"keys": [{**key.as_dict(private=False), "kid": key.kid} for key in self.keys]}).encode()


def compact(header: bytes, payload: bytes, key: Key, algorithm: str) -> bytes:
    """A token of exactly these bytes, signed whatever they say."""
    signed = urlsafe_b64encode(header) + b"." + urlsafe_b64encode(payload)
    return signed + b"." + urlsafe_b64encode(JWSRegistry.algorithms[algorithm].sign(signed, key))


def make_key(algorithm: str, kid: str) -> Key:
    """A fresh key for the algorithm."""
    parameters = {"kid": kid}
    if algorithm.startswith(("RS", "PS")):
        return RSAKey.generate_key(2048, parameters)
    if algorithm.startswith("Ed"):
        return OKPKey.generate_key("Ed448" if algorithm == "Ed448" else "Ed25519", parameters)
    return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm], parameters)


def wall_clock() -> float:
    """The real time, for servers that cannot be handed a clock."""
    return time.time()
