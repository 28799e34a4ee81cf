"""A demo and a service that run, and what deploy/smoke.sh says of them."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.cli.running import PROGRAM, end, environment, errors, eventually, output
from tests.cli.test_serve import status
from tests.deploy.shipped import DEPLOY, PATIENCE
from tests.postgres import free_port


@contextmanager
def running(folder: Path, *command: str, **more: str) -> Iterator[Popen[str]]:
    """A command with its output in the folder, until the end of the block."""
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = Popen(command, stdout=out, stderr=err, text=True, env=environment(**more), start_new_session=True)
        try:
            yield process
        finally:
            end(process)


@contextmanager
def demo(folder: Path, *before: str) -> Iterator[dict[str, Any]]:
    """What `profilegate demo` says of itself; it runs under the command `before`."""
    command = [*before, *PROGRAM, "demo", "--json", "--port", str(free_port())]
    with running(folder, *command, TMPDIR=str(folder)) as process:
        eventually(lambda: output(folder).endswith("\n") or process.poll() is not None, lambda: errors(folder))
        assert process.poll() is None, errors(folder)
        yield json.loads(output(folder))


@contextmanager
def serving(folder: Path, config: str, url: str, *before: str, **more: str) -> Iterator[Popen[str]]:
    """`profilegate serve`, answering."""
    with running(folder, *before, *PROGRAM, "serve", "--config", config, **more) as process:
        eventually(lambda: status(f"{url}/health") == 200, lambda: output(folder) + errors(folder))
        yield process


def smoke(*arguments: str, before: Sequence[str] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    """deploy/smoke.sh, asked."""
    command = [*before, str(DEPLOY / "smoke.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE, **options)


def failures(told: str) -> list[str]:
    return [line.removeprefix("FAIL  ").partition(";")[0] for line in told.splitlines() if line.startswith("FAIL")]
