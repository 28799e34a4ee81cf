"""What can be configured about the account page, as frozen values: every key, default and unit."""

from msgspec import Struct, field


class BrandingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the page looks like yours."""

    name: str = "profilegate"
    """What the page calls the service."""
    logo: str | None = None
    """A file with an SVG, PNG or WebP image, shown beside the name."""
    accent: str = "#3056d3"
    """The colour of buttons and links, as #rrggbb."""


class AccountSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page at /account where people see and change their own profile."""

    client_id: str
    """Of the client that the page is at the provider, with the redirect URI {server.public_url}/account/callback."""
    client_secret: str | None = None
    """Without one the page is a public client; PKCE is used either way."""
    session_secret: str
    """At least 32 characters, the same for every worker: seals what a browser keeps during a sign-in."""
    issuer: str | None = None
    """Who signs people in; needed where there are several issuers."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    """What is asked for at sign-in."""
    session_hours: int = 12
    """After which people sign in again."""
    branding: BrandingSettings = field(default_factory=BrandingSettings)

    def __repr__(self) -> str:
        return f"AccountSettings(client_id={self.client_id!r}, ...)"  # secrets must not end up in traces
