"""The face for reverse proxies: may this request pass, and who sends it? (contract of nginx `auth_request`, Caddy
`forward_auth`, Traefik ForwardAuth and Envoy `ext_authz`). It never makes a record."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote

from litestar import Response, asgi
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from profilegate.auth import rules
from profilegate.auth.credentials import TrustedProxies
from profilegate.auth.forwarded import below, original
from profilegate.auth.gate import Gate
from profilegate.auth.principal import Principal
from profilegate.errors import InvalidRequest, NotPermitted
from profilegate.faces.problems import problem
from profilegate.faces.refusals import Refusal, worded
from profilegate.faces.routing import Router
from profilegate.profiles.record import Profile
from profilegate.profiles.service import ProfileService

PLACE = "/auth/forward"

IDENTITY = ("x-auth-tenant", "x-auth-subject", "x-auth-scope")
PROFILE = {"x-profile-username": "username", "x-profile-name": "name", "x-profile-avatar": "avatar"}

# Each answer is for this one request: the next may come with a token that was revoked meanwhile.
NEVER_KEPT = ((b"cache-control", b"no-store"), (b"content-length", b"0"))


class ForwardAuth(Struct, frozen=True):
    """The endpoint as an ASGI application: it takes every method, and below its place every path."""

    gate: Gate
    profiles: ProfileService
    proxies: TrustedProxies

    def __deepcopy__(self, _: object) -> "ForwardAuth":
        # Litestar copies a router when it registers it; keys and connections are not to be copied with it.
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200 with the headers, or raise what the gate raises."""
        if scope["type"] != ScopeType.HTTP:
            return await send({"type": "websocket.close", "code": 1008, "reason": ""})
        caller = await self.gate.admit(original(scope, PLACE.encode(), self.proxies))
        _check(caller, _demands(scope))
        told = headers(caller, await self._profile(caller), self.profiles)
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
        await send({"type": "http.response.start", "status": 200, "headers": [*encoded, *NEVER_KEPT]})
        return await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _profile(self, caller: Principal) -> Profile | None:
        key = rules.shown(caller)
        return None if key is None else await self.profiles.recall(key)


def headers(caller: Principal, profile: Profile | None, profiles: ProfileService) -> dict[str, str]:
    """All six, empty where there is nothing to say: a proxy that copies them then replaces whatever a client sent.

    The user id keeps its blanks only inside: a header loses those at its ends, and would name somebody else.
    """
    if caller.user_id != caller.user_id.strip():
        raise NotPermitted
    identity = (caller.tenant_id, caller.user_id, " ".join(sorted(filter(_is_scope, caller.scopes))))
    return dict(zip(IDENTITY, identity, strict=True)) | {
        name: quote(_shown(profile, field, profiles), safe="") for name, field in PROFILE.items()
    }


def _shown(profile: Profile | None, field: str, profiles: ProfileService) -> str:
    if profile is None or profiles.rules.editing_of(field) == "off":
        return ""
    return profile.value(field) or ""


def _is_scope(text: str) -> bool:
    """Whether a scope is one of RFC 6749, section 3.3. Others could break out of the header."""
    return all("!" <= each <= "~" and each not in '"\\' for each in text)


def _demands(scope: Scope) -> Mapping[str, list[str]]:
    """What the proxy's configuration asks for beyond a good token. Below the place the query is the client's own."""
    if below(scope, PLACE.encode()):
        return {}
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _check(caller: Principal, demands: Mapping[str, list[str]]) -> None:
    """Raise InsufficientScope unless the caller has every `scope`, and is an operator where `operator` is asked for."""
    rules.require_scopes(caller, [each for value in demands.get("scope", ()) for each in value.split()])
    if "operator" in demands:
        rules.require(caller, "operator")


def router(
    gate: Gate, profiles: ProfileService, proxies: TrustedProxies, resource_metadata: str | None = None
) -> Router:
    """The whole face. `gate` knows the addresses of the protected applications."""
    endpoint = asgi(PLACE, is_mount=True, copy_scope=False)(ForwardAuth(gate, profiles, proxies))
    return Router(
        path="/", route_handlers=[endpoint], exception_handlers={Exception: worded(on_error, resource_metadata)}
    )


def on_error(refusal: Refusal) -> Response[bytes]:
    """Problem details. Proxies know 401 and 403 only: a credential that cannot be read is as good as none."""
    error = refusal.error
    status = 401 if isinstance(error, InvalidRequest) else error.status
    extra: dict[str, Any] = refusal.headers
    return problem(status, str(error), extra)
