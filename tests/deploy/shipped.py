"""The shipped files, and the programs that know what they must be."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
README = (DEPLOY / "README.md").read_text("utf-8")

PATIENCE = 60
"""Seconds for one of the programs."""


def program(name: str) -> str:
    """Beside our Python, where pip puts it, else on PATH. Never skips: what is not checked is not known to work."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.fail(f"the tests of deploy/ need {name}; tests/run says where it is from")
    return found


def told(name: str, *arguments: Any) -> str:
    """What the program prints; it must be content."""
    done = run(name, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run(name: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [program(name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=DEPLOY, timeout=PATIENCE)


def put_in(text: str, *replacements: tuple[str, str]) -> str:
    """Each text must be there: a substitution that finds nothing would leave a test on another file than it says."""
    for old, new in replacements:
        assert old in text, f"{old!r} is not in the shipped file"
        text = text.replace(old, new)
    return text
