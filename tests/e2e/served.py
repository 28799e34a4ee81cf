"""profilegate as an operator runs it: migrated and served by its own commands, on PostgreSQL."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx
from tests.e2e.provider import Provider
from tests.postgres import free_port

PATIENCE = 20
"""Seconds until the service must be ready."""


class Served:
    """A `profilegate serve` process; `url` is its base, without a trailing slash."""

    def __init__(self, folder: Path, dsn: str, provider: Provider, workers: int = 1, extra: str = "") -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._config = folder / "profilegate.toml"
        self._config.write_text(
            f'[server]\nport = {port}\nworkers = {workers}\npublic_url = "{self.url}"\n'
            f'[database]\nurl = "{dsn}"\n'
            f'[[issuers]]\nissuer = "{provider.issuer}"\naudiences = ["https://profiles.example"]\n{extra}\n'
        )

    def __enter__(self) -> Self:
        subprocess.run([*self._command("migrate")], check=True, capture_output=True, timeout=60)
        self._log = (self._folder / "serve.log").open("w")
        self._process = subprocess.Popen(self._command("serve"), stdout=self._log, stderr=subprocess.STDOUT)
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        assert self._process.wait(30) == 0, self.log
        self._log.close()

    @property
    def log(self) -> str:
        return (self._folder / "serve.log").read_text()

    def _command(self, verb: str) -> list[str]:
        return [sys.executable, "-m", "profilegate", verb, "--config", str(self._config)]

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ready", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        self._process.kill()
        raise AssertionError(f"profilegate is not ready:\n{self.log}")
