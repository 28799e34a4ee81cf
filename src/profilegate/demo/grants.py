"""The three ways to a token, and the two rules that Authlib leaves to the provider."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from profilegate.demo.clients import Client
from profilegate.demo.issued import Code, RefreshToken
from profilegate.demo.parameters import ProviderRequest
from profilegate.demo.people import Person


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """A person signs in (RFC 6749, section 4.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: ProviderRequest) -> None:
        asked = request.payload.data
        self.server.codes.put(
            code,
            Code(
                value=code,
                client_id=request.client.client_id,
                person=request.user,
                scope=request.scope,
                redirect_uri=asked["redirect_uri"],
                code_challenge=asked["code_challenge"],
                code_challenge_method=asked["code_challenge_method"],
                nonce=asked.get("nonce"),
                auth_time=int(self.server.now()),
            ),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.codes.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.codes.drop(authorization_code.value)

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """A client carries on without the person (RFC 6749, section 6); the refresh token is replaced at each use."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        found: RefreshToken | None = self.server.refresh_tokens.get(refresh_token)
        return found

    def authenticate_user(self, refresh_token: RefreshToken) -> Person:
        return refresh_token.person

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        self.server.refresh_tokens.drop(refresh_token.value)


class MachineGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """A service acts for itself (RFC 6749, section 4.4); the subject of its token is its client id."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class RequiredChallenge(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE that cannot be left out: Authlib would notice a missing challenge only when the code is redeemed,
    and would read a missing method as plain."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    CODE_CHALLENGE_METHODS = {"S256": compare_s256_code_challenge}  # noqa: RUF012  Authlib's attribute

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE is required: send 'code_challenge' with 'code_challenge_method=S256'.")
        super().validate_code_challenge(grant, redirect_uri)


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """A token was asked for somebody else's API (RFC 8707, section 2)."""

    error = "invalid_target"


@dataclass(frozen=True)
class OneResource:
    """The `resource` parameter (RFC 8707): it may be left out, but must not name anything but our audience."""

    audience: str

    def __call__(self, grant: Any) -> None:
        grant.register_hook("before_validate_authorization_request_payload", self.check)
        grant.register_hook("before_create_token_response", self.check)

    def check(self, grant: Any, *_: object) -> None:
        if set(grant.request.payload.datalist.get("resource", ())) - {self.audience}:
            raise InvalidTargetError("Tokens are issued for one audience only.")
