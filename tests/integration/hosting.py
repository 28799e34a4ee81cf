"""Host applications as processes: served by uvicorn or granian from the installed package, asked by HTTP."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
from tests.e2e.provider import NO_TLS
from tests.integration.installed import Installed, environment
from tests.postgres import free_port

HOSTS = Path(__file__).parent / "hosts"
PATIENCE = 30
"""Seconds until a host must answer, and in which it must have ended."""

SERVERS = {
    "uvicorn": ("-m", "uvicorn", "--app-dir", str(HOSTS), "--host", "127.0.0.1", "--port"),
    "granian": ("-m", "granian", "--interface", "asgi", "--working-dir", str(HOSTS), "--host", "127.0.0.1", "--port"),
}  # fmt: skip
BY_SIGNAL = (0, -signal.SIGTERM)
"""How servers end after SIGTERM; uvicorn passes the signal on to itself when it has done its work."""


class Process:
    """A server with one of the hosts in it; `url` is where it listens, without a trailing slash."""

    def __init__(self, installed: Installed, folder: Path, app: str, server: str, *options: str, **told: str) -> None:
        self.port = int(told.pop("port", 0)) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(exist_ok=True)
        self._log_file = folder / "log"
        self._python, self._app, self._options = str(installed.python), app, options
        self.on(server)
        self._environment = environment(HOST_URL=self.url, HOST_FOLDER=str(folder), **told)
        self._folder = folder

    def on(self, server: str) -> Self:
        """In this server, when it starts."""
        self._command = [self._python, "-I", *SERVERS[server], str(self.port), *self._options, self._app]
        return self

    def __enter__(self) -> Self:
        limits = httpx.Limits(max_keepalive_connections=0)
        with self._log_file.open("w") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.http = httpx.Client(base_url=self.url, trust_env=False, verify=NO_TLS, timeout=30, limits=limits)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # with the workers that granian starts
        self._process.wait()

    def ready(self, path: str = "/open") -> Self:
        """Waits until it answers there."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self.http.get(path).status_code < 500:
                    return self
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError(f"the host does not answer:\n{self.log}")

    def ended(self) -> int:
        """Waits until it has ended by itself; its exit code."""
        return self._process.wait(PATIENCE)

    def stop(self) -> int:
        """Ends it as a supervisor does; its exit code."""
        self._process.terminate()
        return self.ended()

    @property
    def log(self) -> str:
        return self._log_file.read_text()

    def call(
        self, token: str | None, path: str, method: str = "GET", scheme: str = "Bearer", **options: Any
    ) -> httpx.Response:
        """Over a connection of its own; without a token as a stranger."""
        said = {} if token is None else {"authorization": f"{scheme} {token}"}
        return self.http.request(method, path, headers={**said, **options.pop("headers", {})}, **options)


def raw(host: Process, target: str, **headers: str) -> int:
    """The status of a GET with exactly this request target, which clients would tidy up."""
    lines = [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{host.port}", "Connection: close"]
    said = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""])
    with socket.create_connection(("127.0.0.1", host.port), timeout=PATIENCE) as connection:
        connection.sendall(said.encode("latin-1"))
        return int(connection.makefile("rb").readline().split()[1])
