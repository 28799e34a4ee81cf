"""Whose record a caller may ask for without naming it, and what a refusal tells."""

import pytest

from profilegate.auth.principal import EVERYTHING_BUT_OPERATOR
from profilegate.auth.rules import operated, operated_tenant, own, readable, require
from profilegate.errors import InsufficientScope, InvalidField, NotPermitted
from profilegate.identifiers import USER_ID_LIMIT
from profilegate.profiles.record import ProfileKey
from profilegate.settings import PERMISSIONS, Permission

from .given import principal


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_ones_own_record_needs_the_very_permission(permission: Permission) -> None:
    assert own(principal(permissions=frozenset({permission})), permission) == ProfileKey("default", "alice")
    others = frozenset(PERMISSIONS) - {permission}
    with pytest.raises(InsufficientScope) as caught:
        own(principal(permissions=others, scope_of={permission: "the scope"}), permission)
    assert (caught.value.permission, caught.value.scope) == (permission, "the scope")


@pytest.mark.parametrize("permissions", [EVERYTHING_BUT_OPERATOR, frozenset(PERMISSIONS)])
def test_a_machine_has_no_record_of_its_own_not_even_as_an_operator(permissions: frozenset[Permission]) -> None:
    with pytest.raises(NotPermitted):
        own(principal(permissions=permissions, is_machine=True), "read")


def test_a_machine_without_the_permission_learns_that_first() -> None:
    with pytest.raises(InsufficientScope):
        own(principal(permissions=frozenset(), is_machine=True), "read")


@pytest.mark.parametrize("is_machine", [False, True])
def test_an_operator_may_manage_anybody_of_the_tenant_and_the_tenant(is_machine: bool) -> None:
    caller = principal(permissions=frozenset({"operator"}), is_machine=is_machine, tenant_id="acme")
    assert operated(caller, "bob") == ProfileKey("acme", "bob")
    assert operated_tenant(caller) == "acme"


@pytest.mark.parametrize("permissions", [EVERYTHING_BUT_OPERATOR, frozenset()])
def test_nobody_else_may_not_even_their_own(permissions: frozenset[Permission]) -> None:
    caller = principal(permissions=permissions, scope_of={"operator": "admin"})
    for ask in (lambda: operated(caller, "alice"), lambda: operated_tenant(caller)):
        with pytest.raises(InsufficientScope) as caught:
            ask()
        assert (caught.value.permission, caught.value.scope) == ("operator", "admin")


def test_an_operator_too_names_only_what_can_be_a_user() -> None:
    with pytest.raises(InvalidField):
        operated(principal(permissions=frozenset({"operator"})), "é")


@pytest.mark.parametrize("scope_of", [{}, {"read": "openid"}])
def test_where_no_scope_would_help_none_is_named(scope_of: dict[Permission, str]) -> None:
    with pytest.raises(InsufficientScope) as caught:
        require(principal(permissions=frozenset(), scope_of=scope_of), "write")
    assert caught.value.scope == ""


def test_what_cannot_be_a_user_id_is_told_with_the_rule() -> None:
    with pytest.raises(InvalidField) as caught:
        readable(principal(), "é")
    assert caught.value.rule == f"must be 1 to {USER_ID_LIMIT} printable ASCII characters"
