"""A gate that is away, hangs, or says what profilegate never says: the way stays closed, and opens again with it."""

import pytest
from tests.proxy.application import Application
from tests.proxy.asking import Answer
from tests.proxy.fake_gate import IDENTITY, FakeGate
from tests.proxy.listening import Header, answer
from tests.proxy.shipped import Proxy

FORGED: list[Header] = [(name, "forged") for name in IDENTITY]
PLACES = ("/", "/orders/1")

LIES = {
    "500": answer("500 Internal Server Error", IDENTITY),
    "502": answer("502 Bad Gateway", IDENTITY),
    "404": answer("404 Not Found", IDENTITY),
    "302": answer("302 Found", IDENTITY | {"Location": "https://other.example/"}),
    "304": answer("304 Not Modified", IDENTITY),
    "200 without headers": answer("200 OK"),
    "200 of a page": answer("200 OK", {"Content-Type": "text/html"}, b"<h1>It works</h1>"),
    "200 with empty headers": answer("200 OK", dict.fromkeys(IDENTITY, "")),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\nX-Auth-Tenant: def",
    "nothing": b"",
    "a broken header": b"HTTP/1.1 200 OK\r\nX-Auth-Tenant\r\n: x\r\n\r\n",
    "a broken status": b"HTTP/1.1 abc OK\r\nX-Auth-Tenant: default\r\n\r\n",
}
FAILURES = {"500", "502", "another protocol", "half an answer", "nothing"}


def closed(proxy: Proxy, application: Application, target: str = "/") -> Answer:
    """The answer to somebody whom the application never saw."""
    before = len(application.seen)
    found = proxy.ask(target, FORGED, token="a-token")
    assert len(application.seen) == before, application.last
    return found


@pytest.mark.parametrize("target", PLACES)
@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_answer_of_the_gate_lets_nobody_through(
    faced: Proxy, application: Application, fake_gate: FakeGate, lie: str, target: str
) -> None:
    with fake_gate.saying(LIES[lie]):
        found = closed(faced, application, target)
    assert 300 <= found.status < 600
    if lie in FAILURES:
        assert (found.status, found.headers["retry-after"]) == (503, "5")
    assert faced.ask(target, token="a-token").status == 200


@pytest.mark.parametrize("missing", IDENTITY)
def test_a_header_that_the_gate_leaves_out_is_never_the_client_s(
    faced: Proxy, application: Application, fake_gate: FakeGate, missing: str
) -> None:
    before = len(application.seen)
    with fake_gate.saying(answer("200 OK", {name: "told" for name in IDENTITY if name != missing})):
        faced.ask("/", FORGED, token="a-token")
    for seen in application.seen[before:]:
        assert seen.values(missing) in ([], [""])
        assert "forged" not in str(seen.headers)


@pytest.mark.parametrize("target", PLACES)
def test_a_gate_that_is_away_closes_and_opens_when_it_is_back(
    faced: Proxy, application: Application, fake_gate: FakeGate, target: str
) -> None:
    with fake_gate.down():
        for _ in range(3):
            found = closed(faced, application, target)
            assert (found.status, found.headers["retry-after"]) == (503, "5")
        assert faced.ask("/health").status == 200
    assert faced.ask(target, token="a-token").status == 200


def test_a_gate_that_hangs_closes_within_seconds(faced: Proxy, application: Application, fake_gate: FakeGate) -> None:
    with fake_gate.hanging():
        found = closed(faced, application)
        assert (found.status, found.headers["retry-after"]) == (503, "5")
        assert faced.ask("/health").status == 200
    assert faced.ask("/", token="a-token").status == 200


def test_the_gate_s_own_503_is_passed_on(faced: Proxy, application: Application, fake_gate: FakeGate) -> None:
    with fake_gate.saying(answer("503 Service Unavailable", {"Retry-After": "17"})):
        found = closed(faced, application)
    kept = "5" if faced.kind == "envoy" else "17"  # ext_authz drops the headers of a 5xx
    assert (found.status, found.headers["retry-after"]) == (503, kept)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refusal_reaches_the_client_with_its_challenge(
    faced: Proxy, application: Application, fake_gate: FakeGate, status: str
) -> None:
    told = {"WWW-Authenticate": 'Bearer, DPoP algs="ES256"', "Content-Type": "application/problem+json"}
    with fake_gate.saying(answer(status, told, b"{}")):
        found = closed(faced, application)
    assert found.status == int(status[:3])
    assert found.headers.get_all("www-authenticate") == [told["WWW-Authenticate"]]
    assert found.headers["content-type"] == "application/problem+json"


def test_of_a_refusal_no_nonce_is_lost(faced: Proxy, application: Application, fake_gate: FakeGate) -> None:
    told = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": "a-nonce"}
    with fake_gate.saying(answer("401 Unauthorized", told)):
        assert closed(faced, application).headers["dpop-nonce"] == "a-nonce"
