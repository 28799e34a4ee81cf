"""The TypeScript client: compiled, described, and run in Node."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.provider import install, program

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "profilegate" / "clients" / "profilegate.ts"


def node(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a program of this folder did."""
    install()
    command = [program("node"), *map(str, arguments)]
    return subprocess.run(command, cwd=HERE, env=os.environ | environment, capture_output=True, text=True)


def told() -> dict[str, Any]:
    """What the compiler says of the client: its problems, and the types of its requests."""
    done = node("told.mjs", SOURCE)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def transpiled(folder: Path) -> Path:
    """The client as a module that Node takes."""
    module = folder / "profilegate.mjs"
    done = node("transpile.mjs", SOURCE, module)
    assert done.returncode == 0, done.stdout + done.stderr
    return module


def run(test: str, client: Path, **environment: str) -> None:
    """Run Node's tests in this file, on the compiled client."""
    done = node("--test", "--test-reporter=spec", test, PROFILE_CLIENT=client.as_uri(), **environment)
    assert done.returncode == 0, done.stdout + done.stderr
