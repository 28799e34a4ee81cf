"""Who may do what. In request code only this file makes a ProfileKey, so a handler that forgets it has none."""

from collections.abc import Collection

from profilegate.auth.principal import Principal
from profilegate.errors import InsufficientScope, InvalidField, NotPermitted
from profilegate.identifiers import USER_ID_LIMIT, is_identifier
from profilegate.profiles.record import Actor, ProfileKey
from profilegate.settings import Permission


def own(principal: Principal, permission: Permission) -> ProfileKey:
    """The caller's own record, read or changed as the permission says. A machine has none.

    Raises InsufficientScope or NotPermitted.
    """
    require(principal, permission)
    if principal.is_machine:
        raise NotPermitted
    return principal.key


def shown(principal: Principal) -> ProfileKey | None:
    """The caller's own record where the caller may read it; None for others, and for machines, who have none."""
    return None if principal.is_machine or "read" not in principal.permissions else principal.key


def readable(principal: Principal, user_id: str) -> ProfileKey:
    """Any user may read the public projection of anybody in the same tenant; a machine only as an operator.

    Raises InsufficientScope, NotPermitted, or InvalidField when `user_id` cannot be one.
    """
    require(principal, "read")
    _refuse_machine(principal, user_id)
    return _key(principal, user_id)


def writable(principal: Principal, user_id: str) -> ProfileKey:
    """One's own record, or anybody's of the tenant for an operator. Raises as `readable` does."""
    require(principal, "write")
    _refuse_machine(principal, user_id)
    if user_id != principal.user_id and not principal.is_operator:
        raise NotPermitted
    return _key(principal, user_id)


def operated(principal: Principal, user_id: str) -> ProfileKey:
    """Anybody's record of the tenant, for an operator, person or machine. Raises as `readable` does."""
    require(principal, "operator")
    return _key(principal, user_id)


def operated_tenant(principal: Principal) -> str:
    """The tenant whose applications and documents an operator may manage: the operator's own.

    Raises InsufficientScope.
    """
    require(principal, "operator")
    return principal.tenant_id


def actor(principal: Principal, key: ProfileKey, face: str) -> Actor:
    """As whom the caller acts on this record: as its owner, as an operator, or as another user who reads."""
    if principal.is_operator and (principal.is_machine or key != principal.key):
        return operator(principal, face)
    return Actor("user", principal.user_id, face, principal.issued_at)


def operator(principal: Principal, face: str) -> Actor:
    """The caller as an operator."""
    return Actor("operator", principal.user_id, face, principal.issued_at)


def _key(principal: Principal, user_id: str) -> ProfileKey:
    if not is_identifier(user_id, USER_ID_LIMIT):
        raise InvalidField("user_id", f"must be 1 to {USER_ID_LIMIT} printable ASCII characters")
    return ProfileKey(principal.tenant_id, user_id)


def require_scopes(principal: Principal, scopes: Collection[str]) -> None:
    """Raise InsufficientScope, which names them all, unless the token grants each of these scopes."""
    if not principal.scopes.issuperset(scopes):
        named = " ".join(scopes)
        raise InsufficientScope(named, named)


def require(principal: Principal, permission: Permission) -> None:
    """Raise InsufficientScope, which tells the scope to ask for, unless the caller has the permission."""
    if permission not in principal.permissions:
        raise InsufficientScope(permission, principal.scope_of.get(permission, ""))


def _refuse_machine(principal: Principal, user_id: str) -> None:
    """A machine is not a user: it never has a record of its own, and sees others' only as an operator."""
    if principal.is_machine and (not principal.is_operator or user_id == principal.user_id):
        raise NotPermitted
