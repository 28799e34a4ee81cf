"""`profilegate verify-token` says as what a token would be admitted, or why it is refused."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from joserfc.util import urlsafe_b64encode
from tests.cli.running import done
from tests.postgres import free_port


def verified(
    tmp_path: Path, issuer: str, *token: str, lines: str = "", **options: Any
) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "profilegate.toml"
    audiences = "" if "audiences" in lines else "audiences = ['https://profiles.example']"
    file.write_text(f"[[issuers]]\nissuer = '{issuer}'\n{audiences}\n{lines}\n")
    return done("verify-token", "--config", str(file), *token, **options)


def told(answer: subprocess.CompletedProcess[str]) -> tuple[bool, dict[str, str]]:
    """Whether the token is admitted, and the details of the checks that failed; the exit status is checked."""
    document = json.loads(answer.stdout)
    assert (answer.returncode, answer.stderr) == (0 if document["admitted"] else 1, "")
    assert document["admitted"] == all(each["passed"] for each in document["checks"])
    assert document["admitted"] == (document["principal"] is not None)
    return document["admitted"], {each["check"]: each["detail"] for each in document["checks"] if not each["passed"]}


def test_a_good_token_is_shown_as_its_caller(tmp_path: Path, demo: dict[str, Any]) -> None:
    answer = verified(tmp_path, demo["issuer"], demo["token"])
    assert told(answer) == (True, {})
    caller = json.loads(answer.stdout)["principal"]
    assert (caller["tenant_id"], caller["user_id"]) == ("default", "k3v9x0q7m2ab")
    assert caller["permissions"] == sorted(caller["permissions"])


def test_every_check_of_a_good_token_is_named(tmp_path: Path, demo: dict[str, Any]) -> None:
    checks = json.loads(verified(tmp_path, demo["issuer"], demo["token"]).stdout)["checks"]
    assert [each["check"] for each in checks] == [
        "format", "issuer", "algorithm", "extensions", "type", "signature", "audience", "subject", "use", "times",
        "user", "binding",
    ]  # fmt: skip


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_token_may_come_from_standard_input(tmp_path: Path, demo: dict[str, Any], arguments: list[str]) -> None:
    assert told(verified(tmp_path, demo["issuer"], *arguments, input=f"{demo['token']}\n")) == (True, {})


@pytest.mark.parametrize(
    ("lines", "check", "reason"),
    [
        ("audiences = ['https://other.example']", "audience", "aud does not name this service"),
        ("algorithms = ['RS256']", "algorithm", "the algorithm is not one of the issuer's"),
        ("tenant_claim = 'org'\ntenants = ['a']", "user", "the claim org names no tenant of this service"),
    ],
)
def test_the_reason_of_a_refusal_is_told(
    tmp_path: Path, demo: dict[str, Any], lines: str, check: str, reason: str
) -> None:
    assert told(verified(tmp_path, demo["issuer"], demo["token"], lines=lines)) == (False, {check: reason})


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path, demo: dict[str, Any]) -> None:
    lines = "audiences = ['https://other.example']\nalgorithms = ['RS256']"
    _, failed = told(verified(tmp_path, demo["issuer"], demo["token"], lines=lines))
    assert failed.keys() >= {"algorithm", "audience"}


def test_a_token_of_somebody_else_is_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    answer = verified(tmp_path, "https://id.example", demo["token"])
    assert told(answer) == (False, {"issuer": "the issuer is not known here"})


def test_a_changed_token_is_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    signed, _, signature = demo["token"].rpartition(".")
    other = "B" if signature.startswith("A") else "A"
    admitted, failed = told(verified(tmp_path, demo["issuer"], f"{signed}.{other}{signature[1:]}"))
    assert (admitted, list(failed)) == (False, ["signature"])


@pytest.mark.parametrize("token", ["x", "a.b.c", "é"])
def test_what_is_no_token_is_told(tmp_path: Path, token: str) -> None:
    admitted, failed = told(verified(tmp_path, "https://id.example", token))
    assert (admitted, failed["issuer"]) == (False, "not a JWT, and no issuer takes opaque tokens here")


def test_a_provider_that_does_not_answer_is_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    issuer = f"http://127.0.0.1:{free_port()}"
    header, _, signature = demo["token"].split(".")
    payload = urlsafe_b64encode(json.dumps({"iss": issuer}).encode()).decode()
    _, failed = told(verified(tmp_path, issuer, f"{header}.{payload}.{signature}"))
    assert "cannot be had" in failed["signature"]


@pytest.mark.parametrize("lines", ["", "algorithms = ['RS256']"])
def test_nothing_is_said_of_the_token_itself(tmp_path: Path, demo: dict[str, Any], lines: str) -> None:
    answer = verified(tmp_path, demo["issuer"], demo["token"], lines=lines)
    assert not any(part in answer.stdout + answer.stderr for part in demo["token"].split("."))


def test_what_the_token_says_of_its_user_is_not_told(tmp_path: Path, demo: dict[str, Any]) -> None:
    assert "Alice" not in verified(tmp_path, demo["issuer"], demo["token"]).stdout
