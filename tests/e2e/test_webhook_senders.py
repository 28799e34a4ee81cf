"""What a JavaScript library signs is taken: npm's `standardwebhooks`, in a node process of its own."""

import json
import subprocess
from typing import Any

import pytest
from tests.e2e.provider import HERE, install, program
from tests.minting import NOW
from tests.sync.verifying import refused, source, taken, verifier, whsec

SECRET = whsec(bytes(range(32)))
BODIES = ["{}", '{"type":"user.updated","data":{"id":"zoë 😀"}}', json.dumps({"a": "x" * 20_000}), '{\n "a" : 1\n}\n']


@pytest.fixture(scope="module")
def signatures() -> list[str]:
    """One for each body, and one with another secret."""
    install()
    asked: list[dict[str, Any]] = [{"secret": SECRET, "id": "msg_2a", "at": int(NOW), "body": body} for body in BODIES]
    asked.append(asked[0] | {"secret": whsec(bytes(32))})
    command = [program("node"), "webhook_sender.mjs"]
    done = subprocess.run(command, cwd=HERE, input=json.dumps(asked), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def headers(signature: str, prefix: str) -> dict[str, str]:
    return {f"{prefix}-id": "msg_2a", f"{prefix}-timestamp": str(int(NOW)), f"{prefix}-signature": signature}


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
@pytest.mark.parametrize("which", range(len(BODIES)))
async def test_what_the_library_signs_is_taken(signatures: list[str], which: int, prefix: str) -> None:
    of, body = verifier(source(signature="standard", secrets=(SECRET,))), BODIES[which]
    verified = await taken(of, headers(signatures[which], prefix), body.encode())
    assert (verified.payload, verified.delivery_id) == (json.loads(body), "msg_2a")


async def test_what_it_signs_for_another_body_or_with_another_secret_is_refused(signatures: list[str]) -> None:
    of = verifier(source(signature="standard", secrets=(SECRET,)))
    assert await refused(of, headers(signatures[0], "webhook"), BODIES[1].encode())
    assert await refused(of, headers(signatures[-1], "webhook"), BODIES[0].encode())
