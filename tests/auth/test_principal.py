"""What verified claims mean under an issuer's settings: the tenant, the user, the permissions, the kind of caller."""

from typing import Any

import pytest
from tests.minting import NOW

from profilegate.auth.principal import EVERYTHING_BUT_OPERATOR, Principal, VerifiedClaims, claim, principal_of
from profilegate.errors import InvalidToken
from profilegate.profiles.record import ProfileChange
from profilegate.settings import MachineRule, OperatorRule

from .given import issuer


def caller(claims: dict[str, Any] | None = None, **settings: Any) -> Principal:
    said = {"sub": "alice", "client_id": "spa", "exp": NOW + 3600, "iat": NOW, **(claims or {})}
    return principal_of(VerifiedClaims(said), issuer(**settings))


# The tenant


def test_the_tenant_is_the_issuers() -> None:
    assert caller({"tenant": "other"}, tenant="mine").tenant_id == "mine"


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("tenant", {"tenant": "acme"}),
        ("org.tenant.id", {"org": {"tenant": {"id": "acme"}}}),
        ("https://acme.example/tenant", {"https://acme.example/tenant": "acme"}),
        ("org.tenant", {"org.tenant": "acme", "org": {"tenant": "other"}}),
    ],
)
def test_the_tenant_is_the_claims_where_one_is_configured(path: str, claims: dict[str, Any]) -> None:
    assert caller(claims, tenant_claim=path, tenants=("acme", "other")).tenant_id == "acme"


@pytest.mark.parametrize(
    "value", [None, "", "evil", "ACME", " acme", "acme\0", ["acme"], {"acme": "acme"}, 1, True, 1.5, [], [[]]]
)
def test_a_tenant_that_is_not_listed_is_refused(value: Any) -> None:
    with pytest.raises(InvalidToken):
        caller({"org": value}, tenant_claim="org", tenants=("acme", "1", "True"))


@pytest.mark.parametrize("org", [{}, "acme", ["tenant"], None, {"tenant": {}}])
def test_a_tenant_path_that_leads_nowhere_is_refused(org: Any) -> None:
    with pytest.raises(InvalidToken):
        caller({"org": org}, tenant_claim="org.tenant", tenants=("acme",))


def test_without_listed_tenants_the_claim_admits_nobody() -> None:
    with pytest.raises(InvalidToken):
        caller({"org": "acme"}, tenant_claim="org")


# The user


@pytest.mark.parametrize("sub", ["alice", "a", "auth0|123", "with space", "~!@#$%^&*()", "a" * 255])
def test_the_user_id_is_the_subject(sub: str) -> None:
    principal = caller({"sub": sub})
    assert (principal.user_id, principal.subject) == (sub, sub)


def test_the_prefix_comes_before_the_subject() -> None:
    principal = caller({"sub": "alice"}, user_id_prefix="keycloak|")
    assert (principal.user_id, principal.subject) == ("keycloak|alice", "alice")


@pytest.mark.parametrize("length", [250, 255])
def test_prefix_and_subject_share_the_limit(length: int) -> None:
    assert caller({"sub": "a" * (length - 3)}, user_id_prefix="kc|").user_id == "kc|" + "a" * (length - 3)
    with pytest.raises(InvalidToken):
        caller({"sub": "a" * 253}, user_id_prefix="kc|")


@pytest.mark.parametrize("sub", ["ali\0ce", "\n", "\x7f", "é", "𝒶", "\u200b", "\u202e"])
def test_a_prefix_makes_no_bad_subject_good(sub: str) -> None:
    with pytest.raises(InvalidToken):
        caller({"sub": sub}, user_id_prefix="kc|")


@pytest.mark.parametrize(("iat", "issued_at"), [(NOW, int(NOW)), (NOW + 0.9, int(NOW)), (None, None)])
def test_when_the_token_was_made_is_never_rounded_up(iat: float | None, issued_at: int | None) -> None:
    claims = {"sub": "alice", "exp": NOW} | ({} if iat is None else {"iat": iat})
    assert principal_of(VerifiedClaims(claims), issuer()).issued_at == issued_at


# Permissions

SCOPES = {"profile:read": ("read",), "profile:write": ("read", "write"), "contact": ("email", "phone")}


def test_without_scopes_a_token_has_every_permission_but_operator() -> None:
    permissions = caller({"scope": "operator"}).permissions
    assert permissions == EVERYTHING_BUT_OPERATOR
    assert "operator" not in permissions


@pytest.mark.parametrize(
    ("claims", "permissions"),
    [
        ({}, set()),
        ({"scope": ""}, set()),
        ({"scope": "profile:read"}, {"read"}),
        ({"scope": "openid profile:write  contact"}, {"read", "write", "email", "phone"}),
        ({"scope": "profile:READ"}, set()),
        ({"scope": "profile:read\tprofile:write"}, set()),
        ({"scope": "profile:read,profile:write"}, set()),
        ({"scope": ["profile:read"]}, {"read"}),
        ({"scp": "profile:read"}, {"read"}),
        ({"scp": ["profile:read", "contact"]}, {"read", "email", "phone"}),
        ({"scp": ["profile:read contact"]}, set()),
        ({"scp": [1, None, ["profile:write"], {"profile:write": 1}, "profile:read"]}, {"read"}),
        ({"scope": "contact", "scp": ["profile:read"]}, {"read", "email", "phone"}),
        ({"scope": 1, "scp": True}, set()),
        ({"scope": {"profile:read": True}}, set()),
        ({"scopes": "profile:read", "permissions": ["profile:read"]}, set()),
    ],
)
def test_with_scopes_a_token_has_what_its_scopes_give(claims: dict[str, Any], permissions: set[str]) -> None:
    assert caller(claims, scopes=SCOPES).permissions == permissions


def test_empty_scopes_give_nothing() -> None:
    assert caller({"scope": "profile:read"}, scopes={}).permissions == set()


def test_a_challenge_can_name_a_scope_for_each_permission() -> None:
    principal = caller(scopes={"profile:read": ("read",)}, operator=OperatorRule(scope="admin"))
    assert principal.scope_of == {"read": "profile:read", "operator": "admin"}


# Operators


def test_without_a_rule_nobody_is_an_operator() -> None:
    assert not caller({"scope": "operator", "operator": True, "roles": ["operator"]}).is_operator


@pytest.mark.parametrize(
    ("rule", "claims"),
    [
        (OperatorRule(scope="admin"), {"scope": "openid admin"}),
        (OperatorRule(scope="admin"), {"scp": ["admin"]}),
        (OperatorRule(claim="Operator"), {"Operator": True}),
        (OperatorRule(claim="role", value="admin"), {"role": "admin"}),
        (OperatorRule(claim="roles", value="admin"), {"roles": ["user", "admin"]}),
        (OperatorRule(claim="realm_access.roles", value="admin"), {"realm_access": {"roles": ["admin"]}}),
        (OperatorRule(claim="https://x.example/roles", value="admin"), {"https://x.example/roles": ["admin"]}),
        (OperatorRule(claim="level", value=9), {"level": 9}),
    ],
)
def test_an_operator_is_known_by_the_rule(rule: OperatorRule, claims: dict[str, Any]) -> None:
    principal = caller(claims, operator=rule)
    assert principal.is_operator
    assert principal.permissions == EVERYTHING_BUT_OPERATOR | {"operator"}


@pytest.mark.parametrize(
    ("rule", "claims"),
    [
        (OperatorRule(scope="admin"), {}),
        (OperatorRule(scope="admin"), {"scope": "administrator"}),
        (OperatorRule(scope="admin"), {"scope": "ADMIN"}),
        (OperatorRule(scope="admin"), {"scope": {"admin": True}}),
        (OperatorRule(scope="admin"), {"admin": True}),
        (OperatorRule(claim="Operator"), {"Operator": 1}),
        (OperatorRule(claim="Operator"), {"Operator": 1.0}),
        (OperatorRule(claim="Operator"), {"Operator": "true"}),
        (OperatorRule(claim="Operator"), {"Operator": {"Operator": True}}),
        (OperatorRule(claim="Operator"), {"Operator": [[True]]}),
        (OperatorRule(claim="Operator"), {"operator": True}),
        (OperatorRule(claim="level", value=1), {"level": True}),
        (OperatorRule(claim="level", value=1), {"level": "1"}),
        (OperatorRule(claim="flag", value="true"), {"flag": True}),
        (OperatorRule(claim="role", value="admin"), {"role": "superadmin"}),
        (OperatorRule(claim="role", value="admin"), {"role": {"admin": "admin"}}),
        (OperatorRule(claim="realm_access.roles", value="admin"), {"realm_access": ["roles"]}),
        (OperatorRule(claim="realm_access.roles", value="admin"), {"roles": ["admin"]}),
        (OperatorRule(claim="a.b", value=False), {"a": {}}),
        (OperatorRule(), {"scope": ""}),
        (OperatorRule(scope=""), {"scope": ""}),
        (OperatorRule(scope=""), {"scope": "openid "}),
    ],
)
def test_nobody_else_is_an_operator(rule: OperatorRule, claims: dict[str, Any]) -> None:
    assert not caller(claims, operator=rule).is_operator


def test_being_an_operator_gives_no_other_permission_by_itself() -> None:
    principal = caller({"scope": "admin"}, scopes=SCOPES, operator=OperatorRule(scope="admin"))
    assert principal.permissions == {"operator"}


# Machines


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "robot", "client_id": "robot"},
        {"sub": "robot", "client_id": "other", "azp": "robot"},
        {"sub": "abc@clients"},
        {"gty": "client-credentials"},
        {"gty": "client_credentials"},
        {"preferred_username": "service-account-robot", "azp": "Robot"},
    ],
)
def test_a_machine_is_known_by_the_signs_of_known_providers(claims: dict[str, Any]) -> None:
    assert caller(claims).is_machine


@pytest.mark.parametrize(
    "claims",
    [{"cid": "alice"}, {"appid": "alice"}, {"idtyp": "app"}, {"oid": "alice", "azp": "spa"}],
    ids=["Okta", "Entra 1.0", "Entra's idtyp", "Entra 2.0"],
)
def test_the_signs_of_further_providers_are_known(claims: dict[str, Any]) -> None:
    assert caller(claims).is_machine


def test_a_user_of_entra_is_no_machine() -> None:
    assert not caller({"oid": "alice", "azp": "spa", "scp": "profile"}).is_machine
    assert not caller({"oid": "another", "azp": "spa"}).is_machine


@pytest.mark.parametrize(
    ("rule", "claims"),
    [
        (MachineRule(claim="kind", value="app"), {"kind": "app"}),
        (MachineRule(claim="a.b", value=True), {"a": {"b": [True]}}),
    ],
)
def test_a_machine_is_known_by_the_rule(rule: MachineRule, claims: dict[str, Any]) -> None:
    assert caller(claims, machine=rule).is_machine
    assert not caller(claims).is_machine


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"client_id": None, "azp": None},
        {"client_id": ["alice"], "azp": {"alice": 1}},
        {"sub": "alice@clients.example"},
        {"gty": "password"},
        {"gty": True},
        {"preferred_username": "service-account-other", "azp": "robot"},
        {"preferred_username": "service-account-none"},
        {"preferred_username": "service-account-['robot']", "azp": ["robot"]},
        {"idtyp": "user"},
    ],
)
def test_a_user_is_no_machine(claims: dict[str, Any]) -> None:
    assert not caller(claims, machine=MachineRule(claim="idtyp", value="app")).is_machine


# What the token says of its user


def test_name_picture_and_username_are_claimed() -> None:
    claims = {"name": "Alice", "picture": "https://x.example/a.png", "preferred_username": "al"}
    claimed = ProfileChange(name="Alice", avatar="https://x.example/a.png", username="al")
    assert caller({**claims, "client_id": None}).claimed == claimed


@pytest.mark.parametrize("value", [None, 1, True, ["Alice"], {"formatted": "Alice"}, 1.5])
def test_claimed_values_of_another_type_are_left_out(value: Any) -> None:
    claims = {"name": value, "picture": value, "preferred_username": value, "client_id": None}
    assert caller(claims).claimed == ProfileChange()


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a.b.c"])
def test_an_odd_path_leads_nowhere(path: str) -> None:
    assert claim({"a": {"b": 1}}, path) is None
