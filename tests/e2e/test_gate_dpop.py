"""Tokens bound to a client's key (DPoP, RFC 9449), from a real provider, at two servers on one database."""

import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import ECKey
from tests.e2e.conftest import Serve
from tests.e2e.proofs import Prover, digest
from tests.e2e.provider import INTROSPECTION_SECRET, Provider
from tests.e2e.served import PROFILE, Served
from tests.postgres import Postgres

PUBLIC_URL = "https://profiles.example"
HTU = f"{PUBLIC_URL}{PROFILE}"
INTROSPECTION = f"""
introspection = {{client_id = "gate-basic", client_secret = "{INTROSPECTION_SECRET}"}}
clients = ["spa"]
"""
KINDS: dict[str, dict[str, Any]] = {"jwt": {}, "opaque": {"resource": None}}

WRONG: dict[str, dict[str, Any]] = {
    "another method": {"htm": "PATCH"},
    "the method in small letters": {"htm": "get"},
    "no method": {"htm": None},
    "another path": {"htu": f"{HTU}/profile"},
    "a path that goes on": {"htu": f"{HTU}/"},
    "another host": {"htu": f"https://other.example{PROFILE}"},
    "another scheme": {"htu": f"http://profiles.example{PROFILE}"},
    "no host": {"htu": PROFILE},
    "no address": {"htu": None},
    "another token": {"ath": digest("another token")},
    "no token": {"ath": None},
    "no id": {"jti": None},
    "an empty id": {"jti": ""},
    "no time": {"iat": None},
    "the past": {"iat": int(time.time()) - 3600},
    "the future": {"iat": int(time.time()) + 3600},
    "another type": {"header": {"typ": "JWT"}},
    "no key": {"header": {"jwk": None}},
    "a key that did not sign it": {"header": {"jwk": ECKey.generate_key("P-256").as_dict(private=False)}},
}


class Bound:
    """A user with a token that is bound to the user's key."""

    def __init__(self, provider: Provider, prover: Prover, **options: Any) -> None:
        self.prover = prover
        self.token = provider.sign_in(f"bound-{uuid4().hex}", prover=prover, **options)

    def proof(self, method: str = "GET", url: str = HTU, **changes: Any) -> str:
        return self.prover.proof(method, url, **{"token": self.token, **changes})

    def call(
        self, server: Served, method: str = "GET", proof: str | None = None, path: str = PROFILE, **options: Any
    ) -> httpx.Response:
        """With a fresh proof unless one is given."""
        headers = {"dpop": proof or self.proof(method, f"{server.public_url}{path}")}
        return server.call(self.token, method, path, scheme="DPoP", headers=headers, **options)


@pytest.fixture(scope="module")
def two(serve: Serve, provider: Provider, database_server: Postgres) -> list[Served]:
    """Two servers that know of each other only through their database."""
    dsn = database_server.fresh_database()
    return [serve(provider, dsn, extra=INTROSPECTION, public_url=PUBLIC_URL) for _ in range(2)]


@pytest.fixture(scope="module")
def nonce_wanting(serve: Serve, provider: Provider, database_server: Postgres) -> list[Served]:
    """The same, but they want a nonce in each proof."""
    dsn = database_server.fresh_database()
    extra = f'{INTROSPECTION}[dpop]\nnonce_secret = "{secrets.token_urlsafe(32)}"'
    return [serve(provider, dsn, extra=extra, public_url=PUBLIC_URL) for _ in range(2)]


@pytest.fixture(scope="module", params=list(KINDS.values()), ids=list(KINDS))
def user(request: pytest.FixtureRequest, provider: Provider) -> Bound:
    return Bound(provider, Prover(), **request.param)


@pytest.fixture
def server(two: list[Served]) -> Served:
    return two[0]


def refused(answer: httpx.Response, error: str) -> None:
    assert answer.status_code == 401, answer.text
    challenges = ", ".join(answer.headers.get_list("www-authenticate"))
    found = re.search(r'(?:^|, )DPoP error="(\w+)".*? algs="([^"]+)"', challenges)
    assert found is not None, challenges
    assert found[1] == error
    assert {"ES256", "EdDSA"} <= set(found[2].split())


def test_a_fresh_proof_admits_reading_and_changing(server: Served, user: Bound) -> None:
    assert user.call(server).status_code == 200
    assert user.call(server, "PATCH", json={"name": "Proven"}).json()["name"] == "Proven"
    head = user.call(server, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert user.call(server).json()["name"] == "Proven"


def test_a_fresh_proof_admits_at_the_other_contract_too(server: Served, user: Bound) -> None:
    answer = user.call(server, "POST", path="/v1/profiles/batch", json={"user_ids": ["somebody"]})
    assert answer.status_code == 200, answer.text


def test_an_ed25519_key_proves_as_well(server: Served, provider: Provider) -> None:
    assert Bound(provider, Prover("EdDSA")).call(server).status_code == 200


def test_each_request_needs_a_proof_of_its_own(two: list[Served], user: Bound) -> None:
    proof = user.proof()
    assert user.call(two[0], proof=proof).status_code == 200
    for server in two:
        refused(user.call(server, proof=proof), "invalid_dpop_proof")


def test_of_many_fresh_proofs_each_is_admitted(two: list[Served], user: Bound) -> None:
    answers = [user.call(two[n % 2]).status_code for n in range(100)]
    assert set(answers) == {200}


def test_of_many_uses_of_one_proof_at_two_servers_at_once_one_is_admitted(two: list[Served], user: Bound) -> None:
    for _ in range(5):
        proof = user.proof()
        with ThreadPoolExecutor(6) as threads:
            calls = [threads.submit(user.call, server, proof=proof) for server in two * 3]
        assert sorted(call.result().status_code for call in calls) == [200, 401, 401, 401, 401, 401]


def test_a_bound_token_is_refused_as_bearer(server: Served, user: Bound) -> None:
    for headers in ({}, {"dpop": user.proof()}):
        answer = server.call(user.token, headers=headers)
        assert answer.status_code == 401, answer.text
        assert 'error="invalid_token"' in ",".join(answer.headers.get_list("www-authenticate"))


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
def test_a_token_that_is_not_bound_is_refused_with_a_proof(
    server: Served, provider: Provider, options: dict[str, Any]
) -> None:
    token = provider.sign_in("unbound", **options)
    proof = Prover().proof("GET", HTU, token)
    refused(server.call(token, scheme="DPoP", headers={"dpop": proof}), "invalid_token")
    assert server.call(token).status_code == 200


def test_a_proof_by_another_key_is_refused(server: Served, user: Bound) -> None:
    refused(user.call(server, proof=Prover().proof("GET", HTU, user.token)), "invalid_token")


def test_without_a_proof_a_bound_token_is_refused(server: Served, user: Bound) -> None:
    refused(server.call(user.token, scheme="DPoP"), "invalid_dpop_proof")


def test_two_proofs_are_refused(server: Served, user: Bound) -> None:
    headers = [("authorization", f"DPoP {user.token}"), ("dpop", user.proof()), ("dpop", user.proof())]
    refused(server.http.get(PROFILE, headers=headers), "invalid_dpop_proof")


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_a_proof_of_something_else_is_refused(server: Served, user: Bound, changes: dict[str, Any]) -> None:
    refused(user.call(server, proof=user.proof(**changes)), "invalid_dpop_proof")


def test_a_proof_that_tells_the_private_key_is_refused(server: Served, user: Bound) -> None:
    proof = user.proof(header={"jwk": user.prover.key.as_dict(private=True)})
    refused(user.call(server, proof=proof), "invalid_dpop_proof")


@pytest.mark.parametrize("proof", ["", "made-up", "a.b.c", "e30.e30.e30"])
def test_what_is_no_proof_at_all_is_refused(server: Served, user: Bound, proof: str) -> None:
    answer = server.call(user.token, scheme="DPoP", headers={"dpop": proof})
    refused(answer, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "htu",
    [
        f"{HTU}?a=b#c",
        f"https://PROFILES.example{PROFILE}",
        f"https://profiles.example:443{PROFILE}",
        f"HTTPS://profiles.example{PROFILE}",
        "https://profiles.example/api/%70rofile",
        "https://profiles.example/v1/../api/profile",
    ],
)
def test_a_proof_may_write_the_same_address_otherwise(server: Served, user: Bound, htu: str) -> None:
    assert user.call(server, proof=user.proof(url=htu)).status_code == 200


def test_behind_a_proxy_the_address_that_counts_is_the_public_one(server: Served, user: Bound) -> None:
    refused(user.call(server, proof=user.proof(url=f"{server.url}{PROFILE}")), "invalid_dpop_proof")


def test_the_query_is_not_part_of_what_is_proven(server: Served, user: Bound) -> None:
    path = f"{PROFILE}/username-availability"
    proof = user.proof(url=f"{PUBLIC_URL}{path}")
    assert user.call(server, proof=proof, path=f"{path}?username=somebody").status_code == 200


def test_who_sends_no_credentials_is_told_both_schemes(server: Served) -> None:
    answer = server.http.get(PROFILE)
    told = ", ".join(answer.headers.get_list("www-authenticate"))
    assert answer.status_code == 401
    assert 0 == told.index("Bearer") < told.index("DPoP ")
    assert "error=" not in told


def test_a_service_that_requires_binding_refuses_bearer_tokens(serve: Serve, provider: Provider) -> None:
    strict = serve(provider, extra=f"require_binding = true\n{INTROSPECTION}")
    for options in KINDS.values():
        assert Bound(provider, Prover(), **options).call(strict).status_code == 200
        assert strict.call(provider.sign_in("unbound", **options)).status_code == 401


def test_without_a_public_url_the_address_of_the_request_counts(serve: Serve, provider: Provider) -> None:
    local = serve(provider, public_url="")
    assert "public_url" not in local.settings
    assert Bound(provider, Prover()).call(local).status_code == 200


def test_a_service_that_wants_a_nonce_says_so_and_admits_a_proof_with_it_at_every_server(
    nonce_wanting: list[Served], user: Bound
) -> None:
    first = user.call(nonce_wanting[0], proof=user.proof())
    refused(first, "use_dpop_nonce")
    nonce = first.headers["dpop-nonce"]
    for server in nonce_wanting:
        answer = user.call(server, proof=user.proof(nonce=nonce))
        assert answer.status_code == 200, answer.text
    changed = user.call(nonce_wanting[1], "PATCH", user.proof("PATCH", nonce=nonce), json={"name": "With Nonce"})
    assert changed.json()["name"] == "With Nonce"


@pytest.mark.parametrize("nonce", ["", "made-up", "x" * 5000])
def test_a_nonce_that_is_not_ours_is_answered_with_one_that_is(
    nonce_wanting: list[Served], user: Bound, nonce: str
) -> None:
    answer = user.call(nonce_wanting[0], proof=user.proof(nonce=nonce))
    refused(answer, "use_dpop_nonce")
    again = user.call(nonce_wanting[0], proof=user.proof(nonce=answer.headers["dpop-nonce"]))
    assert again.status_code == 200


def test_a_proof_with_a_nonce_works_once_too(nonce_wanting: list[Served], user: Bound) -> None:
    nonce = user.call(nonce_wanting[0], proof=user.proof()).headers["dpop-nonce"]
    proof = user.proof(nonce=nonce)
    assert user.call(nonce_wanting[0], proof=proof).status_code == 200
    refused(user.call(nonce_wanting[1], proof=proof), "invalid_dpop_proof")
