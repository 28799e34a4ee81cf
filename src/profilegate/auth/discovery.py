"""An issuer to its provider's metadata (OpenID Connect Discovery 1.0), and which of it may be followed."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import msgspec
from authlib.oidc.discovery import get_well_known_url
from msgspec import Struct

from profilegate.auth.documents import document
from profilegate.auth.refreshed import Refreshed
from profilegate.errors import ProviderUnavailable
from profilegate.identifiers import is_trusted_url
from profilegate.settings import IssuerSettings


class ProviderMetadata(Struct, frozen=True):
    """The members that are used here. Whatever else a provider says is not looked at."""

    issuer: str
    jwks_uri: str
    introspection_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    end_session_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


ADDRESSES = tuple(name for name in ProviderMetadata.__struct_fields__ if name.endswith(("_uri", "_endpoint")))


class Discovery:
    """The metadata of one provider, kept for `key_max_age` and longer while the provider is down."""

    def __init__(self, issuer: IssuerSettings, client: httpx.AsyncClient, ticks: Callable[[], float]) -> None:
        self._issuer = issuer
        self._client = client
        self._url: str = get_well_known_url(issuer.issuer, external=True)
        self._metadata = Refreshed(f"metadata of {issuer.issuer}", self._fetch, issuer.key_max_age, ticks)

    async def metadata(self) -> ProviderMetadata:
        """What the provider says of itself. Raises ProviderUnavailable when there is nothing that can be trusted."""
        return await self._metadata.current()

    def outdated(self) -> None:
        """Something of it has proven wrong: it is fetched again before it is next used."""
        self._metadata.outdated()

    def close(self) -> None:
        """Give up a fetch under way."""
        self._metadata.close()

    async def _fetch(self) -> ProviderMetadata:
        """The document must name exactly this issuer: another one would vouch for somebody else's tokens."""
        try:
            body = await document(self._client, self._url, self._issuer.timeout)
            metadata = msgspec.json.decode(body, type=ProviderMetadata)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ProviderUnavailable(f"{self._url} is not provider metadata") from error
        if metadata.issuer != self._issuer.issuer:
            raise ProviderUnavailable(f"{self._url} names the issuer {metadata.issuer!r}")
        for name in ADDRESSES:
            if (url := getattr(metadata, name)) is not None and not may_be_asked(url, self._issuer):
                metadata = self._without(metadata, name)
        return metadata

    def _without(self, metadata: ProviderMetadata, name: str) -> ProviderMetadata:
        if name == "jwks_uri":
            raise ProviderUnavailable(
                f"{self._url} has a jwks_uri that is neither at the issuer's origin nor at one of issuers.origins"
            )
        return msgspec.structs.replace(metadata, **{name: None})


def may_be_asked(url: str, issuer: IssuerSettings) -> bool:
    """Whether requests may go there: the issuer's own origin, or one that the settings list.

    A provider's metadata is not to send us, and our credentials, anywhere. A query is allowed: providers use it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not is_trusted_url(parts._replace(query="").geturl()):
        return False
    allowed = (issuer.issuer, *issuer.origins)
    return any(_origin(url) == _origin(each) for each in allowed)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
