"""deploy/requirements.txt: which version of what is installed, and by which hashes it is known."""

import re
from pathlib import Path

from msgspec import Struct
from packaging.markers import Marker
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))?(?P<hashes>(?: --hash=\S+)*)")


class Pin(Struct, frozen=True):
    """One version of one package, where `marker` holds."""

    name: NormalizedName
    version: str
    hashes: tuple[str, ...]
    marker: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether it is installed on this platform."""
        return self.marker is None or Marker(self.marker).evaluate()


def pins(text: str) -> dict[NormalizedName, Pin]:
    """The pins of a requirements file, by name. Raises ValueError for a line that is none."""
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    found = [pin(line) for line in lines if line and not line.startswith("#")]
    return {each.name: each for each in found}


def pin(line: str) -> Pin:
    """The pin of one line with all that continues it."""
    read = PIN.fullmatch(line)
    if read is None:
        raise ValueError(f"no pin: {line[:60]}")
    hashes = tuple(read["hashes"].replace("--hash=", "").split())
    return Pin(canonicalize_name(read["name"]), read["version"], hashes, read["marker"])


def shipped() -> dict[NormalizedName, Pin]:
    """Those of the image."""
    return pins((ROOT / "deploy" / "requirements.txt").read_text("utf-8"))
