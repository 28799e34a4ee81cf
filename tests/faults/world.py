"""The service as it runs, its providers behind fault proxies, and everything else that a fault may touch."""

import asyncio
import gc
import os
import resource
import shutil
import socket
import threading
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from tests.faces.fixtures import migrated
from tests.faces.running import caller_of
from tests.faults.certificates import NAMES, Certificates
from tests.faults.provider import Provider
from tests.faults.proxy import HOST, Fault, Proxy
from tests.minting import AUDIENCE

from profilegate.app import create_app
from profilegate.auth.issuer import tls
from profilegate.settings import DatabaseSettings, IntrospectionSettings, IssuerSettings, Settings

HERE = "/v1/profiles/user/alice"
MOST_SOCKETS = 8192
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

OPAQUE: dict[str, dict[str, Any]] = {
    "JWT": {},
    "introspection": {
        "introspection": IntrospectionSettings(client_id="profilegate", client_secret="between us"),
    },
    "userinfo": {"userinfo": True},
}


@dataclass
class Seen:
    """What a client saw of one answer."""

    status: int
    code: str
    retry_after: str | None
    seconds: float

    @property
    def short(self) -> str:
        again = f", Retry-After: {self.retry_after}" if self.retry_after else ""
        return f"{self.status} {self.code}{again}".replace("200 OK", "200")


@dataclass
class Names:
    """Resolves the names of this test to this machine, unless they are lost or hanging."""

    state: dict[str, str] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def resolving(self) -> Iterator[None]:
        real = socket.getaddrinfo

        def found(host: Any, *arguments: Any, **options: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else str(host)
            return real(self._of(name), *arguments, **options)

        with mock.patch.object(socket, "getaddrinfo", found):
            try:
                yield
            finally:
                self.released.set()

    def _of(self, name: str) -> str:
        if not name.endswith(".invalid"):
            return name
        while self.state.get(name) == "hanging" and not self.released.wait(0.1):
            pass
        if self.state.get(name) or not name.endswith(NAMES):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return HOST


@dataclass
class Bench:
    """One provider behind its proxy, and the other server that only a service led astray would ask."""

    proxy: Proxy
    elsewhere: Proxy
    provider: Provider
    host: str
    settings: IssuerSettings

    async def inject(self, world: "World", fault: Fault, *places: str) -> None:
        if fault.names is not None:
            world.names.state[httpx.URL(self.provider.issuer).host] = fault.names
        await self.proxy.inject(fault, *places)

    async def mend(self, world: "World") -> None:
        world.names.state.pop(httpx.URL(self.provider.issuer).host, None)
        await self.proxy.mend()
        self.elsewhere.cut()


@dataclass
class World:
    """Names, certificates and the proxies that were started."""

    folder: Path
    names: Names
    certificates: Certificates
    benches: list[Bench] = field(default_factory=list)
    now: float = field(default_factory=time.time)
    """What the time is here. It stands still unless a test moves it; only waiting goes on."""
    databases: int = 0

    def clock(self) -> float:
        return self.now

    @property
    def template(self) -> Path:
        return self.folder / "template.db"

    async def bench(self, kind: str = "JWT", scheme: str = "http", **changes: Any) -> Bench:
        """A provider over "http", "https", or "named": https by a name that must be resolved."""
        n = len(self.benches)
        contexts = {} if scheme == "http" else self.certificates.contexts
        proxy, elsewhere = Proxy(_nobody, contexts), Proxy(_nobody)
        await elsewhere.start()
        await proxy.start()
        host = f"row{n}.{NAMES}" if scheme == "named" else HOST
        provider = Provider(f"{'https' if contexts else 'http'}://{host}:{proxy.port}", self.clock)
        proxy.upstream = elsewhere.upstream = provider.answer
        proxy.elsewhere = f"http://{HOST}:{elsewhere.port}"
        made = Bench(proxy, elsewhere, provider, f"row{n}.example", _settings(n, provider.issuer, kind, changes, proxy))
        self.benches.append(made)
        return made

    @asynccontextmanager
    async def service(self, *benches: Bench) -> AsyncIterator["Callers"]:
        """The service for these providers, on a database of its own."""
        self.databases += 1
        copy = shutil.copy(self.template, self.folder / f"{self.databases}.db")
        database = DatabaseSettings(path=str(copy))
        app = create_app(
            Settings(issuers=tuple(each.settings for each in benches), database=database), clock=self.clock
        )
        async with app.lifespan(), caller_of(app) as client:
            yield Callers(client)

    async def close(self) -> None:
        for bench in self.benches:
            await bench.proxy.stop()
            await bench.elsewhere.stop()
        await asyncio.sleep(0.05)


def _settings(n: int, issuer: str, kind: str, changes: dict[str, Any], proxy: Proxy) -> IssuerSettings:
    hosts = {} if kind == "JWT" else {"hosts": (f"row{n}.example",)}
    usual = {"issuer": issuer, "audiences": (AUDIENCE,), "tenant": f"tenant-{n}", **OPAQUE[kind], **hosts}
    if changes.pop("elsewhere_is_ours", False):
        usual["origins"] = (proxy.elsewhere,)
    return IssuerSettings(**{**usual, **changes})


def _nobody(_: object) -> Any:
    raise AssertionError("no provider yet")


@dataclass
class Callers:
    """Clients of the service."""

    client: httpx.AsyncClient

    async def ask(self, bench: Bench, token: str, path: str = HERE) -> Seen:
        """What a client sees that reads alice's profile with this token."""
        began = time.monotonic()
        headers = {"authorization": f"Bearer {token}", "host": bench.host}
        answer = await self.client.get(path, headers=headers, timeout=None)
        seconds = time.monotonic() - began
        said = answer.json()
        code = "OK" if answer.status_code == 200 else said["code"]
        assert answer.status_code == 200 or set(said) == {"error", "code"}
        return Seen(answer.status_code, code, answer.headers.get("retry-after"), seconds)


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """A world of its own; when it ends nothing of it goes on."""
    names, certificates = Names(), Certificates(folder)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(128))
    allow_many_sockets()
    with without_proxies(certificates.authority), names.resolving(), warnings.catch_warnings():
        # A connection that was given up and not closed is for one test to find, not for whichever comes next.
        warnings.simplefilter("ignore", ResourceWarning)
        made = World(folder, names, certificates)
        await migrated(DatabaseSettings(path=str(made.template)))
        try:
            yield made
        finally:
            await made.close()
            gc.collect()


def allow_many_sockets() -> None:
    """Each row has several, and systems begin with 1,024 or fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < MOST_SOCKETS:
        most = MOST_SOCKETS if hard == resource.RLIM_INFINITY else min(MOST_SOCKETS, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextmanager
def without_proxies(authority: Path) -> Iterator[None]:
    """Providers are reached directly, and trusted when this authority signed their certificate."""
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(authority)}):
        for name in PROXIES:
            os.environ.pop(name, None)
            os.environ.pop(name.upper(), None)
        tls.cache_clear()  # what this process trusts was read before
        try:
            yield
        finally:
            tls.cache_clear()
