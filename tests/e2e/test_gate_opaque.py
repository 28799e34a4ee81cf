"""Opaque tokens of a real provider, by introspection with each client authentication, and by userinfo."""

import json
from functools import partial

import pytest
from joserfc.jwk import ECKey
from tests.e2e.conftest import Serve
from tests.e2e.provider import INTROSPECTION_SECRET, OPAQUE, OPERATOR_SCOPE, Provider
from tests.e2e.served import Served, eventually
from tests.e2e.test_standing_everywhere import OPERATOR, in_store, key, now
from tests.postgres import Postgres

PUBLIC = "/v1/profiles/user/{}"
CLIENTS = 'clients = ["spa", "service"]\nleeway = 0\n'
QUICK = "opaque_max_age = 1\n"
BY_API_SCOPE = f"""
scopes = {{"profiles:read" = ["read"], "profiles:write" = ["write"]}}
operator = {{scope = "{OPERATOR_SCOPE}"}}
"""


def introspection(method: str, provider: Provider, right: bool = True) -> str:
    """The setting for one of the provider's three clients that may introspect, with the right secret or a wrong one."""
    secret = INTROSPECTION_SECRET if right else "wrong"
    if method == "private_key_jwt":
        signing = provider.client_key if right else ECKey.generate_key("P-256")
        private = json.dumps(signing.as_dict(private=True))
        return f"introspection = {{client_id = 'gate-key', method = '{method}', private_key = '{private}'}}\n"
    client_id = {"client_secret_basic": "gate-basic", "client_secret_post": "gate-post"}[method]
    return f"introspection = {{client_id = '{client_id}', method = '{method}', client_secret = '{secret}'}}\n"


@pytest.fixture(scope="module")
def dsn(database_server: Postgres) -> str:
    return database_server.fresh_database()


@pytest.fixture(scope="module")
def gate(serve: Serve, provider: Provider, dsn: str) -> Served:
    return serve(provider, dsn, extra=introspection("client_secret_basic", provider) + CLIENTS)


@pytest.fixture(scope="module")
def by_post(serve: Serve, provider: Provider) -> Served:
    """Names no clients, so that tokens must say they are for this service."""
    return serve(provider, extra=introspection("client_secret_post", provider) + QUICK + BY_API_SCOPE)


@pytest.fixture(scope="module")
def by_key(serve: Serve, provider: Provider) -> Served:
    return serve(provider, extra=introspection("private_key_jwt", provider) + CLIENTS + QUICK)


@pytest.fixture(scope="module")
def by_userinfo(serve: Serve, provider: Provider) -> Served:
    return serve(provider, extra="userinfo = true\n" + QUICK)


def test_introspection_as_a_client_with_http_basic_admits_a_user(gate: Served, provider: Provider) -> None:
    assert id_of(gate, provider.sign_in("by-basic", resource=None)) == "by-basic"


def test_introspection_as_a_client_with_its_secret_in_the_form_admits_a_user(
    by_post: Served, provider: Provider
) -> None:
    assert id_of(by_post, provider.sign_in("by-post", "openid profiles:read", resource=OPAQUE)) == "by-post"


def test_introspection_as_a_client_with_a_signed_assertion_admits_a_user(by_key: Served, provider: Provider) -> None:
    assert id_of(by_key, provider.sign_in("by-key", resource=None)) == "by-key"


def test_jwts_are_admitted_beside_opaque_tokens(gate: Served, by_userinfo: Served, provider: Provider) -> None:
    token = provider.sign_in("by-signature")
    assert id_of(gate, token) == id_of(by_userinfo, token) == "by-signature"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_when_the_provider_refuses_our_own_client_the_user_is_told_503_and_never_401(
    serve: Serve, provider: Provider, method: str
) -> None:
    token = provider.sign_in("bearer", resource=None)
    gate = serve(provider, extra=introspection(method, provider, right=False) + CLIENTS)
    for asked in (token, "made-up"):
        answer = gate.call(asked)
        assert (answer.status_code, "www-authenticate" in answer.headers) == (503, False), answer.text
        assert int(answer.headers["retry-after"]) > 0
    assert gate.call(provider.sign_in("bearer")).status_code == 200


def test_without_an_audience_only_tokens_of_listed_clients_are_admitted(
    by_post: Served, gate: Served, provider: Provider
) -> None:
    token = provider.sign_in("for-nobody", "openid profile", resource=None)
    assert "aud" not in provider.introspected(token)
    assert (by_post.call(token).status_code, gate.call(token).status_code) == (401, 200)


def test_a_refresh_token_is_refused_though_the_provider_calls_it_active(
    gate: Served, by_post: Served, by_userinfo: Served, provider: Provider
) -> None:
    for resource in (None, OPAQUE):
        token = provider.tokens("bearer", "openid profile offline_access", resource=resource)["refresh_token"]
        assert provider.introspected(token)["active"] is True
        for server in (gate, by_post, by_userinfo):
            assert server.call(token).status_code == 401


def test_an_id_token_is_refused(gate: Served, by_userinfo: Served, provider: Provider) -> None:
    token = provider.tokens("bearer", resource=None)["id_token"]
    assert [server.call(token).status_code for server in (gate, by_userinfo)] == [401, 401]


def test_an_authorization_code_is_refused(gate: Served, by_userinfo: Served, provider: Provider) -> None:
    for server in (gate, by_userinfo):
        assert server.call(provider.code("bearer", resource=None)).status_code == 401


@pytest.mark.parametrize("token", ["made-up", "made.up", "a.b.c", "made~up+/=="])
def test_a_token_that_nobody_issued_is_refused(gate: Served, by_userinfo: Served, token: str) -> None:
    for server in (gate, by_userinfo):
        answer = server.call(token)
        assert answer.status_code == 401, answer.text
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_the_openid_scope_permits_reading_only(gate: Served, provider: Provider) -> None:
    token = provider.sign_in("scoped", "openid", resource=None)
    assert (gate.call(token).status_code, gate.rename(token).status_code) == (200, 403)
    challenge = gate.rename(token).headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="profile"' in challenge


def test_the_profile_scope_permits_changes(gate: Served, provider: Provider) -> None:
    token = provider.sign_in("scoped", "openid profile", resource=None)
    assert gate.rename(token, "By Scope").json()["name"] == "By Scope"


def test_the_email_is_shown_to_tokens_with_its_scope_only(gate: Served, provider: Provider) -> None:
    with_email = gate.call(provider.sign_in("mailed", "openid email", resource=None)).json()
    without = gate.call(provider.sign_in("mailed", "openid", resource=None)).json()
    assert ("primaryEmail" in with_email, "primaryEmail" in without) == (True, False)


def test_scopes_of_the_settings_hold_for_opaque_tokens_too(by_post: Served, provider: Provider) -> None:
    reader = provider.sign_in("scoped", "openid profiles:read", resource=OPAQUE)
    both = provider.sign_in("scoped", "openid profiles:read profiles:write", resource=OPAQUE)
    assert (by_post.call(reader).status_code, by_post.rename(reader).status_code) == (200, 403)
    assert (by_post.call(both).status_code, by_post.rename(both).status_code) == (200, 200)


def test_a_token_without_any_scope_permits_nothing(gate: Served, provider: Provider) -> None:
    token = provider.sign_in("scoped", "openid", resource=OPAQUE)
    assert "scope" not in provider.introspected(token)
    assert gate.call(token).status_code == 403


def test_claims_that_the_provider_tells_fill_a_new_record(gate: Served, provider: Provider) -> None:
    token = provider.sign_in("named-opaque", "openid profile", resource=None)
    assert gate.call(token).json()["name"] == "Name of named-opaque"


def test_a_revoked_token_is_refused_within_the_age_that_an_answer_may_have(
    by_key: Served, by_userinfo: Served, provider: Provider
) -> None:
    token = provider.sign_in("revoked", resource=None)
    assert [server.call(token).status_code for server in (by_key, by_userinfo)] == [200, 200]
    provider.revoke(token)
    for server in (by_key, by_userinfo):
        eventually(partial(refuses, server, token), within=3)


def test_a_token_is_refused_once_it_has_expired_however_long_an_answer_holds(gate: Served, provider: Provider) -> None:
    token = provider.sign_in("brief-opaque", "openid", resource=None)
    assert gate.call(token).status_code == 200
    eventually(lambda: gate.call(token).status_code == 401, within=6)
    assert gate.call(token, path=PUBLIC.format("brief-opaque")).json()["code"] in ("AUTH_001", "AUTH_004")


def test_a_suspension_is_seen_at_once_though_the_providers_answer_is_remembered(
    gate: Served, provider: Provider, dsn: str
) -> None:
    token = provider.sign_in("remembered", resource=None)
    assert gate.call(token).status_code == 200
    in_store(dsn, lambda store: store.suspend(key("remembered"), OPERATOR, now()))
    assert (gate.call(token).status_code, gate.call(token).json()["code"]) == (403, "user.suspended")


def test_tokens_issued_before_a_revocation_in_the_database_are_refused(
    gate: Served, provider: Provider, dsn: str
) -> None:
    token = provider.sign_in("recalled", resource=None)
    assert gate.call(token).status_code == 200
    moment = now()
    in_store(dsn, lambda store: store.revoke_before(key("recalled"), moment, OPERATOR, moment))
    assert gate.call(token).status_code == 401
    eventually(lambda: gate.call(provider.sign_in("recalled", resource=None)).status_code == 200)


def test_a_program_with_a_token_of_its_own_is_no_user(gate: Served, by_post: Served, provider: Provider) -> None:
    for server, resource, scope in ((gate, None, ""), (by_post, OPAQUE, "profiles:read")):
        token = provider.machine_token(scope, resource=resource)
        assert "sub" not in provider.introspected(token)
        assert server.call(token).status_code == 403
        assert server.call(token, path=PUBLIC.format("somebody")).status_code == 403


def test_a_program_that_is_an_operator_reads_and_writes_others(by_post: Served, provider: Provider) -> None:
    token = provider.machine_token(f"profiles:read profiles:write {OPERATOR_SCOPE}", resource=OPAQUE)
    changed = by_post.call(token, "PUT", PUBLIC.format("somebody"), json={"name": "Somebody Else"})
    assert changed.status_code == 200, changed.text
    assert by_post.call(token, path=PUBLIC.format("somebody")).json()["name"] == "Somebody Else"
    assert by_post.call(token).status_code == 403


def test_userinfo_admits_a_user_who_may_only_read(by_userinfo: Served, provider: Provider) -> None:
    token = provider.sign_in("by-userinfo", "openid profile email", resource=None)
    assert id_of(by_userinfo, token) == "by-userinfo"
    assert by_userinfo.rename(token).status_code == 403
    assert "primaryEmail" not in by_userinfo.call(token).json()


def test_userinfo_permits_what_the_settings_say(serve: Serve, provider: Provider) -> None:
    server = serve(provider, extra='userinfo = true\nuserinfo_permissions = ["read", "write", "email"]')
    token = provider.sign_in("permitted", "openid profile email", resource=None)
    assert server.rename(token, "By Userinfo").json()["name"] == "By Userinfo"
    assert server.call(token).json()["primaryEmail"] == "permitted@people.example"


def test_tokens_for_which_the_provider_has_no_userinfo_are_refused(by_userinfo: Served, provider: Provider) -> None:
    for token in (
        provider.sign_in("bearer", "openid profiles:read", resource=OPAQUE),
        provider.sign_in("bearer", "email", resource=None),
        provider.machine_token(resource=None),
    ):
        answer = by_userinfo.call(token)
        assert answer.status_code == 401, answer.text


def refuses(server: Served, token: str) -> bool:
    return server.call(token).status_code == 401


def id_of(server: Served, token: str) -> str | None:
    answer = server.call(token)
    assert answer.status_code == 200, answer.text
    found: str | None = answer.json().get("id")
    return found
