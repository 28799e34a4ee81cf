"""From a source's settings to the Verifier of its deliveries."""

from collections.abc import Callable

from profilegate.auth.issuer import KnownIssuer
from profilegate.sync.provider import Provider
from profilegate.sync.signatures.given import Verifier
from profilegate.sync.signatures.macs import Digest, Timestamped
from profilegate.sync.signatures.standard import StandardWebhooks, public_key, shared_key
from profilegate.sync.signatures.static import Static
from profilegate.sync.signatures.token_keys import TokenKeys, imported, is_public_key
from profilegate.sync.signatures.tokens import Expected, LogoutToken, SecurityEvent, TokenAsBody, TokenInHeader
from profilegate.sync_settings import Signature, WebhookSettings

USUAL_HEADERS = {"static": "authorization", "jwt_header": "authorization", "digest": "x-signature"}


def verifier_of(
    source: WebhookSettings, provider: Provider, issuer: str, known: Callable[[], KnownIssuer | None]
) -> Verifier:
    """The verifier. `issuer` is the `iss` of JWTs, `known` gives its keys. Raises ValueError for unusable secrets."""
    kind, header = kind_of(source, provider), header_of(source, provider)
    keys = tuple(each.encode() for each in source.secrets)
    match kind:
        case "standard":
            return _standard(source)
        case "digest":
            return Digest(header, keys)
        case "timestamped":
            return Timestamped(header, keys, source.tolerance)
        case "static":
            return Static(header, source.secrets)
    expected = Expected(_token_keys(source, known), issuer, source.audiences, source.tolerance)
    match kind:
        case "jwt_header":
            return TokenInHeader(header, expected)
        case "jwt_body":
            return TokenAsBody(expected)
        case "security_event":
            return SecurityEvent(expected)
    return LogoutToken(expected)


def kind_of(source: WebhookSettings, provider: Provider) -> Signature:
    """How the source signs."""
    return source.signature or provider.signature


def header_of(source: WebhookSettings, provider: Provider) -> str:
    """The header of the signature or secret, in lower case."""
    kind = kind_of(source, provider)
    usual = provider.header if kind == provider.signature else ""
    return (source.header or usual or USUAL_HEADERS.get(kind, "x-signature")).lower()


def _standard(source: WebhookSettings) -> StandardWebhooks:
    # Supabase writes several secrets as one, with bars between them.
    secrets = [part for each in source.secrets for part in each.split("|")]
    public = [each for each in secrets if each.startswith("whpk_")]
    shared = [each for each in secrets if not each.startswith("whpk_")]
    return StandardWebhooks(tuple(map(shared_key, shared)), tuple(map(public_key, public)), source.tolerance)


def _token_keys(source: WebhookSettings, known: Callable[[], KnownIssuer | None]) -> TokenKeys:
    return TokenKeys(
        algorithms=frozenset(source.algorithms),
        secrets=tuple(each.encode() for each in source.secrets if not is_public_key(each)),
        public_keys=tuple(imported(each) for each in source.secrets if is_public_key(each)),
        issuer=known,
    )
