"""The requests and answers that the API's documents show, replayed literally."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH
from tests.faces.running import Service

FILES = sorted((Path(__file__).parent / "examples").glob("*.json"))
EXAMPLES = [pytest.param(json.loads(file.read_text("utf-8"))["steps"], id=file.stem) for file in FILES]


@pytest.mark.parametrize("steps", EXAMPLES)
@BOTH
async def test_the_documented_example_happens(service: Service, steps: list[dict[str, Any]]) -> None:
    for step in steps:
        service.clock.set(step["clock"])
        answer = await sent(service.client(step["caller"]), **step["request"])
        assert answer.status_code == step["answer"]["status"]
        assert literal(answer.json()) == literal(step["answer"]["body"])


async def sent(client: httpx.AsyncClient, method: str, path: str, **body: Any) -> httpx.Response:
    """As the documented client sends it: the content type stands there with and without a body."""
    content = json.dumps(body["body"]) if body else None
    return await client.request(method, path, content=content, headers={"content-type": "application/json"})


def literal(value: Any) -> str:
    """The value as text: its members in their order, and 1 is not true."""
    return json.dumps(value, indent=1)
