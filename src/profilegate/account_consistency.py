"""Whether the settings of the account page can be used."""

import re
from collections.abc import Iterator
from pathlib import Path

from profilegate.account_settings import AccountSettings, BrandingSettings
from profilegate.identifiers import is_loopback
from profilegate.settings import Settings

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
IMAGES = (".svg", ".png", ".webp")
LARGEST_LOGO = 262_144
"""Bytes."""


def within_account(account: AccountSettings) -> Iterator[str]:
    """Problems of the section by itself."""
    if not account.client_id:
        yield "client_id: must not be empty"
    if len(account.session_secret) < 32:
        yield "session_secret: must have at least 32 characters"
    if "openid" not in account.scopes:
        yield "scopes: must have openid, or nobody can be told from anybody"
    if not 1 <= account.session_hours <= 720:
        yield "session_hours: must be between 1 and 720"


def within_branding(branding: BrandingSettings) -> Iterator[str]:
    """Problems of how the page looks."""
    if not 0 < len(branding.name) <= 60:
        yield "name: must be 1 to 60 characters"
    if not COLOUR.fullmatch(branding.accent):
        yield "accent: must be a colour such as #3056d3"
    if branding.logo is not None:
        yield from _logo(Path(branding.logo))


def beside_account(settings: Settings) -> Iterator[str]:
    """Problems of the page with the other sections."""
    account, issuers = settings.account, [each.issuer for each in settings.issuers]
    if account is None:
        return
    if account.issuer is None and len(issuers) > 1:
        yield "account.issuer: is needed, since there are several issuers"
    if account.issuer is not None and account.issuer not in issuers:
        yield f"account.issuer: {account.issuer} is not one of the issuers"
    if settings.server.public_url is None and not is_loopback(settings.server.host):
        yield "server.public_url: is needed for the account page, since people come back to it from the provider"


def _logo(path: Path) -> Iterator[str]:
    if path.suffix.lower() not in IMAGES:
        yield f"logo: must be one of {', '.join(IMAGES)}"
    elif not path.is_file() or path.stat().st_size > LARGEST_LOGO:
        yield f"logo: {path} must be a file of at most {LARGEST_LOGO} bytes"
