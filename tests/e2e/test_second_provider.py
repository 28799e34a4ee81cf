"""Providers that were written independently of the first: their tokens, whatever these look like."""

from collections.abc import Iterator

import pytest
from tests.e2e.conftest import Serve
from tests.e2e.second_providers import PERSON, Canaille, Mock
from tests.e2e.served import Served, eventually

QUICK = "opaque_max_age = 1\n"


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with Mock() as running:
        yield running


@pytest.fixture(scope="module")
def canaille() -> Iterator[Canaille]:
    with Canaille() as running:
        yield running


@pytest.fixture(scope="module")
def by_userinfo(serve: Serve, mock: Mock) -> Served:
    return serve(mock, extra=f'userinfo = true\nuserinfo_permissions = ["read", "write"]\n{QUICK}')


@pytest.fixture(scope="module")
def by_signature(serve: Serve, canaille: Canaille) -> Served:
    return serve(canaille, audience=canaille.client_id, extra="require_at_jwt = false")


@pytest.fixture(scope="module")
def by_introspection(serve: Serve, canaille: Canaille) -> Served:
    asking = f'client_id = "{canaille.client_id}", client_secret = "{canaille.client_secret}"'
    extra = f"require_at_jwt = false\nintrospection = {{{asking}}}\n{QUICK}"
    return serve(canaille, audience=canaille.client_id, extra=extra)


def test_a_user_of_oidc_provider_mock_reads_and_changes_the_profile(by_userinfo: Served, mock: Mock) -> None:
    token = mock.tokens()["access_token"]
    found = by_userinfo.call(token)
    assert (found.status_code, found.json().get("id")) == (200, PERSON), found.text
    assert by_userinfo.rename(token, "Ann Second").json()["name"] == "Ann Second"


def test_what_oidc_provider_mock_says_of_its_user_fills_a_new_record(serve: Serve, mock: Mock) -> None:
    server = serve(mock, extra="userinfo = true")
    assert server.call(mock.tokens()["access_token"]).json()["name"] == "Ann Example"


def test_other_tokens_of_oidc_provider_mock_are_refused(by_userinfo: Served, mock: Mock) -> None:
    tokens = mock.tokens()
    for token in (tokens["refresh_token"], tokens["id_token"], "made-up"):
        answer = by_userinfo.call(token)
        assert answer.status_code == 401, answer.text


def test_a_token_that_oidc_provider_mock_revoked_is_refused_soon(by_userinfo: Served, mock: Mock) -> None:
    token = mock.tokens()["access_token"]
    assert by_userinfo.call(token).status_code == 200
    mock.revoke_all()
    eventually(lambda: by_userinfo.call(token).status_code == 401, lambda: by_userinfo.call(token).text, 5)


def test_a_user_of_canaille_reads_and_changes_the_profile(by_signature: Served, canaille: Canaille) -> None:
    token = canaille.tokens()["access_token"]
    found = by_signature.call(token)
    assert (found.status_code, found.json().get("id")) == (200, PERSON), found.text
    assert found.json()["name"] == "Ann Example"
    assert by_signature.rename(token, "Ann Second").json()["name"] == "Ann Second"


def test_tokens_of_canaille_need_the_setting_for_plain_jwts(serve: Serve, canaille: Canaille) -> None:
    strict = serve(canaille, audience=canaille.client_id)
    assert strict.call(canaille.tokens()["access_token"]).status_code == 401


def test_other_tokens_of_canaille_are_refused(
    by_signature: Served, by_introspection: Served, canaille: Canaille
) -> None:
    tokens = canaille.tokens()
    for token in (tokens["id_token"], canaille.registration_token, "made-up"):
        assert [server.call(token).status_code for server in (by_signature, by_introspection)] == [401, 401]
    assert by_signature.call(tokens["refresh_token"]).status_code == 401


def test_a_refresh_token_that_canaille_describes_as_an_access_token_is_refused(
    by_introspection: Served, canaille: Canaille
) -> None:
    tokens = canaille.tokens()
    described = [canaille.introspected(tokens[kind]) for kind in ("refresh_token", "access_token")]
    one, other = ({name: each[name] for name in each if name not in ("iat", "exp")} for each in described)
    assert one == other
    assert canaille.introspected(tokens["refresh_token"], token_type_hint="access_token") == {"active": False}
    assert by_introspection.call(tokens["refresh_token"]).status_code == 401


def test_a_program_that_canaille_gave_an_opaque_token_is_no_user(by_introspection: Served, canaille: Canaille) -> None:
    token = canaille.machine_token()
    described = canaille.introspected(token)
    assert (described["active"], "sub" in described) == (True, False)
    answer = by_introspection.call(token)
    assert answer.status_code == 403, answer.text
    canaille.revoke(token)
    eventually(lambda: by_introspection.call(token).status_code == 401, within=5)
