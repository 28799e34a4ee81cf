"""An issuer to its provider's metadata (OpenID Connect Discovery 1.0)."""

from urllib.parse import urlsplit

import httpx
import msgspec
from authlib.oidc.discovery import get_well_known_url
from msgspec import Struct

from profilegate.auth.documents import document
from profilegate.errors import ProviderUnavailable
from profilegate.identifiers import is_trusted_url


class ProviderMetadata(Struct, frozen=True):
    """The members that are used here. Whatever else a provider says is not looked at."""

    issuer: str
    jwks_uri: str


async def discover(client: httpx.AsyncClient, issuer: str, timeout: float) -> ProviderMetadata:
    """The metadata of `issuer`. Raises ProviderUnavailable when there is none that can be trusted.

    The document must name exactly this issuer: another one would vouch for somebody else's tokens.
    """
    url: str = get_well_known_url(issuer, external=True)
    try:
        metadata = msgspec.json.decode(await document(client, url, timeout), type=ProviderMetadata)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderUnavailable(f"{url} is not provider metadata") from error
    if metadata.issuer != issuer:
        raise ProviderUnavailable(f"{url} names the issuer {metadata.issuer!r}")
    if not _is_trusted(metadata.jwks_uri, issuer):
        raise ProviderUnavailable(f"{url} has a jwks_uri that is not https")
    return metadata


def _is_trusted(jwks_uri: str, issuer: str) -> bool:
    """https, or http where the issuer itself is a loopback one. A query is allowed: providers use it."""
    try:
        parts = urlsplit(jwks_uri)
    except ValueError:
        return False
    plain_allowed = urlsplit(issuer).scheme == "http"
    return is_trusted_url(parts._replace(query="").geturl()) and (parts.scheme == "https" or plain_allowed)
