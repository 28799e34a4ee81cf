"""Whether the settings of the providers' webhooks can be used, one by one and beside the issuers."""

import base64
import re
from collections.abc import Iterator, Sequence

from profilegate.identifiers import TENANT_ID_LIMIT, is_identifier, is_trusted_url
from profilegate.settings import ALGORITHMS, IssuerSettings
from profilegate.sync_settings import (
    ManagementSettings,
    MappingSettings,
    OwnershipSettings,
    ProviderName,
    Signature,
    SyncSettings,
    WebhookSettings,
)

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")  # RFC 6901, section 3

# With these the provider's own public keys can stand in for a secret.
WITHOUT_SECRET = frozenset({"jwt_header", "jwt_body", "security_event", "logout_token"})
# The providers' usual ways, as `sync.providers` has them, which a test compares.
USUAL: dict[ProviderName, Signature] = {
    "logto": "digest", "standard": "standard", "clerk": "standard",
    "supabase": "standard", "keycloak": "digest", "zitadel": "timestamped",
    "auth0": "static", "okta": "static", "workos": "timestamped", "fusionauth": "jwt_header", "kinde": "jwt_body",
    "security_events": "security_event", "logout": "logout_token",
}  # fmt: skip
# Others' tokens of the same issuer would pass for ours without it (RFC 8417, section 2.2; Logout 1.0, section 2.6).
WITH_AUDIENCE = frozenset({"security_event", "logout_token"})

# As `profiles.claims` and `profiles.record` have them, which a test compares: settings know no domain.
CLAIMS = frozenset({
    "familyName", "givenName", "middleName", "nickname", "preferredUsername", "profile", "website", "gender",
    "birthdate", "zoneinfo", "locale", "address",
})  # fmt: skip
FIELDS = frozenset({
    "username", "name", "avatar", "primary_email", "primary_phone", "custom_data", "identities", "sso_identities",
    "application_id", "has_password", "last_sign_in_at", "suspended_by_idp",
    *(f"oidc_profile.{each}" for each in CLAIMS),
})  # fmt: skip

KINDS = ("set", "delete", "suspend", "restore", "revoke")

HMACS = frozenset({"HS256", "HS384", "HS512"})
PUBLIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)


def within_sync(sync: SyncSettings) -> Iterator[str]:
    """Problems of the whole section by itself."""
    if not 1 <= sync.max_attempts <= 100:
        yield "max_attempts: must be between 1 and 100"
    if not 1 <= sync.retention_days <= 3650:
        yield "retention_days: must be between 1 and 3650"
    if not 2 <= sync.silence_factor <= 1000:
        yield "silence_factor: must be between 2 and 1000"


def within_ownership(ownership: OwnershipSettings) -> Iterator[str]:
    """Claims that are none."""
    for claim in sorted(set(ownership.claims) - CLAIMS):
        yield f"claims.{claim}: is not a standard claim; they are {', '.join(sorted(CLAIMS))}"


def between_sources(sources: Sequence[WebhookSettings], issuers: Sequence[IssuerSettings]) -> Iterator[str]:
    """Problems of the sources with one another, and with the issuers."""
    known = [each.issuer for each in issuers]
    for n, source in enumerate(sources):
        place = f"webhooks[{n}]"
        if source.source in [each.source for each in sources[:n]]:
            yield f"{place}.source: {source.source} is listed twice"
        if source.issuer is None and len(known) > 1:
            yield f"{place}.issuer: is needed, since there are several issuers"
        elif source.issuer is not None and source.issuer not in known:
            yield f"{place}.issuer: {source.issuer} is not one of the issuers"


def within_source(source: WebhookSettings) -> Iterator[str]:
    """Problems of one source by itself."""
    signature = source.signature or USUAL.get(source.kind, "standard")
    if not NAME.fullmatch(source.source):
        yield "source: must be 1 to 64 lower-case letters, digits, hyphens or underscores, as it is part of a URL"
    if source.tenant is not None and not is_identifier(source.tenant, TENANT_ID_LIMIT):
        yield f"tenant: must be 1 to {TENANT_ID_LIMIT} printable ASCII characters"
    if signature not in WITHOUT_SECRET and not source.secrets:
        yield "secrets: at least one is required"
    if not all(source.secrets):
        yield "secrets: must not be empty"
    if signature in WITH_AUDIENCE and not source.audiences:
        yield "audiences: at least one is required, or tokens that are meant for others would be taken"
    if signature == "standard" and not all(_is_base64(part) for each in source.secrets for part in each.split("|")):
        yield "secrets: must be base64, usually after whsec_ (or whpk_ for a public key)"
    if source.header is not None and not TOKEN.fullmatch(source.header):
        yield "header: must be the name of a header"
    if unknown := sorted(set(source.algorithms) - HMACS - ALGORITHMS):
        yield f"algorithms: {', '.join(unknown)} cannot be used"
    if not 1 <= source.tolerance <= 3600:
        yield "tolerance: must be between 1 and 3600 seconds"
    if not 1024 <= source.max_body <= 16_777_216:
        yield "max_body: must be between 1024 and 16777216 bytes"
    if not 0 <= source.reconcile_hours <= 8760:
        yield "reconcile_hours: must be between 0 and 8760"
    if source.reconcile_hours and source.management is None:
        yield "reconcile_hours: needs management, where the users are read"
    yield from _generic(source)


def _is_base64(secret: str) -> bool:
    text = secret.removeprefix("v1,").removeprefix("whsec_").removeprefix("whpk_")
    try:
        return bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False


def _generic(source: WebhookSettings) -> Iterator[str]:
    if (source.kind == "generic") != (source.mapping is not None):
        yield "mapping: is required for generic, and for no other provider"
    if source.kind == "generic" and source.signature is None:
        yield "signature: is required for generic"


def within_mapping(mapping: MappingSettings) -> Iterator[str]:
    """Pointers that are none, and fields that a record does not have."""
    pointers = {
        name: getattr(mapping, name)
        for name in ("subject", "event", "occurred_at", "sequence", "delivery_id", "tenant")
    }
    pointers |= {f"fields.{field}": pointer for field, pointer in mapping.fields.items()}
    for name, pointer in pointers.items():
        if pointer is not None and not POINTER.fullmatch(pointer):
            yield f"{name}: must be a JSON pointer such as /data/user/id"
    for field in sorted(set(mapping.fields) - FIELDS):
        yield f"fields.{field}: is not a field of a record"
    if mapping.event is None and (
        mapping.set or mapping.delete or mapping.suspend or mapping.restore or mapping.revoke
    ):
        yield "event: is needed to tell the events apart"


def within_management(management: ManagementSettings) -> Iterator[str]:
    """Problems of the provider's API."""
    address, _, query = management.url.replace("{id}", "id").partition("?")
    if "{id}" not in management.url or not is_trusted_url(address) or "#" in query:
        yield "url: must be an https URL (http only on a loopback address) with {id} in it"
    if management.token is None and not (
        management.client_id and management.client_secret and management.token_endpoint
    ):
        yield "token: is required, or client_id, client_secret and token_endpoint"
    if management.token_endpoint is not None and not is_trusted_url(management.token_endpoint):
        yield "token_endpoint: must be an https URL (http only on a loopback address), without query or fragment"
    if not TOKEN.fullmatch(management.header):
        yield "header: must be the name of a header"
    if not 0 < management.timeout <= 60:
        yield "timeout: must be more than 0 and at most 60 seconds"
