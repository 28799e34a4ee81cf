"""The benchmark counts what it says it counts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.bench.load import Source
from tests.bench.samples import Sample, ratio
from tests.bench.targets import Target
from tests.bench.traffic import Asked

GOOD, BAD = (b"HTTP/1.1 %d x\r\nContent-Length: 2\r\n\r\nok" % status for status in (200, 503))


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """The port of a server that gives these answers in turn."""
    started, ports = Event(), []

    async def serve() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while asked := await reader.read(4096):
                heard.append(asked)
                writer.write(answers[len(heard) % len(answers)])
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        started.set()
        await ended.wait()
        server.close()

    heard: list[bytes] = []
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    thread = Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    started.wait()
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def asking(port: int, folder: Path) -> Source:
    asked = Asked(b"GET / HTTP/1.1\r\nHost: x\r\nX-Number: ", b"\r\n\r\n", lambda body, _: body == b"ok")
    return Source(port, [asked], folder, clients=1)


def test_answers_other_than_2xx_are_counted(tmp_path: Path) -> None:
    with answering(GOOD, BAD) as port:
        load = asking(port, tmp_path).flood(0.1, "own")
    assert abs(load.failed - load.answered / 2) < 1


def test_a_wrong_answer_ends_the_trial(tmp_path: Path) -> None:
    wrong = GOOD.replace(b"ok", b"no")
    with answering(wrong) as port, pytest.raises(AssertionError, match="no"):
        asking(port, tmp_path).tried(1)


def test_no_change_is_asked_for_twice(tmp_path: Path) -> None:
    with answering(GOOD) as port:
        source = asking(port, tmp_path)
        source.tried(3)
        first = source.flood(0.05, "own").answered
        assert source.next > 3 + first


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    one = [Sample(rps=rps, p50=1, p99=1) for rps in (10, 40, 90)]
    other = [Sample(rps=rps, p50=1, p99=1) for rps in (10, 20, 300)]
    assert ratio({"one": one, "other": other}, "one", "other") == 1


def test_a_target_is_missed_below_what_is_wanted_at_least() -> None:
    target = Target("x", "at least", 0.75, "one", "other")
    assert not target.is_met(0.74)
    assert target.is_met(0.75)
