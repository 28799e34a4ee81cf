"""Who is calling: what verified claims mean under an issuer's settings."""

from collections.abc import Mapping
from typing import Any, Literal, NewType

from msgspec import Struct

from profilegate.auth.claimed import claimed_profile
from profilegate.errors import InvalidToken
from profilegate.identifiers import USER_ID_LIMIT, is_identifier
from profilegate.profiles.record import ProfileChange, ProfileKey
from profilegate.settings import PERMISSIONS, IssuerSettings, MachineRule, OperatorRule, Permission

VerifiedClaims = NewType("VerifiedClaims", dict[str, Any])
"""Claims that are the issuer's own word on a current token for us. Only `tokens.verified`, `introspection` and
`userinfo` make them."""

Source = Literal["jwt", "introspection", "userinfo"]
"""How the claims were verified."""

EVERYTHING_BUT_OPERATOR: frozenset[Permission] = frozenset(PERMISSIONS) - {"operator"}

# Logto's scopes, which say what an opaque token permits unless the issuer's settings do.
SCOPES: dict[str, tuple[Permission, ...]] = {
    "openid": ("read",),
    "profile": ("write",),
    "email": ("email",),
    "phone": ("phone",),
    "custom_data": ("custom_data",),
    "identities": ("identities",),
    "address": ("address",),
}


Meaning = Mapping[str, tuple[Permission, ...]]
"""What each scope permits."""


class Principal(Struct, frozen=True, kw_only=True):
    """The caller. `issued_at` and `expires_at` are Unix seconds; `claimed` is what the token says of its user."""

    tenant_id: str
    user_id: str
    issuer: str
    subject: str
    permissions: frozenset[Permission]
    is_machine: bool
    issued_at: int | None
    expires_at: int | None
    claimed: ProfileChange
    scope_of: Mapping[Permission, str]
    """For each permission a scope that would give it, for the challenge."""
    scopes: frozenset[str] = frozenset()
    """What the token grants, in the provider's words; nothing for one that only userinfo vouches for."""
    confirmation: Any = None
    """The claim `cnf`: what the token is bound to (RFC 7800); None without it. `auth.binding` checks it."""
    must_be_bound: bool = False

    @property
    def is_operator(self) -> bool:
        return "operator" in self.permissions

    @property
    def key(self) -> ProfileKey:
        """Whose record is the caller's own. A machine has none; `auth.rules` sees to that."""
        return ProfileKey(self.tenant_id, self.user_id)


def principal_of(claims: VerifiedClaims, issuer: IssuerSettings, source: Source = "jwt") -> Principal:
    """The caller that these claims name. Raises InvalidToken when they name no user of a known tenant."""
    subject = claims["sub"]
    user_id = issuer.user_id_prefix + subject
    if not is_identifier(user_id, USER_ID_LIMIT):
        raise InvalidToken(f"sub and user_id_prefix must be 1 to {USER_ID_LIMIT} printable ASCII characters")
    scopes = SCOPES if source == "introspection" and issuer.scopes is None else issuer.scopes
    return Principal(
        tenant_id=_tenant(claims, issuer),
        user_id=user_id,
        issuer=issuer.issuer,
        subject=subject,
        permissions=_permissions(claims, scopes, issuer) if source != "userinfo" else issuer_wide(issuer),
        is_machine=_is_machine(claims, issuer.machine),
        issued_at=_seconds(claims, "iat"),
        expires_at=_seconds(claims, "exp"),
        claimed=claimed_profile(claims),
        scope_of=_scopes_by_permission(scopes, issuer.operator),
        scopes=_scopes(claims) if source != "userinfo" else frozenset(),
        confirmation=(claims["cnf"] or {}) if "cnf" in claims else None,
        must_be_bound=issuer.require_binding,
    )


def _seconds(claims: VerifiedClaims, name: str) -> int | None:
    return int(claims[name]) if name in claims else None


def issuer_wide(issuer: IssuerSettings) -> frozenset[Permission]:
    """What every token permits that userinfo vouches for. Never an operator: it may be any client's token."""
    return frozenset(issuer.userinfo_permissions) - {"operator"}


def _tenant(claims: VerifiedClaims, issuer: IssuerSettings) -> str:
    if issuer.tenant_claim is None:
        return issuer.tenant
    tenant = claim(claims, issuer.tenant_claim)
    if not isinstance(tenant, str) or tenant not in issuer.tenants:
        raise InvalidToken(f"the claim {issuer.tenant_claim} names no tenant of this service")
    return tenant


def _permissions(claims: VerifiedClaims, meaning: Meaning | None, issuer: IssuerSettings) -> frozenset[Permission]:
    scopes = _scopes(claims)
    granted = EVERYTHING_BUT_OPERATOR
    if meaning is not None:
        granted = frozenset(permission for scope in scopes for permission in meaning.get(scope, ()))
    return granted | {"operator"} if _is_operator(claims, scopes, issuer.operator) else granted


def _scopes(claims: VerifiedClaims) -> frozenset[str]:
    """`scope` of RFC 9068, a text with spaces; `scp` where Entra and Okta put theirs, a text or a list."""
    scopes: set[str] = set()
    for value in (claims.get("scope"), claims.get("scp")):
        if isinstance(value, str):
            scopes.update(value.split(" "))
        elif isinstance(value, list):
            scopes.update(each for each in value if isinstance(each, str))
    return frozenset(scopes - {""})


def _is_operator(claims: VerifiedClaims, scopes: frozenset[str], rule: OperatorRule | None) -> bool:
    if rule is None:
        return False
    if rule.claim is not None:
        return has_value(claim(claims, rule.claim), rule.value)
    return rule.scope in scopes


def _is_machine(claims: VerifiedClaims, rule: MachineRule | None) -> bool:
    """Whether the token was issued to a program for itself: the signs that the providers in use give."""
    subject = claims["sub"]
    return (
        subject in (claims.get(name) for name in ("client_id", "azp", "cid", "appid"))
        or subject.endswith("@clients")
        or claims.get("gty") in ("client-credentials", "client_credentials")
        or _is_service_account(claims)
        or _is_app_only(claims)
        or (rule is not None and has_value(claim(claims, rule.claim), rule.value))
    )


def _is_service_account(claims: VerifiedClaims) -> bool:
    """Keycloak's sign: the name that it gives the account of the very client that the token was issued to."""
    client = claims.get("azp")
    return isinstance(client, str) and claims.get("preferred_username") == f"service-account-{client}".lower()


def _is_app_only(claims: VerifiedClaims) -> bool:
    """Entra's signs: `idtyp`, or a subject that is the object itself, without the scopes that a user delegates."""
    return claims.get("idtyp") == "app" or (claims.get("oid") == claims["sub"] and "scp" not in claims)


def _scopes_by_permission(meaning: Meaning | None, operator: OperatorRule | None) -> dict[Permission, str]:
    listed = {permission: scope for scope, given in (meaning or {}).items() for permission in given}
    if operator is not None and operator.scope is not None:
        listed["operator"] = operator.scope
    return listed


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, else by a dotted path into objects (`realm_access.roles`); None when there is none."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def has_value(actual: Any, wanted: str | bool | int) -> bool:
    """Whether a claim is the value or a list that holds it. True is not 1."""
    values = actual if isinstance(actual, list) else [actual]
    return any(type(each) is type(wanted) and each == wanted for each in values)
