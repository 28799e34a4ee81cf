"""What only an operator may do with applications and documents keeps to its description too."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import Serve
from tests.e2e.provider import OPERATOR_SCOPE, Provider

EXAMPLES = "6"
"""Requests per operation and phase; a longer hunt raises it by hand."""

HOW = Path(__file__).with_name("schemathesis.toml")


def test_a_fuzzer_who_is_an_operator_finds_no_difference_to_the_description(
    serve: Serve, provider: Provider, tmp_path: Path
) -> None:
    served = serve(provider, extra=f'operator = {{scope = "{OPERATOR_SCOPE}"}}')
    token = provider.sign_in("operator-fuzzed", f"openid profile email {OPERATOR_SCOPE}")
    for app_id in (0, 1):
        answer = served.call(token, "POST", "/operator/app/register", json={"app_id": app_id, "app": f"App {app_id}"})
        assert answer.status_code == 201, answer.text
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", HOW, "run"]
    options = ["--checks", "all", "--phases", "examples,coverage,fuzzing", "-n", EXAMPLES]
    # What may be registered or stored depends on what is there, which no description can say.
    options += ["--exclude-checks", "positive_data_acceptance"]
    chosen = ["--include-path-regex", "^/(app|operator|user)/"]
    done = subprocess.run(
        [*command, f"{served.url}/schema/openapi.json", "-H", f"Authorization: Bearer {token}", *options, *chosen],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout[-6000:]
