"""profilegate as an operator runs it: migrated and served by its own commands, on PostgreSQL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

import httpx
from tests.e2e.provider import NO_TLS
from tests.postgres import free_port

PATIENCE = 40
"""Seconds until the service must be ready, and in which what must happen does."""

PROFILE = "/api/profile"
AUDIENCE = "https://profiles.example"


class HasIssuer(Protocol):
    """A provider, as far as settings name it."""

    issuer: str


class Served:
    """A `profilegate serve` process; `url` is its base, without a trailing slash.

    `extra` follows the provider's table in the settings: further keys of it, then further tables. An empty
    `public_url` is not set at all.
    """

    def __init__(
        self,
        folder: Path,
        dsn: str,
        provider: HasIssuer,
        workers: int = 1,
        extra: str = "",
        public_url: str | None = None,
        audience: str = AUDIENCE,
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.public_url = public_url or self.url
        naming = "" if public_url == "" else f'public_url = "{self.public_url}"\n'
        self._folder = folder
        self._config = folder / "profilegate.toml"
        self.settings = (
            f"[server]\nport = {port}\nworkers = {workers}\n{naming}"
            f'[database]\nurl = "{dsn}"\n'
            f"{issuer_table(provider, audience)}{extra}\n"
        )
        """What the service was started with."""
        self.configure(self.settings)

    def __enter__(self) -> Self:
        subprocess.run([*self._command("migrate")], check=True, capture_output=True, timeout=60)
        self._log = (self._folder / "serve.log").open("w")
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=self.url, trust_env=False, verify=NO_TLS, timeout=30, limits=limits)
        self._process = subprocess.Popen(self._command("serve"), stdout=self._log, stderr=subprocess.STDOUT)
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            assert self._process.wait(30) == 0, self.log
        finally:
            self._end()

    @property
    def log(self) -> str:
        return (self._folder / "serve.log").read_text()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def configure(self, settings: str) -> None:
        """Writes the settings in place, as many an editor does."""
        self._config.write_text(settings)

    def replace_configuration(self, settings: str) -> None:
        """Puts another file in its place, as deployments do."""
        other = self._folder / "next.toml"
        other.write_text(settings)
        other.replace(self._config)

    def remove_configuration(self) -> None:
        self._config.unlink()

    def hang_up(self) -> None:
        """What `kill -HUP` of the main process does."""
        os.kill(self._process.pid, signal.SIGHUP)

    def call(
        self, token: str, method: str = "GET", path: str = PROFILE, *, scheme: str = "Bearer", **options: Any
    ) -> httpx.Response:
        """Over a connection of its own, so that any worker may answer."""
        headers = {"authorization": f"{scheme} {token}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def rename(self, token: str, name: str = "Renamed", **options: Any) -> httpx.Response:
        return self.call(token, "PATCH", json={"name": name}, **options)

    def _command(self, verb: str) -> list[str]:
        return [sys.executable, "-m", "profilegate", verb, "--config", str(self._config)]

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self.http.get("/ready").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        self._end()
        raise AssertionError(f"profilegate is not ready:\n{self.log}")

    def _end(self) -> None:
        """Without mercy, where it has not ended by itself; leaves nothing open."""
        self._process.kill()
        self._process.wait()
        self._log.close()
        self.http.close()


def issuer_table(provider: HasIssuer, audience: str = AUDIENCE) -> str:
    """The settings of one provider; keys that follow are still its own."""
    return f'[[issuers]]\nissuer = "{provider.issuer}"\naudiences = ["{audience}"]\n'


def eventually(happens: Callable[[], bool], told: Callable[[], str] = str, within: float = PATIENCE) -> None:
    """Wait until it happens, or fail with what is told."""
    end = time.monotonic() + within
    while not happens():
        assert time.monotonic() < end, told()
        time.sleep(0.02)
