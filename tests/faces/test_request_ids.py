"""What is logged of one request bears one id: the proxy's, or one of ours."""

import json
import logging
import re
from collections.abc import Iterator

import pytest
from tests.faces.running import Service, address
from tests.logto.asking import HERE

from profilegate.observability import JSONFormatter, TextFormatter, request_id


class Kept(logging.Handler):
    """Keeps the lines, formatted while the request is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.formats = (JSONFormatter(), TextFormatter("%(message)s"))
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((self.formats[0].format(record), self.formats[1].format(record)))


@pytest.fixture
def log() -> Iterator[Kept]:
    kept, logger = Kept(), logging.getLogger("profilegate")
    logger.addHandler(kept)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield kept
    logger.setLevel(level)
    logger.removeHandler(kept)


async def refused(service: Service, log: Kept, **headers: str) -> tuple[str | None, str]:
    """The id of the request in the line about its token, in JSON and as text."""
    log.lines.clear()
    sent = {"authorization": "Bearer x.y.z", **{name.replace("_", "-"): value for name, value in headers.items()}}
    assert (await service.stranger(sent).get(HERE)).status_code == 401
    (line, text) = log.lines[-1]
    return json.loads(line).get("request_id"), text


async def test_the_proxys_id_is_the_one(service: Service, log: Kept) -> None:
    made, text = await refused(service, log, x_request_id="7f3a-42.b:c")
    assert made == "7f3a-42.b:c"
    assert text.endswith(" [request 7f3a-42.b:c]")


async def test_without_one_each_request_gets_its_own(service: Service, log: Kept) -> None:
    first, _ = await refused(service, log)
    second, _ = await refused(service, log)
    assert first is not None
    assert second is not None
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{16}", first)


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "{}", '"', "a\tb"])
async def test_what_is_no_id_is_not_shown(service: Service, log: Kept, given: str) -> None:
    made, text = await refused(service, log, x_request_id=given)
    assert re.fullmatch(r"[0-9a-f]{16}", made or "")
    assert not given or f"[request {given}]" not in text


async def test_all_lines_of_a_request_have_the_same_id(service: Service, log: Kept) -> None:
    await refused(service, log)
    assert len({json.loads(line)["request_id"] for line, _ in log.lines}) == 1


async def test_a_forbidden_act_leaves_a_line_that_names_the_act_and_nobody(service: Service, log: Kept) -> None:
    answer = await service.client("alice").put(address("canary-user"), json={"name": "canary-name"})
    assert answer.status_code == 403
    line = json.loads(log.lines[-1][0])
    assert line["message"].startswith("PUT /v1/profiles/user/")
    assert line["message"].endswith("(not_permitted)")
    assert "canary" not in line["message"]


async def test_a_token_in_the_place_of_an_id_is_not_shown(service: Service, log: Kept) -> None:
    made, text = await refused(service, log, x_request_id="eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x")
    assert made == "[token]"
    assert text.endswith(" [request [token]]")


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\x85"])
def test_a_message_is_one_line_whatever_it_quotes(end: str) -> None:
    record = logging.LogRecord("profilegate", logging.INFO, __file__, 1, "said %s", (f"a{end}b",), None)
    assert TextFormatter("%(message)s").format(record).splitlines() == [f"said a{repr(end)[1:-1]}b"]


def test_outside_of_requests_there_is_none() -> None:
    assert request_id() is None
