"""Who gets in, at every host alike: the gate's whole decision, on real tokens of a real provider."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.e2e.proofs import Prover
from tests.e2e.served import eventually
from tests.integration.hosting import Process
from tests.integration.world import World, of

EVERY = ("litestar", "fastapi", "starlette", "django")


class Bound:
    """Somebody at a host with a token that is bound to their key."""

    def __init__(self, hosts: World, host: Process) -> None:
        self.host, self.prover = host, Prover()
        self.token = hosts.provider.sign_in(f"bound-{uuid4().hex}", prover=self.prover)

    def proof(self, path: str = "/me") -> str:
        return self.prover.proof("GET", f"{self.host.url}{path}", self.token)

    def call(self, proof: str, **options: Any) -> httpx.Response:
        return self.host.call(self.token, "/me", **{"scheme": "DPoP", "headers": {"dpop": proof}, **options})


@pytest.fixture
def bound(hosts: World, host: Process) -> Bound:
    return Bound(hosts, host)


def refused(answer: httpx.Response, error: str) -> None:
    assert answer.status_code == 401, answer.text
    assert f'error="{error}"' in answer.headers["www-authenticate"]


@of(*EVERY)
def test_a_handler_knows_who_is_calling(host: Process, hosts: World) -> None:
    answer = host.call(hosts.provider.sign_in("caller"), "/me")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["user"], answer.json()["tenant"]) == ("caller", "default")


@of(*EVERY)
def test_without_a_token_the_challenge_tells_where_the_metadata_is(host: Process, hosts: World) -> None:
    answer = host.call(None, "/me")
    assert answer.status_code == 401
    assert "error=" not in answer.headers["www-authenticate"]
    found = re.search('resource_metadata="([^"]+)"', answer.headers["www-authenticate"])
    assert found is not None
    assert found[1].startswith(host.url)
    described = host.http.get(found[1]).json()
    assert described["resource"] == host.url
    assert described["authorization_servers"] == hosts.issuers.split()


def test_a_token_is_refused_by_each_once_it_has_expired(hosts: World) -> None:
    every = [hosts.host(name) for name in EVERY]
    token = hosts.provider.sign_in("brief-caller")
    assert [host.call(token, "/me").status_code for host in every] == [200] * len(every)
    for host in every:
        eventually(lambda host=host: host.call(token, "/me").status_code == 401)  # type: ignore[misc]
        refused(host.call(token, "/me"), "invalid_token")


@of(*EVERY)
def test_a_token_that_somebody_has_changed_is_refused(host: Process, hosts: World) -> None:
    mine, theirs = (hosts.provider.sign_in(name).split(".") for name in ("mine", "theirs"))
    for head, body, signature in ((mine[0], theirs[1], mine[2]), (mine[0], mine[1], theirs[2])):
        refused(host.call(f"{head}.{body}.{signature}", "/me"), "invalid_token")


@of(*EVERY)
def test_a_good_token_of_a_known_provider_that_is_for_others_is_refused(host: Process, hosts: World) -> None:
    refused(host.call(hosts.elsewhere.sign_in("caller"), "/me"), "invalid_token")


@of(*EVERY)
def test_who_was_not_granted_the_scope_gets_403_and_who_was_gets_in(host: Process, hosts: World) -> None:
    without, granted = (hosts.provider.sign_in("caller", scope) for scope in ("openid", "openid profiles:read"))
    answer = host.call(without, "/scoped")
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert host.call(granted, "/scoped").json() == {"user": "caller"}


@of(*EVERY)
def test_a_bound_token_gets_in_with_a_fresh_proof_each_time(bound: Bound) -> None:
    assert [bound.call(bound.proof()).status_code for _ in range(3)] == [200] * 3


@of(*EVERY)
def test_a_proof_that_was_used_before_is_refused(bound: Bound) -> None:
    proof = bound.proof()
    assert bound.call(proof).status_code == 200
    refused(bound.call(proof), "invalid_dpop_proof")


@of(*EVERY)
def test_a_proof_for_another_path_is_refused(bound: Bound) -> None:
    refused(bound.call(bound.proof("/scoped")), "invalid_dpop_proof")


@of(*EVERY)
def test_a_bound_token_is_no_bearer_token(bound: Bound) -> None:
    assert bound.call(bound.proof(), scheme="Bearer").status_code == 401
