"""Where the page is, and what it looks like."""

from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from profilegate.account_settings import BrandingSettings

IMAGES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}

PATH = "/account"


class Place(Struct, frozen=True):
    """`url` is the service's own, without a final slash; `sign_out_origins` are the provider's."""

    url: str
    name: str
    accent: str
    logo: bytes | None
    logo_type: str
    sign_out_origins: tuple[str, ...]

    @property
    def origin(self) -> str:
        return origin_of(self.url)

    @property
    def secure(self) -> bool:
        return self.url.startswith("https:")

    @property
    def path(self) -> str:
        """Where browsers find the page: below whatever a proxy puts before it."""
        return urlsplit(self.url).path + PATH

    @property
    def callback(self) -> str:
        return f"{self.url}{PATH}/callback"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def place_of(url: str, branding: BrandingSettings, sign_out_origins: tuple[str, ...]) -> Place:
    """Reads the logo, once."""
    logo = None if branding.logo is None else Path(branding.logo)
    return Place(
        url=url.rstrip("/"),
        name=branding.name,
        accent=branding.accent,
        logo=None if logo is None else logo.read_bytes(),
        logo_type="" if logo is None else IMAGES[logo.suffix.lower()],
        sign_out_origins=sign_out_origins,
    )
