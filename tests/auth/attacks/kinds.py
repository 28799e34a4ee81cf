"""Attacks by tokens that are genuine and not access tokens of a user (RFC 9068, section 5; RFC 8725, section 3.12)."""

from typing import Any

from tests.faces.running import PUBLIC_URL, issuer
from tests.minting import AUDIENCE, NOW

from profilegate.settings import MachineRule

from .case import NOT_PERMITTED, attack, control, section
from .crafting import ALICE, GONE, token
from .keys import CLIENT, EC, Signer, public
from .world import Attempt, World

RELAXED = World(issuers=(issuer(require_at_jwt=False),))
MARKED = World(issuers=(issuer(machine=MachineRule(claim="idtyp", value="app")),))
SCOPED = World(issuers=(issuer(scopes={"profiles:read": ("read",), "profiles:write": ("read", "write")}),))

TYPES: list[Any] = [
    "id+jwt",
    "logout+jwt",
    "dpop+jwt",
    "secevent+jwt",
    "token-introspection+jwt",
    "oauth-authz-req+jwt",
    "client-authentication+jwt",
    "entity-statement+jwt",
    "refresh+jwt",
    "JOSE",
    "at+jwt ",
    " at+jwt",
    "at+jwt\0",
    "at+jwt;x=1",
    "at+jwt, jwt",
    "at jwt",
    "at-jwt",
    "xat+jwt",
    "text/at+jwt",
    "application/application/at+jwt",
    "at+jwt/",
    "aт+jwt",
    "ａｔ+jwt",
    "",
    None,
    True,
    0,
    ["at+jwt"],
    {"typ": "at+jwt"},
]

EVENTS = "http://schemas.openid.net/event/backchannel-logout"

OTHER_TOKENS: dict[str, dict[str, Any]] = {
    "an ID token": {"nonce": "n", "at_hash": "h", "auth_time": int(NOW)},
    "an ID token with a nonce alone": {"nonce": "n"},
    "an ID token with at_hash alone": {"at_hash": "h"},
    "an ID token with c_hash alone": {"c_hash": "h"},
    "an ID token for the client": {"aud": "spa", "azp": "spa"},
    "Keycloak's ID token": {"typ": "ID", "azp": "spa", "sid": "s"},
    "Keycloak's refresh token": {"typ": "Refresh", "azp": "spa", "scope": "openid"},
    "Keycloak's offline token": {"typ": "Offline", "azp": "spa"},
    "Keycloak's logout token": {"typ": "Logout"},
    "Cognito's ID token": {"token_use": "id", "cognito:username": "alice"},
    "a refresh token": {"token_use": "refresh"},
    "a logout token": {"events": {EVENTS: {}}, "sid": "s"},
    "a security event": {"events": {"https://schemas.openid.net/secevent/risc/event-type/account-purged": {}}},
    "a security event without content": {"events": {}},
}

MACHINES: dict[str, dict[str, Any]] = {
    "sub is client_id": {"sub": "robot", "client_id": "robot"},
    "sub is azp": {"sub": "robot", "client_id": GONE, "azp": "robot"},
    "Auth0's": {"sub": "robot@clients", "gty": "client-credentials"},
    "gty": {"gty": "client-credentials"},
    "gty with an underscore": {"gty": "client_credentials"},
    "Keycloak's service account": {"azp": "Robot", "preferred_username": "service-account-robot"},
    "named alice": {"client_id": "alice"},
}


def proof(at: Attempt, by: Signer, said: dict[str, Any] | None = None, **head: Any) -> str:
    """A DPoP proof in the place of a token; `said` is what else it claims."""
    claims = {"htm": at.method, "htu": PUBLIC_URL + at.path, "iat": int(NOW), "jti": "j"}
    nothing_else = dict.fromkeys(ALICE, GONE)
    header = {"typ": "dpop+jwt", "jwk": public(by), "kid": GONE, **head}
    return token(at, header, by, **{**nothing_else, **(said or {}), **claims})


CASES = [
    *section(
        "typ",
        control("at+jwt", token, {"typ": "at+jwt"}),
        control("in capitals", token, {"typ": "AT+JWT"}),
        control("with its prefix", token, {"typ": "application/at+jwt"}),
        attack("missing", token, {"typ": GONE}),
        attack("JWT", token, {"typ": "JWT"}),
        attack("application/jwt", token, {"typ": "application/jwt"}),
        attack("as a claim", token, {"typ": GONE}, typ="at+jwt"),
        attack("cty instead", token, {"typ": GONE, "cty": "at+jwt"}),
        attack("TYP in capitals instead", token, {"typ": GONE, "TYP": "at+jwt"}),
        *(attack(repr(typ), token, {"typ": typ}) for typ in TYPES),
    ),
    *section(
        "typ where the issuer writes none",
        control("missing", token, {"typ": GONE}),
        control("JWT", token, {"typ": "JWT"}),
        *(attack(repr(typ), token, {"typ": typ}) for typ in TYPES),
        world=RELAXED,
    ),
    *section(
        "other tokens of the issuer",
        control("an access token", token, {"typ": "JWT"}, scope="openid", auth_time=int(NOW)),
        control("Keycloak's access token", token, {"typ": "JWT"}, typ="Bearer", nonce="n", azp="spa", sid="s"),
        control("Cognito's access token", token, {"typ": "JWT"}, token_use="access"),
        *(attack(name, token, {"typ": "JWT"}, **claims) for name, claims in OTHER_TOKENS.items()),
        *(attack(f"{name}, without typ", token, {"typ": GONE}, **claims) for name, claims in OTHER_TOKENS.items()),
        world=RELAXED,
    ),
    *section(
        "tokens that clients make",
        control("the issuer's own", token),
        attack("a DPoP proof", proof, CLIENT),
        attack("a DPoP proof by the issuer's key", proof, EC, kid="ec"),
        attack("a DPoP proof typed as a token", proof, CLIENT, typ="at+jwt"),
        attack("a DPoP proof with all that a token says", proof, CLIENT, said=ALICE),
        attack("a DPoP proof with all that a token says, typed as one", proof, CLIENT, said=ALICE, typ="at+jwt"),
        attack("a DPoP proof with all that a token says, by the issuer's key", proof, EC, said=ALICE, kid="ec"),
        attack("a client assertion", token, {"typ": "JWT"}, CLIENT, iss="spa", sub="spa", aud=AUDIENCE),
        attack("a client assertion by the issuer's key", token, None, EC, iss="spa", sub="spa"),
        attack("a request object", token, {"typ": "oauth-authz-req+jwt"}, CLIENT, iss="spa"),
    ),
    *section(
        "machines",
        control("a user by way of a client", token, client_id="spa", azp="spa"),
        *(attack(name, token, **claims).answered(NOT_PERMITTED) for name, claims in MACHINES.items()),
    ),
    *section(
        "machines by the issuer's own sign",
        control("a user", token, idtyp="user"),
        attack("a machine", token, idtyp="app"),
        attack("a machine among others", token, idtyp=["user", "app"]),
        world=MARKED,
        refusal=NOT_PERMITTED,
    ),
    *section(
        "scopes",
        control("of both", token, scope="openid profiles:write"),
        *(
            attack(name, token, scope=scope)
            for name, scope in {
                "missing": GONE,
                "empty": "",
                "null": None,
                "of others": "openid email",
                "in capitals": "PROFILES:WRITE",
                "with a comma": "profiles:write,profiles:read",
                "with a tab": "profiles:write\tprofiles:read",
                "an object": {"profiles:write": True},
                "a list in a list": [["profiles:write"]],
                "a prefix": "profiles:writer",
                "true": True,
            }.items()
        ),
        world=SCOPED,
        refusal=NOT_PERMITTED,
    ),
]
