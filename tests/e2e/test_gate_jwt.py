"""JWT access tokens of a real provider: every algorithm, every key, and whatever else that provider hands out."""

import pytest
from tests.e2e.conftest import Serve
from tests.e2e.provider import OPAQUE, OPERATOR_SCOPE, RESOURCE, Provider
from tests.e2e.served import Served, eventually

from profilegate.settings import ALGORITHMS, IssuerSettings

USUAL = IssuerSettings(issuer="", audiences=()).algorithms
SCOPES = 'scopes = {"profiles:read" = ["read"], "profiles:write" = ["write"], "profiles:email" = ["email"]}'
PUBLIC = "/v1/profiles/user/{}"
OPERATOR = f'operator = {{scope = "{OPERATOR_SCOPE}"}}'


@pytest.fixture(scope="module")
def every_algorithm(serve: Serve, provider: Provider) -> Served:
    return serve(provider, extra=f"algorithms = {sorted(ALGORITHMS)}")


@pytest.fixture(scope="module")
def relaxed(serve: Serve, provider: Provider) -> Served:
    return serve(provider, extra="require_at_jwt = false")


@pytest.fixture(scope="module")
def strict(serve: Serve, provider: Provider) -> Served:
    return serve(provider, extra="leeway = 0")


@pytest.fixture(scope="module")
def by_scope(serve: Serve, provider: Provider) -> Served:
    return serve(provider, extra=f"{SCOPES}\n{OPERATOR}")


# The names of RFC 9864 are not among those that this provider signs with.
ISSUED = sorted(ALGORITHMS - {"Ed25519", "Ed448"})


@pytest.mark.parametrize("algorithm", ISSUED)
def test_a_token_of_each_algorithm_is_admitted_where_it_is_listed(
    every_algorithm: Served, provider: Provider, algorithm: str
) -> None:
    token = provider.sign_in(f"signed-{algorithm}", resource=f"{RESOURCE}/{algorithm}")
    answer = every_algorithm.call(token)
    assert (answer.status_code, answer.json().get("id")) == (200, f"signed-{algorithm}"), answer.text


@pytest.mark.parametrize("algorithm", ISSUED)
def test_without_a_list_the_five_usual_algorithms_are_admitted_and_the_others_refused(
    served: Served, provider: Provider, algorithm: str
) -> None:
    answer = served.call(provider.sign_in("usual", resource=f"{RESOURCE}/{algorithm}"))
    assert answer.status_code == (200 if algorithm in USUAL else 401), answer.text


def test_the_published_rsa_key_names_no_algorithm_and_signs_with_each(provider: Provider) -> None:
    assert [key.get("alg") for key in provider.published_keys() if key["kty"] == "RSA"] == [None]


@pytest.mark.parametrize("algorithm", [each for each in ISSUED if each in USUAL])
def test_a_new_key_is_seen_at_once(served: Served, provider: Provider, algorithm: str) -> None:
    resource = f"{RESOURCE}/{algorithm}"
    assert served.call(provider.sign_in("rotated", resource=resource)).status_code == 200
    provider.rotate()
    assert served.call(provider.sign_in("rotated", resource=resource)).status_code == 200


def test_a_token_of_a_key_that_is_still_published_outlives_the_rotation(served: Served, provider: Provider) -> None:
    seen, unseen = provider.sign_in("seen"), provider.sign_in("unseen")
    assert served.call(seen).status_code == 200
    provider.rotate(keep=True)
    assert served.call(provider.sign_in("fresh")).status_code == 200
    assert [served.call(token).status_code for token in (seen, unseen)] == [200, 200]


def test_a_token_of_a_key_that_is_no_longer_published_is_refused_once_the_new_keys_are_known(
    served: Served, provider: Provider
) -> None:
    old = provider.sign_in("old")
    assert served.call(old).status_code == 200
    provider.rotate()
    assert served.call(provider.sign_in("new")).status_code == 200
    answer = served.call(old)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_is_refused_once_it_has_expired(strict: Served, provider: Provider) -> None:
    token = provider.sign_in("brief-visitor")
    assert strict.call(token).status_code == 200
    eventually(lambda: strict.call(token).status_code == 401)
    assert strict.call(token, path=PUBLIC.format("brief-visitor")).json()["code"] == "AUTH_004"


@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
def test_what_else_a_sign_in_gives_is_no_access_token(
    served: Served, relaxed: Served, provider: Provider, kind: str
) -> None:
    tokens = provider.tokens("bearer", "openid profile offline_access")
    for gate in (served, relaxed):
        assert gate.call(tokens["access_token"]).status_code == 200
        assert gate.call(tokens[kind]).status_code == 401


def test_an_authorization_code_is_no_access_token(served: Served, provider: Provider) -> None:
    assert served.call(provider.code("bearer")).status_code == 401


def test_without_settings_for_them_opaque_tokens_are_refused(served: Served, provider: Provider) -> None:
    for resource in (OPAQUE, None):
        assert served.call(provider.sign_in("bearer", resource=resource)).status_code == 401


def test_scopes_give_the_permissions_that_the_settings_say(by_scope: Served, provider: Provider) -> None:
    reader = provider.sign_in("scoped", "openid profiles:read")
    writer = provider.sign_in("scoped", "openid profiles:write")
    assert (by_scope.call(reader).status_code, by_scope.rename(reader).status_code) == (200, 403)
    assert (by_scope.call(writer).status_code, by_scope.rename(writer).status_code) == (403, 200)
    challenge = by_scope.rename(reader).headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="profiles:write"' in challenge


def test_a_scope_that_the_provider_did_not_grant_permits_nothing(by_scope: Served, provider: Provider) -> None:
    token = provider.sign_in("scoped", "openid profile email")
    assert by_scope.call(token).status_code == 403


def test_a_program_with_a_token_of_its_own_is_no_user(served: Served, by_scope: Served, provider: Provider) -> None:
    token = provider.machine_token()
    assert served.call(token).status_code == 403
    assert served.call(token, path=PUBLIC.format("somebody")).status_code == 403
    assert by_scope.call(provider.machine_token(OPERATOR_SCOPE)).status_code == 403


def test_a_program_that_is_an_operator_reads_and_writes_others(provider: Provider, serve: Serve) -> None:
    gate = serve(provider, extra=OPERATOR)
    token = provider.machine_token(OPERATOR_SCOPE)
    changed = gate.call(token, "PUT", PUBLIC.format("somebody"), json={"name": "Somebody Else"})
    assert changed.status_code == 200, changed.text
    assert gate.call(token, path=PUBLIC.format("somebody")).json()["name"] == "Somebody Else"
    assert gate.call(token, path=PUBLIC.format("service")).status_code == 403
