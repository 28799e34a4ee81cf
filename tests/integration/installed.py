"""The package as strangers get it: a wheel, installed into a virtual environment that knows nothing of the checkout."""

import os
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ("fastapi", "starlette", "django", "uvicorn", "websockets")
"""What the hosts need besides what comes with us."""

PATIENCE = 300
"""Seconds for one command of pip: it may have to download everything."""


class Installed(Struct, frozen=True):
    """The wheel, and the virtual environment it is installed in."""

    wheel: Path
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return next((self.folder / "lib").glob("python3*")) / "site-packages"

    def program(self, name: str) -> str:
        """A console script of the environment."""
        return str(self.folder / "bin" / name)

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The environment's Python with these arguments, which sees neither the checkout nor our settings."""
        return finished([str(self.python), "-I", *arguments], self.folder, **more)

    def command(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The console script `profilegate`."""
        return finished([self.program("profilegate"), *arguments], self.folder, **more)


def finished(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, run in this folder."""
    return subprocess.run(command, cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=60)


def environment(**more: str) -> dict[str, str]:
    """Ours, without whatever would lead to the checkout, to settings or to a proxy."""
    own = ("PROFILEGATE", "PYTHON", "PICCOLO", "DJANGO", "VIRTUAL_ENV")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(own) and not k.lower().endswith("_proxy")}
    return kept | more


def install(folder: Path) -> Installed:
    """Build the wheel and install it with the frameworks of the hosts."""
    found = Installed(build(folder / "wheel"), folder / "venv")
    done([sys.executable, "-m", "venv", "--without-pip", str(found.folder)])
    pip("--python", str(found.python), "install", "--no-compile", str(found.wheel), *FRAMEWORKS)
    return found


def build(folder: Path) -> Path:
    """The wheel of the checkout."""
    pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("profilegate-*.whl")
    return wheel


def pip(*arguments: str) -> None:
    done([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments])


def done(command: list[str]) -> None:
    """A command that must succeed; what it says is told when it does not."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stdout + ended.stderr
