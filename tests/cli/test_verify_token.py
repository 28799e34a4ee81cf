"""`profilegate verify-token` says as what a token would be admitted, or why it is refused."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.util import urlsafe_b64encode
from tests.cli.running import done, errors, eventually, output, started
from tests.postgres import free_port


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A provider that is really there, with a token of alice's."""
    folder = tmp_path_factory.mktemp("demo")
    with started(folder, "demo", "--json", "--port", str(free_port())):
        eventually(lambda: output(folder).endswith("\n"), lambda: errors(folder))
        yield json.loads(output(folder))


def verified(
    tmp_path: Path, issuer: str, *token: str, lines: str = "", **options: Any
) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "profilegate.toml"
    audiences = "" if "audiences" in lines else "audiences = ['https://profiles.example']"
    file.write_text(f"[[issuers]]\nissuer = '{issuer}'\n{audiences}\n{lines}\n")
    return done("verify-token", "--config", str(file), *token, **options)


def test_a_good_token_is_shown_as_its_caller(tmp_path: Path, demo: dict[str, Any]) -> None:
    answer = verified(tmp_path, demo["issuer"], demo["token"])
    assert (answer.returncode, answer.stderr) == (0, "")
    caller = json.loads(answer.stdout)
    assert (caller["tenant_id"], caller["user_id"]) == ("default", "k3v9x0q7m2ab")
    assert caller["permissions"] == sorted(caller["permissions"])


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_token_may_come_from_standard_input(tmp_path: Path, demo: dict[str, Any], arguments: list[str]) -> None:
    answer = verified(tmp_path, demo["issuer"], *arguments, input=f"{demo['token']}\n")
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("audiences = ['https://other.example']", "aud does not name this service"),
        ("algorithms = ['RS256']", "the algorithm is not one of the issuer's"),
        ("tenant_claim = 'org'\ntenants = ['a']", "the claim org names no tenant of this service"),
    ],
)
def test_the_reason_of_a_refusal_is_told(tmp_path: Path, demo: dict[str, Any], lines: str, reason: str) -> None:
    answer = verified(tmp_path, demo["issuer"], demo["token"], lines=lines)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert reason in answer.stderr


def test_a_token_of_somebody_else_is_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    answer = verified(tmp_path, "https://id.example", demo["token"])
    assert (answer.returncode, "the issuer is not known here" in answer.stderr) == (1, True)


def test_a_changed_token_is_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    signed, _, signature = demo["token"].rpartition(".")
    other = "B" if signature.startswith("A") else "A"
    answer = verified(tmp_path, demo["issuer"], f"{signed}.{other}{signature[1:]}")
    assert (answer.returncode, "signature" in answer.stderr) == (1, True)


@pytest.mark.parametrize("token", ["x", "a.b.c", "é"])
def test_what_is_no_token_is_told(tmp_path: Path, token: str) -> None:
    answer = verified(tmp_path, "https://id.example", token)
    assert (answer.returncode, answer.stderr) == (1, "profilegate: The access token is not valid. not a JWT\n")


def test_a_provider_that_does_not_answer_is_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    issuer = f"http://127.0.0.1:{free_port()}"
    header, _, signature = demo["token"].split(".")
    payload = urlsafe_b64encode(json.dumps({"iss": issuer}).encode()).decode()
    answer = verified(tmp_path, issuer, f"{header}.{payload}.{signature}")
    assert (answer.returncode, "cannot be reached" in answer.stderr) == (1, True)


def test_nothing_is_said_of_the_token_itself(tmp_path: Path, demo: dict[str, Any]) -> None:
    answer = verified(tmp_path, demo["issuer"], demo["token"], lines="algorithms = ['RS256']")
    assert demo["token"] not in answer.stdout + answer.stderr
