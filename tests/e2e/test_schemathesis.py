"""The served program keeps what its own API description says, whatever a fuzzer comes up with."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.provider import Provider
from tests.e2e.served import Served

EXAMPLES = "6"
"""Requests per operation and phase; a longer hunt raises it by hand."""

HOW = Path(__file__).with_name("schemathesis.toml")


def test_a_fuzzer_finds_no_difference_to_the_description(served: Served, provider: Provider, tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", HOW, "run"]
    options = [
        "--checks",
        "all",
        "--phases",
        "examples,coverage,fuzzing,stateful",
        "-n",
        EXAMPLES,
        # Application documents have a hunt of their own, by somebody who may do everything with them.
        "--exclude-path-regex",
        "^/(app|operator|user)/",
        # Whoever has erased themselves can ask nothing more with this token.
        "--exclude-method",
        "DELETE",
    ]
    token = provider.sign_in("fuzzed-user")
    done = subprocess.run(
        [*command, f"{served.url}/schema/openapi.json", "-H", f"Authorization: Bearer {token}", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout[-6000:]
