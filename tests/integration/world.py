"""All that the tests of this folder share: two real providers, a database server, and the hosts, each started once."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.e2e.provider import Provider
from tests.integration.hosting import Process
from tests.integration.installed import Installed
from tests.postgres import Postgres, free_port

ELSEWHERE = "https://elsewhere.example"
"""For whom the tokens of the second provider are."""
SETTINGS = """
[server]
public_url = "{url}"
cors_origins = ["https://pages.example", "https://both.example"]
[database]
{database}
[[issuers]]
issuer = "{first}"
audiences = ["https://profiles.example"]
leeway = 0
[[issuers]]
issuer = "{second}"
audiences = ["https://profiles.example"]
tenant = "elsewhere"
[[webhooks]]
source = "logto"
kind = "logto"
issuer = "{first}"
secrets = ["no secret either"]
[account]
client_id = "account"
client_secret = "account secret: 50% & more"
session_secret = "no secret at all, as everybody can read it here"
issuer = "{first}"
"""
HOSTS = {
    "litestar": ("litestar_host:app", "granian"),
    "fastapi": ("fastapi_host:app", "uvicorn"),
    "starlette": ("starlette_host:app", "uvicorn"),
    "django": ("django_host:app", "granian"),
    "wrapped": ("wrapped_host:app", "granian"),
    "two": ("two_gates:app", "granian"),
    "around": ("starlette_host:around", "uvicorn"),
}
WITH_RECORDS = ("litestar", "fastapi")
"""Those that have a ProfileGate; the others have the gate alone."""


class World:
    """`provider` signs people in for the hosts, which also take tokens of `elsewhere` but none that is for others."""

    def __init__(self, installed: Installed, database_server: Postgres, folder: Path, running: ExitStack) -> None:
        self.installed, self._databases, self.folder = installed, database_server, folder
        self._running, self._hosts = running, dict[str, Process]()
        self.dsns = dict[str, str]()
        self._ports = {name: free_port() for name in HOSTS}
        urls = " ".join(f"http://127.0.0.1:{self._ports[name]}/identity" for name in WITH_RECORDS)
        self.provider = running.enter_context(Provider(PROVIDER_ACCOUNT_URLS=urls))
        self.elsewhere = running.enter_context(Provider(PROVIDER_AUDIENCE=ELSEWHERE))

    @property
    def issuers(self) -> str:
        return f"{self.provider.issuer} {self.elsewhere.issuer}"

    def host(self, name: str) -> Process:
        """The host of this name, started when it is first asked for."""
        if name not in self._hosts:
            self._hosts[name] = self._started(name)
        return self._hosts[name]

    def fresh_dsn(self) -> str:
        return self._databases.fresh_database()

    def settings(self, folder: Path, url: str, database: str) -> str:
        """The path of a new settings file for a host at this URL; `database` is a line of it."""
        folder.mkdir(exist_ok=True)
        file = folder / "profilegate.toml"
        first, second = self.provider.issuer, self.elsewhere.issuer
        file.write_text(SETTINGS.format(url=url, database=database, first=first, second=second))
        return str(file)

    def migrated(self, folder: Path, url: str, database: str) -> str:
        """The same, and its database brought up to date by the installed command."""
        settings = self.settings(folder, url, database)
        ended = self.installed.command("migrate", "--config", settings)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return settings

    def sqlite(self, path: Path) -> str:
        """A new database at this path, brought up to date, as a line of settings; the command runs for the first."""
        template = self.folder / "template.db"
        if not template.exists():
            self.migrated(self.folder / "template", "http://127.0.0.1", f"path = '{template}'")
        shutil.copy(template, path)
        return f"path = '{path}'"

    def process(self, name: str, folder: Path, *options: str, **told: str) -> Process:
        """A host of one's own, not started yet."""
        app, server = HOSTS[name]
        return Process(self.installed, folder, app, server, *options, HOST_ISSUERS=self.issuers, **told)

    def _started(self, name: str) -> Process:
        port, told = self._ports[name], {}
        if name in WITH_RECORDS:
            self.dsns[name] = self.fresh_dsn()
            database = f'url = "{self.dsns[name]}"'
            told["HOST_SETTINGS"] = self.migrated(self.folder / name, f"http://127.0.0.1:{port}", database)
        process = self.process(name, self.folder / name, port=str(port), **told)
        return self._running.enter_context(process).ready("/inner/open" if name == "around" else "/open")


@contextmanager
def world(installed: Installed, database_server: Postgres, folder: Path) -> Iterator[World]:
    """All of it, until the block ends."""
    with ExitStack() as running:
        yield World(installed, database_server, folder, running)


def of(*names: str) -> pytest.MarkDecorator:
    """Each of these hosts in turn."""
    return pytest.mark.parametrize("host", names, indirect=True, ids=names)
