"""What the application gets and gives, which the gate's question must not disturb."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.proxy.application import Application
from tests.proxy.asking import head
from tests.proxy.fake_gate import IDENTITY, FakeGate
from tests.proxy.listening import Header, answer
from tests.proxy.shipped import Proxy

AUTHORIZED = ("Authorization", "Bearer a-token")
OWN = [("Host", "app.example.com"), AUTHORIZED]


@pytest.mark.parametrize("size", [1, 100_000, 2_000_000])
def test_a_body_reaches_the_application_whole_and_the_gate_not_at_all(
    faced: Proxy, application: Application, fake_gate: FakeGate, size: int
) -> None:
    body = os.urandom(size)
    seen = faced.ask("/upload", method="POST", token="a-token", body=body).status
    assert (seen, application.last.body == body) == (200, True)
    asked = fake_gate.last
    assert (asked.body, asked.values("transfer-encoding")) == (b"", [])
    assert asked.values("content-length") in ([], ["0"])


def test_a_chunked_body_does_so_too(faced: Proxy, application: Application, fake_gate: FakeGate) -> None:
    headers: list[Header] = [*OWN, ("Transfer-Encoding", "chunked"), ("Connection", "close")]
    with faced.connection() as connection:
        connection.write(head("PUT", "/upload", headers) + b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n")
        assert connection.answer().status == 200
    assert application.last.body == b"firstsecond"
    assert (fake_gate.last.body, fake_gate.last.values("transfer-encoding")) == (b"", [])


def test_who_is_refused_sends_the_application_no_body(
    faced: Proxy, application: Application, fake_gate: FakeGate
) -> None:
    before = len(application.seen)
    with fake_gate.saying(answer("403 Forbidden")):
        assert faced.ask("/upload", method="POST", token="a-token", body=b"x" * 1000).status == 403
    assert len(application.seen) == before


def test_a_web_socket_gets_through_with_its_identity_and_is_none_to_the_gate(
    faced: Proxy, application: Application, fake_gate: FakeGate
) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
               ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]  # fmt: skip
    with faced.connection() as connection:
        connection.write(head("GET", "/socket", [*OWN, *upgrade]))
        assert connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        connection.write(b"hello")
        assert connection.read(5) == b"HELLO"
    assert application.last.values("x-auth-subject") == [IDENTITY["X-Auth-Subject"]]
    assert fake_gate.last.values("upgrade") == []


def test_a_web_socket_of_who_is_refused_does_not_open(
    faced: Proxy, application: Application, fake_gate: FakeGate
) -> None:
    before = len(application.seen)
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
    with fake_gate.saying(answer("401 Unauthorized", {"WWW-Authenticate": "Bearer"})), faced.connection() as connection:
        connection.write(head("GET", "/socket", [*OWN, *upgrade]))
        assert connection.answer().status == 401
    assert len(application.seen) == before


def test_a_stream_arrives_while_it_is_made(faced: Proxy, application: Application) -> None:
    application.go_on.clear()
    with faced.connection() as connection:
        connection.write(head("GET", "/stream", OWN))
        connection.until(b"\r\n\r\n")
        assert connection.until(b"first").endswith(b"first")
        application.go_on.set()
        assert connection.until(b"second").endswith(b"second")


def test_one_connection_may_carry_many_requests_and_each_is_asked_about(
    faced: Proxy, fake_gate: FakeGate, application: Application
) -> None:
    before, connections = len(fake_gate.seen), fake_gate.connections
    with faced.connection() as connection:
        for n in range(20):
            connection.write(head("GET", f"/{n}", OWN))
            assert connection.answer().seen.target == f"/{n}"
    assert len(fake_gate.seen) - before == 20
    assert fake_gate.connections - connections <= 1


def test_no_answer_of_the_gate_is_kept_for_another_and_none_of_the_application_either(
    faced: Proxy, fake_gate: FakeGate
) -> None:
    before = len(fake_gate.seen)
    for subject in ("first", "second", "first"):
        with fake_gate.saying(answer("200 OK", IDENTITY | {"X-Auth-Subject": subject, "Cache-Control": "max-age=60"})):
            assert faced.ask("/same", token="a-token").seen.values("x-auth-subject") == [subject]
    assert len(fake_gate.seen) - before == 3


def test_users_who_come_at_once_are_not_mixed_up(faced: Proxy, application: Application) -> None:
    with ThreadPoolExecutor(8) as threads:
        bodies = [f"body-{n}".encode() for n in range(80)]
        made = [threads.submit(faced.ask, f"/{n}", method="POST", token=f"t{n}", body=each)
                for n, each in enumerate(bodies)]  # fmt: skip
    for n, each in enumerate(made):
        seen = each.result().seen
        assert (seen.target, seen.body, seen.values("authorization")) == (f"/{n}", bodies[n], [f"Bearer t{n}"])


def test_what_the_application_fails_with_is_its_own(faced: Proxy) -> None:
    found = faced.ask("/broken", token="a-token")
    assert (found.status, found.headers["retry-after"], found.body) == (500, "77", b"the application's own")
