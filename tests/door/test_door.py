"""Who does not come in is told so at once, and who waits for its client keeps nobody else out."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import pytest
from litestar.types import ASGIApp, Receive, Scope, Send

from profilegate import door
from profilegate.door import Arriving, Door
from profilegate.errors import BodyBroken, BodyTooSlow, Unavailable

PIECE = {"type": "http.request", "body": b"{", "more_body": True}
WHOLE = {"type": "http.request", "body": b"}", "more_body": False}
GONE = {"type": "http.disconnect"}


def scope(*codings: bytes) -> Any:
    return {"type": "http", "headers": [(b"transfer-encoding", each) for each in codings]}


def saying(*messages: dict[str, Any]) -> Receive:
    """A client that sends these, and then nothing more."""
    left = list(messages)

    async def receive() -> Any:
        return left.pop(0) if left else await asyncio.Event().wait()

    return receive


async def nothing(_: Any) -> None: ...


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers when it has the whole body."""
    if scope["type"] == "lifespan":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def asked(app: ASGIApp, receive: Receive, *codings: bytes) -> dict[str, Any]:
    """The start of the answer, its headers as a dict."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope(*codings), receive, send)
    return {**sent[0], "headers": dict(sent[0]["headers"])}


async def test_who_would_be_one_more_gets_503_and_when_to_come_again() -> None:
    answer = await asked(Door(reading, most=0), saying(WHOLE))
    assert (answer["status"], answer["headers"][b"retry-after"]) == (503, b"1")


async def test_who_waits_for_a_body_is_not_at_work() -> None:
    one = Door(reading, most=1)
    waiting = asyncio.create_task(asked(one, saying(PIECE)))
    await asyncio.sleep(0)
    assert (await asked(one, saying(WHOLE)))["status"] == 200
    waiting.cancel()


async def test_who_is_turned_away_with_its_body_is_counted_as_well() -> None:
    told: list[int] = []
    one = Door(reading, most=1, turned_away=lambda: told.append(1))
    one.at_work = 2
    with pytest.raises(Unavailable):
        await Arriving(one, saying(WHOLE))()
    assert told == [1]


async def test_a_request_that_failed_is_not_at_work_any_more() -> None:
    one = Door(reading, most=1)
    with pytest.raises(BodyBroken):
        await asked(one, saying(PIECE, GONE))
    assert (await asked(one, saying(WHOLE)))["status"] == 200


async def test_while_the_loop_is_late_few_come_in_and_then_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "FEW", 4)  # each is let in twice, with its head and with its body
    one = Door(reading)
    await one({"type": "lifespan"}, saying(), nothing)  # type: ignore[arg-type]
    time.sleep(door.BEAT + door.LATE + 0.05)  # noqa: ASYNC251  the loop is to be late
    assert [(await asked(one, saying(WHOLE)))["status"] for _ in range(3)] == [200, 200, 503]
    await asyncio.sleep(2 * door.BEAT)
    assert (await asked(one, saying(WHOLE)))["status"] == 200


async def test_a_body_that_stops_coming_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "GRACE", 0.01)
    with pytest.raises(BodyTooSlow):
        await asked(Door(reading), saying(PIECE))


async def test_a_request_that_is_given_up_meanwhile_is_only_that() -> None:
    waiting = asyncio.create_task(asked(Door(reading), saying(PIECE)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_what_has_come_of_a_body_gives_it_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "GRACE", 0.0)
    much = {**PIECE, "body": bytes(100 * door.PACE)}
    waiting = asyncio.create_task(asked(Door(reading), saying(much)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    waiting.cancel()


async def test_after_the_body_the_client_may_stay_as_long_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "GRACE", 0.01)

    async def watching(_: Scope, receive: Receive, __: Send) -> None:
        await receive()
        await receive()

    waiting = asyncio.create_task(asked(Door(watching), saying(WHOLE)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize("codings", [[], [b"chunked"], [b"Chunked"]])
async def test_a_body_whose_end_everybody_sees_comes_in(codings: Iterable[bytes]) -> None:
    assert (await asked(Door(reading), saying(WHOLE), *codings))["status"] == 200


@pytest.mark.parametrize("codings", [[b"gzip, chunked"], [b"identity"], [b"chunked"] * 2, [b"identity", b"chunked"]])
async def test_a_body_whose_end_may_be_elsewhere_is_refused_and_the_connection_closed(codings: Iterable[bytes]) -> None:
    answer = await asked(Door(reading), saying(WHOLE), *codings)
    assert (answer["status"], answer["headers"][b"connection"]) == (400, b"close")
