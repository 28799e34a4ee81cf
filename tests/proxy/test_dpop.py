"""Tokens that are bound to the client's key: a proof is for one request, and who forwards says which it was."""

from uuid import uuid4

import pytest
from tests.e2e.proofs import Prover
from tests.e2e.provider import OPAQUE, Provider
from tests.proxy.application import Application
from tests.proxy.asking import Answer
from tests.proxy.conftest import Between, Gate
from tests.proxy.listening import Header
from tests.proxy.shipped import KINDS, SCOPE, Proxy

ORIGIN = "https://app.example.com"
PLACES = ("/", "/a%20b/c?d=e", "/orders/1")


class Bound:
    """A user with a token bound to the user's key."""

    def __init__(self, provider: Provider, resource: str | None) -> None:
        options = {} if resource is None else {"resource": resource}
        self.prover = Prover()
        self.token = provider.sign_in(f"bound-{uuid4().hex}", f"openid {SCOPE}", prover=self.prover, **options)

    def proof(self, method: str = "GET", target: str = "/", origin: str = ORIGIN, **claims: str) -> Header:
        return "DPoP", self.prover.proof(method, f"{origin}{target.partition('?')[0]}", self.token, **claims)

    def ask(self, proxy: Proxy, target: str, *headers: Header, method: str = "GET") -> Answer:
        return proxy.ask(target, headers, method=method, token=self.token, scheme="DPoP")


@pytest.fixture(scope="module", params=[None, OPAQUE], ids=["jwt", "opaque"])
def user(request: pytest.FixtureRequest, provider: Provider) -> Bound:
    return Bound(provider, request.param)


def refused(answer: Answer, application: Application, before: int, error: str = "invalid_dpop_proof") -> None:
    assert answer.status == 401, answer.body
    assert f'DPoP error="{error}"' in ", ".join(answer.headers.get_all("www-authenticate", []))
    assert len(application.seen) == before


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
@pytest.mark.parametrize("target", PLACES)
def test_a_proof_of_the_request_gets_it_through(proxy: Proxy, user: Bound, target: str, method: str) -> None:
    answer = user.ask(proxy, target, user.proof(method, target), method=method)
    assert (answer.status, answer.seen.method, answer.seen.target) == (200, method, target)


@pytest.mark.parametrize("target", PLACES)
def test_a_proof_of_another_request_is_refused(
    proxy: Proxy, application: Application, user: Bound, target: str
) -> None:
    before = len(application.seen)
    for proof in (
        user.proof("POST", target),
        user.proof("GET", f"{target.partition('?')[0]}more"),
        user.proof("GET", target, "https://other.example"),
        user.proof("GET", target, "http://app.example.com"),
        user.proof("GET", "/auth/forward"),
        user.proof("GET", "/auth/forward", "https://profiles.example.com"),
    ):
        refused(user.ask(proxy, target, proof), application, before)


def test_a_proof_is_good_once(proxy: Proxy, application: Application, user: Bound) -> None:
    proof = user.proof()
    assert user.ask(proxy, "/", proof).status == 200
    refused(user.ask(proxy, "/", proof), application, len(application.seen))


def test_no_proof_and_two_proofs_are_refused(proxy: Proxy, application: Application, user: Bound) -> None:
    before = len(application.seen)
    refused(user.ask(proxy, "/"), application, before)
    refused(user.ask(proxy, "/", user.proof(), user.proof()), application, before)


def test_a_bound_token_is_no_bearer_token(proxy: Proxy, application: Application, user: Bound) -> None:
    before = len(application.seen)
    assert proxy.ask("/", [user.proof()], token=user.token).status == 401
    assert len(application.seen) == before


STOLEN: dict[str, list[Header]] = {
    "its own names": [("X-Forwarded-Method", "POST"), ("X-Forwarded-Uri", "/stolen"), ("X-Forwarded-Proto", "https"),
                      ("X-Forwarded-Host", "app.example.com")],
    "small": [("x-forwarded-method", "POST"), ("x-forwarded-uri", "/stolen")],
    "underscores": [("X_Forwarded_Method", "POST"), ("X_Forwarded_Uri", "/stolen")],
    "other proxies' names": [("X-Original-Method", "POST"), ("X-Original-URI", "/stolen"),
                             ("X-Original-URL", "/stolen"), ("X-Rewrite-URL", "/stolen"),
                             ("X-HTTP-Method-Override", "POST")],
    "twice": [("X-Forwarded-Uri", "/stolen"), ("X-Forwarded-Uri", "/stolen"), ("X-Forwarded-Method", "POST")],
}  # fmt: skip


@pytest.mark.parametrize("forged", STOLEN.values(), ids=STOLEN)
@pytest.mark.parametrize("target", PLACES)
def test_a_client_cannot_have_a_stolen_proof_checked_against_another_request(
    proxy: Proxy, application: Application, user: Bound, target: str, forged: list[Header]
) -> None:
    before = len(application.seen)
    refused(user.ask(proxy, target, user.proof("POST", "/stolen"), *forged), application, before)


@pytest.mark.parametrize("kind", KINDS)
def test_where_a_nonce_is_wanted_the_client_gets_it_through_the_proxy(
    kind: str, between: Between, nonce_gate: Gate, application: Application, user: Bound
) -> None:
    proxy = between(kind, nonce_gate.port, application.port)
    first = user.ask(proxy, "/", user.proof())
    refused(first, application, len(application.seen), "use_dpop_nonce")
    assert user.ask(proxy, "/", user.proof(nonce=first.headers["dpop-nonce"])).status == 200
