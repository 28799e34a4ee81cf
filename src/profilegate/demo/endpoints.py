"""What the authorization server offers beside its grants: introspection, userinfo and sign-out."""

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6750.errors import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.rpinitiated import EndSessionEndpoint
from joserfc import jwt

from profilegate.demo.clients import Client
from profilegate.demo.people import BY_SUB
from profilegate.demo.tokens import ALGORITHM, UNREADABLE, AccessTokens


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Tells an authenticated service what an access token says (RFC 7662). Refresh tokens are inactive to it."""

    CLIENT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def query_token(self, token_string: str, token_type_hint: str | None) -> dict[str, Any] | None:
        claims: dict[str, Any] | None = self.server.access_tokens.read(token_string)
        return claims

    def check_permission(self, token: object, client: Client, request: object) -> bool:
        """Every service may ask about every token: there is only one audience."""
        return True

    def create_introspection_payload(self, token: dict[str, Any] | None) -> dict[str, Any]:
        return {**token, "active": True, "token_type": "Bearer"} if token else {"active": False}


class EndSession(EndSessionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """RP-initiated logout. The provider keeps no session, so nothing ends here: the browser is sent home."""

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any]:
        """The claims of an ID token signed here, expired or not; Authlib's own would ask the wall clock."""
        try:
            return jwt.decode(id_token_hint, self.server.keys, [ALGORITHM]).claims
        except UNREADABLE as error:
            raise InvalidRequestError("The 'id_token_hint' cannot be read.") from error

    def _is_valid_post_logout_redirect_uri(self, client: Client, post_logout_redirect_uri: str) -> bool:
        return client.check_redirect_uri(post_logout_redirect_uri)

    def is_post_logout_redirect_uri_legitimate(self, *_: object) -> bool:
        """True even without an ID token: the URI is registered, and there is no session a stranger could end."""
        return True

    def end_session(self, end_session_request: object) -> None:
        pass


def userinfo(tokens: AccessTokens, token: str) -> Mapping[str, Any]:
    """The claims of the person an access token stands for (OIDC Core, section 5.3)."""
    claims = tokens.read(token)
    if claims is None:
        raise InvalidTokenError
    person = BY_SUB.get(claims["sub"])
    if person is None or "openid" not in claims["scope"].split():
        raise InsufficientScopeError
    return person.claims(claims["scope"])
