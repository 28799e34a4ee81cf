"""Who is calling with an opaque token: what its provider's answer permits, and what it never does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.auth.principal import EVERYTHING_BUT_OPERATOR, Principal, Source, VerifiedClaims, principal_of
from profilegate.errors import InvalidToken
from profilegate.settings import PERMISSIONS, MachineRule, OperatorRule

from .given import issuer


def caller(source: Source, claims: dict[str, Any] | None = None, **settings: Any) -> Principal:
    return principal_of(VerifiedClaims({"sub": "alice", **(claims or {})}), issuer(**settings), source)


# Introspection


@pytest.mark.parametrize(
    ("scope", "permissions"),
    [
        ("openid", {"read"}),
        ("profile", {"write"}),
        ("openid profile", {"read", "write"}),
        ("email", {"email"}),
        ("phone", {"phone"}),
        ("custom_data", {"custom_data"}),
        ("identities", {"identities"}),
        ("address", {"address"}),
        ("openid offline_access read write operator admin", {"read"}),
        ("OPENID", set()),
        ("openidprofile", set()),
        ("", set()),
        (None, set()),
        (5, set()),
    ],
)
def test_logtos_scopes_say_what_an_introspected_token_permits(scope: Any, permissions: set[str]) -> None:
    assert caller("introspection", {"scope": scope}).permissions == permissions


def test_all_of_its_scopes_together_permit_everything_but_operating() -> None:
    scope = "openid profile email phone custom_data identities address operator"
    assert caller("introspection", {"scope": scope}).permissions == EVERYTHING_BUT_OPERATOR


def test_scopes_in_the_settings_take_the_place_of_all_of_logtos() -> None:
    settings = {"scopes": {"see": ("read",)}}
    assert caller("introspection", {"scope": "openid profile see"}, **settings).permissions == {"read"}
    assert caller("introspection", {"scope": "openid profile"}, **settings).permissions == set()
    assert caller("introspection", {"scope": "openid"}, scopes={}).permissions == set()


def test_a_jwt_without_configured_scopes_still_permits_everything_but_operating() -> None:
    assert caller("jwt").permissions == EVERYTHING_BUT_OPERATOR
    assert caller("jwt", {"scope": "openid"}).permissions == EVERYTHING_BUT_OPERATOR


def test_the_challenge_names_the_scope_that_is_missing() -> None:
    assert caller("introspection").scope_of["write"] == "profile"
    assert caller("introspection", scopes={"w": ("write",)}).scope_of == {"write": "w"}
    assert caller("jwt").scope_of == {}


def test_an_operator_is_one_by_scope_or_claim_as_with_a_jwt() -> None:
    by_scope, by_claim = OperatorRule(scope="admin"), OperatorRule(claim="roles", value="admin")
    assert caller("introspection", {"scope": "openid admin"}, operator=by_scope).is_operator
    assert caller("introspection", {"roles": ["admin"]}, operator=by_claim).is_operator
    assert not caller("introspection", {"scope": "openid"}, operator=by_scope).is_operator


@pytest.mark.parametrize("claims", [{"client_id": "alice"}, {"azp": "alice"}, {"gty": "client_credentials"}])
def test_a_program_is_known_by_the_usual_signs(claims: dict[str, Any]) -> None:
    assert caller("introspection", claims).is_machine


def test_the_tenant_may_come_from_the_answer() -> None:
    settings = {"tenant_claim": "org", "tenants": ("acme",)}
    assert caller("introspection", {"org": "acme"}, **settings).tenant_id == "acme"
    assert caller("userinfo", {"org": "acme"}, **settings).tenant_id == "acme"
    for source in ("introspection", "userinfo"):
        with pytest.raises(InvalidToken):
            caller(source, {"org": "evil"}, **settings)  # type: ignore[arg-type]


# Userinfo


def test_a_token_that_userinfo_vouches_for_may_read() -> None:
    assert caller("userinfo").permissions == {"read"}


def test_it_permits_what_the_settings_say_and_no_scope_adds_to_it() -> None:
    claims = {"scope": "openid profile email operator", "scp": ["profile"]}
    settings = {"userinfo_permissions": ("read", "write"), "scopes": {"email": ("email",)}}
    assert caller("userinfo", claims, **settings).permissions == {"read", "write"}
    assert caller("userinfo", claims, userinfo_permissions=()).permissions == set()


@pytest.mark.parametrize("rule", [OperatorRule(scope="admin"), OperatorRule(claim="roles", value="admin")])
def test_it_never_makes_an_operator(rule: OperatorRule) -> None:
    """It may be any client's token, and a claim of the user's own making."""
    claims = {"scope": "admin", "roles": ["admin"]}
    found = caller("userinfo", claims, operator=rule, userinfo_permissions=("read", "operator"))
    assert found.permissions == {"read"}
    assert not found.is_operator


def test_a_machine_is_one_by_the_rule_of_the_settings() -> None:
    rule = MachineRule(claim="kind", value="app")
    assert caller("userinfo", {"kind": "app"}, machine=rule).is_machine
    assert not caller("userinfo", {"kind": "person"}, machine=rule).is_machine


# Both

scopes = st.lists(st.sampled_from([*PERMISSIONS, "openid", "profile", "x"]), max_size=6).map(" ".join)


@given(scopes, st.sampled_from(["jwt", "introspection", "userinfo"]), st.lists(st.sampled_from(PERMISSIONS)))
def test_without_a_rule_for_operators_nobody_is_one(scope: str, source: Source, listed: list[Any]) -> None:
    claims = {"scope": scope, "scp": scope, "operator": True, "permissions": ["operator"], "roles": ["operator"]}
    assert not caller(source, claims, userinfo_permissions=tuple(listed)).is_operator


@pytest.mark.parametrize("source", ["jwt", "introspection", "userinfo"])
@pytest.mark.parametrize(
    ("cnf", "kept"), [({"jkt": "x"}, {"jkt": "x"}), ({}, {}), ("", {}), (None, {}), (0, {}), (5, 5)]
)
def test_what_a_token_is_bound_to_is_never_lost(source: Source, cnf: Any, kept: Any) -> None:
    assert caller(source, {"cnf": cnf}).confirmation == kept
    assert caller(source).confirmation is None


@pytest.mark.parametrize("source", ["jwt", "introspection", "userinfo"])
def test_that_it_must_be_bound_is_the_issuers_word(source: Source) -> None:
    assert caller(source, require_binding=True).must_be_bound
    assert not caller(source).must_be_bound
