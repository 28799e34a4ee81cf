"""The authorization server: Authlib's, with the grants it is to offer and the memory they need."""

from collections.abc import Sequence
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.authenticate_client import authenticate_client_secret_basic
from litestar import Response

from profilegate.demo.clients import Client, registered
from profilegate.demo.endpoints import EndSession, Introspection
from profilegate.demo.grants import CodeGrant, MachineGrant, OneResource, RefreshGrant, RequiredChallenge
from profilegate.demo.issued import Code, Expiring, RefreshToken
from profilegate.demo.parameters import ProviderRequest
from profilegate.demo.tokens import AccessTokens, Clock, IdTokens, fresh_keys

CODE_LIFETIME = 60
REFRESH_LIFETIME = 24 * 3600
"""Seconds. A code is redeemed at once; a day of refreshing is a day of work at the demo."""


class DemoServer(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Issues tokens of one issuer for one audience; knows requests and responses, but no routes."""

    def __init__(self, issuer: str, audience: str, now: Clock, redirect_uris: Sequence[str]) -> None:
        super().__init__()
        self.issuer = issuer
        self.now = now
        self.clients = registered(redirect_uris)
        self.codes = Expiring[Code](CODE_LIFETIME, now)
        self.refresh_tokens = Expiring[RefreshToken](REFRESH_LIFETIME, now)
        self.keys = fresh_keys()
        self.access_tokens = AccessTokens(issuer, audience, self.keys, now)
        self._register(OneResource(audience))

    def _register(self, resource: OneResource) -> None:
        id_tokens = IdTokens(self.issuer, self.keys, self.now)
        self.register_client_auth_method("client_secret_basic", _client_secret_basic)
        self.register_token_generator("default", self.access_tokens)
        self.register_grant(CodeGrant, [RequiredChallenge(), id_tokens, resource])
        self.register_grant(RefreshGrant, [resource])
        self.register_grant(MachineGrant, [resource])
        self.register_endpoint(Introspection)
        self.register_endpoint(EndSession)

    def query_client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: ProviderRequest) -> None:
        """Remembers the refresh token, if there is one; access tokens carry their own proof.

        A new refresh token keeps the scope of the old one, however little was asked for (RFC 6749, section 6).
        """
        if value := token.get("refresh_token"):
            scope = request.refresh_token.scope if request.refresh_token else token["scope"]
            kept = RefreshToken(value, request.client.client_id, request.user, scope)
            self.refresh_tokens.put(value, kept)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: ProviderRequest) -> ProviderRequest:
        """The request itself: the routes have read it already, because reading needs await."""
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Response[Any]:
        return Response(body, status_code=status, headers=dict(headers))


def _client_secret_basic(query_client: Any, request: ProviderRequest) -> Any:
    """Authlib's own check, where a header that is not even text counts as no credentials."""
    try:
        return authenticate_client_secret_basic(query_client, request)
    except ValueError:
        return None
