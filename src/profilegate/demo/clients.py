"""The applications that may ask for tokens. Their names and the one secret are public knowledge."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from profilegate.demo.loopback import without_port

ACCOUNT_CLIENT = "demo-account"

_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_ON_LOOPBACK = tuple(f"http://{host}{path}" for host in _LOOPBACK_HOSTS for path in ("/callback", "/"))


@dataclass(frozen=True)
class Client:
    """A registered client in the shape of Authlib's ClientMixin; without a secret it is a public one.

    `scopes` is what it may ask for and what it gets when it asks for nothing (RFC 6749, section 3.3).
    """

    client_id: str
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: a client always says where the answer goes."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The known ones among the scopes asked for, in the registered order; None when none of them is known."""
        asked = (scope or "").split() or self.scopes
        return " ".join(known for known in self.scopes if known in asked) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Character for character, but for the port of a loopback URI. Serves sign-in and sign-out alike."""
        return without_port(redirect_uri) in map(without_port, self.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and secrets.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


def registered(redirect_uris: Sequence[str]) -> dict[str, Client]:
    """Every client by its id; the redirect URIs are those of demo-spa, beside `/callback` and `/` on loopback."""
    spa = Client(
        "demo-spa",
        grant_types=("authorization_code", "refresh_token"),
        scopes=("openid", "profile", "email", "offline_access"),
        redirect_uris=(*_ON_LOOPBACK, *redirect_uris),
    )
    account = Client(
        ACCOUNT_CLIENT,
        grant_types=("authorization_code",),
        scopes=("openid", "profile", "email"),
        redirect_uris=tuple(f"http://127.0.0.1/account/{page}" for page in ("callback", "signed-out")),
    )
    service = Client(
        "demo-service",
        grant_types=("client_credentials",),
        scopes=("read", "write"),
        secret="demo-secret",  # noqa: S106  public; it protects nothing but demo data
    )
    return {client.client_id: client for client in (spa, account, service)}
