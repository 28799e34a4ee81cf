"""Who may do what, as one table."""

from collections.abc import Callable

import pytest
from tests.minting import NOW

from profilegate.auth.principal import EVERYTHING_BUT_OPERATOR, Principal
from profilegate.auth.rules import actor, readable, writable
from profilegate.errors import InsufficientScope, InvalidField, NotPermitted, ProfileGateError
from profilegate.profiles.record import Actor, ProfileKey

from .given import principal

EVERYTHING = EVERYTHING_BUT_OPERATOR | {"operator"}

USER = principal()
OPERATOR = principal(permissions=EVERYTHING)
MACHINE = principal(user_id="robot", is_machine=True)
MACHINE_OPERATOR = principal(user_id="robot", is_machine=True, permissions=EVERYTHING)
READER = principal(permissions=frozenset({"read"}))
WRITER = principal(permissions=frozenset({"write"}))
NO_SCOPE = principal(permissions=frozenset())
BARE_OPERATOR = principal(permissions=frozenset({"operator"}))

Rule = Callable[[Principal, str], ProfileKey]


@pytest.mark.parametrize(
    ("caller", "rule", "user_id", "outcome"),
    [
        (USER, readable, "alice", None),
        (USER, readable, "bob", None),
        (USER, writable, "alice", None),
        (USER, writable, "bob", NotPermitted),
        (OPERATOR, readable, "alice", None),
        (OPERATOR, readable, "bob", None),
        (OPERATOR, writable, "alice", None),
        (OPERATOR, writable, "bob", None),
        (MACHINE, readable, "alice", NotPermitted),
        (MACHINE, readable, "robot", NotPermitted),
        (MACHINE, writable, "alice", NotPermitted),
        (MACHINE, writable, "robot", NotPermitted),
        (MACHINE_OPERATOR, readable, "alice", None),
        (MACHINE_OPERATOR, writable, "alice", None),
        (READER, readable, "alice", None),
        (READER, readable, "bob", None),
        (READER, writable, "alice", InsufficientScope),
        (READER, writable, "bob", InsufficientScope),
        (WRITER, readable, "alice", InsufficientScope),
        (WRITER, writable, "alice", None),
        (NO_SCOPE, readable, "alice", InsufficientScope),
        (NO_SCOPE, writable, "alice", InsufficientScope),
        (BARE_OPERATOR, readable, "bob", InsufficientScope),
        (BARE_OPERATOR, writable, "bob", InsufficientScope),
        (USER, writable, "Alice", NotPermitted),
        (USER, writable, "alice ", NotPermitted),
        (USER, writable, "alice\0", NotPermitted),
    ],
)
def test_who_may_do_what(caller: Principal, rule: Rule, user_id: str, outcome: type[ProfileGateError] | None) -> None:
    if outcome is None:
        assert rule(caller, user_id) == ProfileKey("default", user_id)
    else:
        with pytest.raises(outcome):
            rule(caller, user_id)


@pytest.mark.parametrize("rule", [readable, writable])
def test_a_machine_never_gets_a_record_of_its_own(rule: Rule) -> None:
    with pytest.raises(NotPermitted):
        rule(MACHINE_OPERATOR, "robot")


@pytest.mark.parametrize("rule", [readable, writable])
@pytest.mark.parametrize("caller", [OPERATOR, MACHINE_OPERATOR])
def test_the_tenant_is_always_the_callers(rule: Rule, caller: Principal) -> None:
    assert rule(caller, "another_tenant/bob").tenant_id == caller.tenant_id


@pytest.mark.parametrize("rule", [readable, writable])
@pytest.mark.parametrize("user_id", ["", "a" * 256, "a\0b", "a\nb", "\x7f", "é", "\u202e", "\ud800"])
def test_what_cannot_be_a_user_id_names_nobody(rule: Rule, user_id: str) -> None:
    with pytest.raises(InvalidField) as caught:
        rule(OPERATOR, user_id)
    assert caught.value.field == "user_id"


@pytest.mark.parametrize("user_id", ["a", "a" * 255, "auth0|1", "a b", "../..", "%00", "'; --"])
def test_any_printable_ascii_text_may_be_a_user_id(user_id: str) -> None:
    assert readable(USER, user_id).user_id == user_id


def test_a_missing_permission_names_the_scope_that_would_give_it() -> None:
    with pytest.raises(InsufficientScope) as caught:
        writable(principal(permissions=frozenset({"read"}), scope_of={"write": "profile"}), "alice")
    assert (caught.value.permission, caught.value.scope) == ("write", "profile")


@pytest.mark.parametrize(
    ("caller", "user_id", "kind"),
    [
        (USER, "alice", "user"),
        (USER, "bob", "user"),
        (OPERATOR, "alice", "user"),
        (OPERATOR, "bob", "operator"),
        (MACHINE_OPERATOR, "alice", "operator"),
        (MACHINE_OPERATOR, "robot", "operator"),
    ],
)
def test_as_whom_a_caller_acts(caller: Principal, user_id: str, kind: str) -> None:
    key = ProfileKey("default", user_id)
    assert actor(caller, key, "phoenix") == Actor(kind, caller.user_id, "phoenix", int(NOW))


def test_the_same_user_id_in_another_tenant_is_another_person() -> None:
    assert actor(OPERATOR, ProfileKey("other", "alice"), "phoenix").kind == "operator"
