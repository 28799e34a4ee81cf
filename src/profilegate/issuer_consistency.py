"""Whether the settings of the identity providers can be used, one by one and beside one another."""

from collections.abc import Iterator

from profilegate.identifiers import (
    TENANT_ID_LIMIT,
    USER_ID_LIMIT,
    is_identifier,
    is_origin,
    is_trusted_url,
    is_web_address,
)
from profilegate.private_keys import is_private_key
from profilegate.settings import ALGORITHMS, IntrospectionSettings, IssuerSettings


def within_issuer(issuer: IssuerSettings) -> Iterator[str]:
    """Problems of one issuer by itself, each beginning with the key."""
    if not is_trusted_url(issuer.issuer):
        yield "issuer: must be an https URL (http only on a loopback address), without query or fragment"
    if not all(issuer.audiences) or not (issuer.audiences or issuer.takes_opaque_tokens):
        yield "audiences: at least one is required, and none may be empty"
    unknown = sorted(set(issuer.algorithms) - ALGORITHMS)
    if unknown or not issuer.algorithms:
        yield f"algorithms: {', '.join(unknown) or 'none'} is not among {', '.join(sorted(ALGORITHMS))}"
    if issuer.tenant_claim == "":
        yield "tenant_claim: must not be empty"
    if issuer.tenant_claim is None and issuer.tenants:
        yield "tenants: is for tenant_claim, which is not set"
    if issuer.tenant_claim is not None and not issuer.tenants:
        yield "tenants: list the values that tenant_claim may have"
    for tenant in (issuer.tenant, *issuer.tenants):
        if not is_identifier(tenant, TENANT_ID_LIMIT):
            yield f"tenant: {tenant!r} must be 1 to {TENANT_ID_LIMIT} printable ASCII characters"
    if issuer.user_id_prefix and not is_identifier(issuer.user_id_prefix, USER_ID_LIMIT - 1):
        yield f"user_id_prefix: must be at most {USER_ID_LIMIT - 1} printable ASCII characters"
    if issuer.operator is not None and bool(issuer.operator.scope) == bool(issuer.operator.claim):
        yield "operator: give either scope or claim"
    if not 0 <= issuer.leeway <= 300:
        yield "leeway: must be between 0 and 300 seconds"
    if not 0 < issuer.timeout <= 4:
        yield "timeout: must be more than 0 and at most 4 seconds"
    if issuer.key_cooldown < 1 or issuer.key_max_age < 1:
        yield "key_cooldown, key_max_age: must be at least 1 second"
    for origin in issuer.origins:
        if not is_origin(origin):
            yield f"origins: {origin} is not an origin such as https://www.example.com (http only on loopback)"
    yield from _opaque(issuer)


def _opaque(issuer: IssuerSettings) -> Iterator[str]:
    if issuer.introspection is not None and issuer.userinfo:
        yield "userinfo: is for providers without introspection; give one of the two"
    if issuer.clients and issuer.introspection is None:
        yield "clients: is for introspection; userinfo does not tell for which client a token is"
    if issuer.hosts and not issuer.takes_opaque_tokens:
        yield "hosts: is for opaque tokens, and neither introspection nor userinfo is set"
    if not 1 <= issuer.opaque_max_age <= 60:
        yield "opaque_max_age: must be between 1 and 60 seconds"
    if "operator" in issuer.userinfo_permissions:
        yield "userinfo_permissions: cannot hold operator, which is for the operator setting to say"
    for host in issuer.hosts:
        if host != host.lower() or not is_web_address(f"https://{host}") or set(host) & set("/?#"):
            yield f"hosts: {host} is not a host such as profiles.example.com, in lower case"
    if issuer.introspection is not None:
        yield from (f"introspection.{problem}" for problem in _introspection(issuer.introspection))


def _introspection(introspection: IntrospectionSettings) -> Iterator[str]:
    if not introspection.client_id:
        yield "client_id: must not be empty"
    if introspection.endpoint is not None and not is_trusted_url(introspection.endpoint):
        yield "endpoint: must be an https URL (http only on a loopback address), without query or fragment"
    if introspection.method == "private_key_jwt":
        if not is_private_key(introspection.private_key or ""):
            yield "private_key: must be a private key of a kind that signs, as PEM or JWK, for private_key_jwt"
    elif not introspection.client_secret:
        yield f"client_secret: is required for {introspection.method}"


def between_issuers(issuers: tuple[IssuerSettings, ...]) -> Iterator[str]:
    """Problems between issuers: the same one twice, or two of one tenant whose user ids could collide."""
    known = {each.issuer for each in issuers}
    for n, second in enumerate(issuers):
        for first in issuers[:n]:
            if first.issuer == second.issuer:
                yield f"issuers[{n}].issuer: {second.issuer} is listed twice"
            elif _tenants(first) & _tenants(second) and not _same_people(first, second, issuers):
                yield from _collision(n, first, second)
        for alias in second.aliases:
            if alias not in known:
                yield f"issuers[{n}].aliases: {alias} is not an issuer of this list"
    yield from _opaque_takers(issuers)


def _opaque_takers(issuers: tuple[IssuerSettings, ...]) -> Iterator[str]:
    """An opaque token names no issuer, and shown to a wrong one it would be given away.

    So there is no issuer for all other hosts beside those for some: a name written otherwise would lead there.
    """
    takers = [each for each in issuers if each.takes_opaque_tokens]
    if len(takers) > 1 and not all(each.hosts for each in takers):
        yield "issuers: several take opaque tokens; give each the hosts at which they are its own"
        return
    taken: dict[str, str] = {}
    for n, issuer in enumerate(issuers):
        for host in (issuer.hosts or ("",)) if issuer.takes_opaque_tokens else ():
            if host in taken:
                yield f"issuers[{n}].hosts: {taken[host]} takes opaque tokens at {host} already; only one issuer can"
            taken.setdefault(host, issuer.issuer)


def _collision(n: int, first: IssuerSettings, second: IssuerSettings) -> Iterator[str]:
    one, other = first.user_id_prefix, second.user_id_prefix
    if one.startswith(other) or other.startswith(one):
        yield (
            f"issuers[{n}].user_id_prefix: shares a tenant with {first.issuer}; give both a prefix, "
            "neither the start of the other, or list one in the other's aliases, with equal prefixes"
        )


def _tenants(issuer: IssuerSettings) -> set[str]:
    return set(issuer.tenants) if issuer.tenant_claim is not None else {issuer.tenant}


def _same_people(first: IssuerSettings, second: IssuerSettings, issuers: tuple[IssuerSettings, ...]) -> bool:
    """Whether aliases, in either direction and over any number of steps, join the two."""
    family, before = {first.issuer}, 0
    while len(family) > before:
        before = len(family)
        for each in issuers:
            if each.issuer in family or family & set(each.aliases):
                family |= {each.issuer, *each.aliases}
    return second.issuer in family and first.user_id_prefix == second.user_id_prefix
