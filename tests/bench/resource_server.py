"""What a request costs behind the gate, beside litestar-security's bearer check.

`python -m tests.bench.resource_server`, with litestar-security, which is no dependency of ours, installed beside:
`pip install litestar-security==0.6.0`.

One Litestar handler three times: bare, behind litestar-security's check of a JWT by its issuer's key set, and behind
our gate alone. Requests go straight into the application, without server, client or network. Both check signature,
`typ`, `iss`, `aud`, `sub` and the times, with keys that they have cached. That is tried out before anything is timed,
with a good token and with five bad ones; and afterwards that no keys were fetched meanwhile. The rounds of the three
take turns; a figure is the median of its rounds, a ratio the median of the rounds' ratios.
"""

import argparse
import asyncio
import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from typing import Any

import httpx
import uvloop
from litestar import Litestar, get
from tests.minting import ISSUER, MintingProvider, make_key, wall_clock

from profilegate import IssuerSettings, OIDCResourceServer, require

RIVAL = "litestar-security"
RESOURCE = "https://api.example.com"
ALGORITHMS = ("RS256", "ES256")
AT_ONCE = (1, 16)
HEAD = f"| algorithm | tokens | at once | bare | {RIVAL} | ratio | profilegate | ratio |"

Rounds = list[tuple[float, ...]]
"""Seconds for one request of each application, by round."""


def answer() -> dict[str, bool]:
    """The handler."""
    return {"ok": True}


class Provider(MintingProvider):
    """Its keys say `alg` and `use`, and its tokens have `jti` and `scope`: litestar-security takes no others."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithm=algorithm, now=wall_clock)
        self._numbers = count()
        self.odd["jwks"] = lambda: httpx.Response(200, content=self.key_set())

    def key_set(self) -> bytes:
        said = {"alg": self.algorithm, "use": "sig"}
        return json.dumps({"keys": [{**each.as_dict(private=False), **said} for each in self.keys]}).encode()

    def minted(self, **changes: Any) -> str:
        """A good token but for the changes, unlike all others."""
        return self.token(**{"aud": RESOURCE, "jti": f"{next(self._numbers)}", "scope": "orders:read", **changes})

    def bad(self) -> list[str]:
        """Tokens that each have one thing wrong."""
        past = int(self.now()) - 3600
        return [
            self.minted(key=make_key(self.algorithm, "key-1")),
            self.minted(header={"typ": "JWT"}),
            self.minted(iss="https://other.example"),
            self.minted(aud="https://other.example"),
            self.minted(iat=past - 60, exp=past),
        ]


def bare() -> Litestar:
    return Litestar([get("/", sync_to_thread=False)(answer)], openapi_config=None)


def ours(provider: Provider) -> Litestar:
    issuer = IssuerSettings(issuer=ISSUER, audiences=(RESOURCE,), algorithms=(provider.algorithm,))
    plugin = OIDCResourceServer([issuer], resource=RESOURCE, transport=provider.transport)
    return Litestar([get("/", sync_to_thread=False, guards=[require()])(answer)], plugins=[plugin], openapi_config=None)


def rivals(provider: Provider) -> Litestar:
    from litestar_security import SecurityConfig, SecurityPlugin, required
    from litestar_security.providers.jwks import CachedJWKSProvider, HttpxJWKSFetcher, JWKSSource
    from litestar_security.providers.oidc import ServiceTokenConfig

    url, algorithms = f"{ISSUER}/jwks", frozenset({provider.algorithm})
    # The provider's name is nobody's, so its address is not looked up.
    fetcher = HttpxJWKSFetcher(transport=provider.transport, allow_private_hosts=True)
    keys = CachedJWKSProvider([JWKSSource(ISSUER, url, algorithms)], fetcher, fetcher_owned=True)
    trusted = ServiceTokenConfig(ISSUER, frozenset({RESOURCE}), algorithms, keys, url)
    plugin: Any = SecurityPlugin(SecurityConfig(service_token=trusted))
    return Litestar([get("/", sync_to_thread=False, auth=required())(answer)], plugins=[plugin], openapi_config=None)


async def status(app: Litestar, token: str) -> int:
    """What the application answers to one request with this token."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"api.example.com"), (b"authorization", b"Bearer " + token.encode())]
    scope: Any = {"type": "http", "method": "GET", "scheme": "https", "path": "/", "raw_path": b"/", "headers": headers}
    await app({**scope, "query_string": b"", "root_path": "", "client": ("127.0.0.1", 50_000)}, receive, send)
    return int(sent[0]["status"])


async def refuse_unequal(apps: Sequence[Litestar], provider: Provider) -> None:
    """Raise AssertionError unless those with a check let in who has a good token, and nobody else."""
    assert [await status(each, provider.minted()) for each in apps] == [200, 200, 200]
    for token in provider.bad():
        assert [await status(each, token) for each in apps] == [200, 401, 401]


async def seconds(app: Litestar, tokens: Sequence[str], at_once: int) -> float:
    """How long one request takes, on average over all these tokens."""
    left = iter(tokens)

    async def client() -> None:
        for token in left:
            assert await status(app, token) == 200

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(at_once)))
    return (time.perf_counter() - began) / len(tokens)


async def measured(apps: Sequence[Litestar], tokens: Callable[[], list[str]], rounds: int, at_once: int) -> Rounds:
    """Every round with tokens of its own. Who began one round is the last in the next."""
    turns, found = list(range(len(apps))), []
    for _ in range(rounds + 1):
        given = tokens()
        taken = {n: await seconds(apps[n], given, at_once) for n in turns}
        found.append(tuple(taken[n] for n in sorted(taken)))
        turns = [*turns[1:], turns[0]]
    return found[1:]  # the first is for warming up


def cells(found: Rounds) -> str:
    plain, *others = zip(*found, strict=True)
    written = [f"{statistics.median(plain) * 1e6:.0f}"]
    for each in others:
        ratio = statistics.median(one / beside for one, beside in zip(each, plain, strict=True))
        written += [f"{statistics.median(each) * 1e6:.0f}", f"{ratio:.1f}"]
    return " | ".join(written)


async def lines(algorithm: str, rounds: int, requests: int) -> list[str]:
    """Everything about tokens of one algorithm. Raises AssertionError if the three did not do what they are for."""
    provider = Provider(algorithm)
    apps = [bare(), rivals(provider), ours(provider)]
    async with AsyncExitStack() as stack:
        for app in apps:
            await stack.enter_async_context(app.lifespan())
        await refuse_unequal(apps, provider)
        same, fetched, written = provider.minted(), len(provider.requests), []
        for at_once in AT_ONCE:
            repeated = await measured(apps, lambda: [same] * requests, rounds, at_once)
            different = await measured(apps, lambda: [provider.minted() for _ in range(requests)], rounds, at_once)
            written.append(f"| {algorithm} | the same | {at_once} | {cells(repeated)} |")
            written.append(f"| {algorithm} | all different | {at_once} | {cells(different)} |")
        assert len(provider.requests) == fetched, "keys were fetched while it was timed"
    return written


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.resource_server")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=200, help="of each round")
    given = parser.parse_args()
    try:
        installed = version(RIVAL)
    except PackageNotFoundError:
        sys.exit(
            f"{RIVAL} is not installed. It is no dependency of ours; beside it goes by: pip install {RIVAL}==0.6.0"
        )
    logging.disable(logging.INFO)
    written = [each for algorithm in ALGORITHMS for each in uvloop.run(lines(algorithm, given.rounds, given.requests))]
    title = f"Microseconds for one request, and how many times those of the bare handler; {RIVAL} {installed}"
    print("\n".join((title, "", HEAD, "|---|---|---|---|---|---|---|---|", *written)))


if __name__ == "__main__":
    main()
