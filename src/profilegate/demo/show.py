"""What `profilegate demo` does: everything real and in one process, on a database that goes with it."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import getproxies

import httpx
from msgspec import Struct

from profilegate.account_settings import AccountSettings
from profilegate.app import create_app
from profilegate.demo.clients import ACCOUNT_CLIENT
from profilegate.demo.people import BY_USERNAME
from profilegate.demo.provider import create_provider
from profilegate.demo.running import HOST, free_port, served
from profilegate.demo.sign_in import sign_in
from profilegate.settings import DatabaseSettings, IssuerSettings, OperatorRule, ServerSettings, Settings
from profilegate.store.database import make_engine
from profilegate.store.schema import migrate

AUDIENCE = "https://profiles.example"

Say = Callable[[str], None]


class Running(Struct, frozen=True):
    """Where the demo is, and with what to call it."""

    url: str
    issuer: str
    person: str
    token: str

    @property
    def curl(self) -> str:
        """A command that works when it is pasted, as long as the demo runs and the token lasts (an hour)."""
        path = f"/v1/profiles/user/{BY_USERNAME[self.person].sub}"
        direct = "--noproxy '*' " if getproxies() else ""
        return f'curl {direct}-H "Authorization: Bearer {self.token}" {self.url}{path}'


@asynccontextmanager
async def demo(port: int, person: str, say: Say) -> AsyncIterator[Running]:
    """Provider, database, service and a signed-in person while inside; nothing of them afterwards.

    `port` is taken if it is free. `say` is told each step when it is done.
    """
    with TemporaryDirectory(prefix="profilegate-demo-") as folder:
        settings = _settings(Path(folder), free_port(port), f"http://{HOST}:{free_port()}")
        issuer, url = settings.issuers[0].issuer, str(settings.server.public_url)
        async with served(create_provider(issuer, AUDIENCE), int(issuer.rpartition(":")[2])):
            say(f"Identity provider  {issuer}")
            await _migrated(settings)
            say(f"Database           {settings.database.path} (embedded, temporary)")
            async with served(create_app(settings), settings.server.port), httpx.AsyncClient(trust_env=False) as client:
                say(f"profilegate        {url}")
                say(f"Account page       {url}/account")
                token = await sign_in(issuer, person, client)
                say(f"Signed in          {BY_USERNAME[person].name}")
                yield Running(url, issuer, person, token)


async def until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until Ctrl-C or a polite end of the process, also while it is still starting.

    The work is cancelled, so that it cleans up, and what it raises is raised.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows raises KeyboardInterrupt instead
            loop.add_signal_handler(each, stopped.set)
    working, waiting = loop.create_task(work), loop.create_task(stopped.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _migrated(settings: Settings) -> None:
    engine = make_engine(settings.database)
    try:
        await engine.open()
        await migrate(engine, settings.usernames)
    finally:
        await engine.close()


def _settings(folder: Path, port: int, issuer: str) -> Settings:
    return Settings(
        server=ServerSettings(host=HOST, port=port, public_url=f"http://{HOST}:{port}", log_level="warning"),
        database=DatabaseSettings(path=str(folder / "profilegate.db")),
        account=AccountSettings(client_id=ACCOUNT_CLIENT, session_secret=secrets.token_urlsafe(32)),
        issuers=(
            IssuerSettings(
                issuer=issuer, audiences=(AUDIENCE,), tenant="demo", operator=OperatorRule(claim="operator", value=True)
            ),
        ),
    )
