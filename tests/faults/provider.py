"""The provider behind a fault proxy: documents, keys, introspection and userinfo, always in order."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from tests.faults.proxy import Answer, Request
from tests.minting import AUDIENCE, MintingProvider

DISCOVERY, JWKS, INTROSPECT, USERINFO = "openid-configuration", "jwks", "introspect", "userinfo"


class Provider(MintingProvider):
    """Signs tokens, and knows opaque ones: `grants` has what is said of each that is active."""

    def __init__(self, issuer: str, now: Callable[[], float]) -> None:
        super().__init__(issuer, now=now)
        self.metadata |= {f"{each}_endpoint": f"{issuer}/{each}" for each in ("introspection", "userinfo")}
        self.metadata["introspection_endpoint"] = f"{issuer}/{INTROSPECT}"
        self.grants: dict[str, dict[str, Any]] = {}

    def grant(self, token: str, **claims: Any) -> str:
        """An active opaque token of alice's."""
        now = int(self.now())
        standard = {"sub": "alice", "client_id": "spa", "aud": AUDIENCE, "scope": "openid profile", "exp": now + 3600}
        self.grants[token] = {**standard, "iss": self.issuer, "token_type": "Bearer", **claims}
        return token

    def answer(self, request: Request) -> Answer:
        match request.place:
            case "openid-configuration":
                return Answer(body=json.dumps(self.metadata).encode())
            case "jwks":
                return Answer(body=self.key_set())
            case "introspect":
                return self._introspected(request)
            case "userinfo":
                return self._user(request)
        return Answer(404)

    def _introspected(self, request: Request) -> Answer:
        if request.method != "POST" or "authorization" not in request.headers:
            return Answer(401, b'{"error": "invalid_client"}')
        token = parse_qs(request.body.decode()).get("token", [""])[0]
        said = self.grants.get(token)
        return Answer(body=json.dumps({"active": False} if said is None else {"active": True, **said}).encode())

    def _user(self, request: Request) -> Answer:
        said = self.grants.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if said is None:
            return Answer(401, headers=(("www-authenticate", 'Bearer error="invalid_token"'),))
        return Answer(body=json.dumps({"sub": said["sub"]}).encode())
