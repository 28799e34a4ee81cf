"""What can be configured about the identity providers' webhooks, as frozen values: every key, default and unit."""

from typing import Literal

from msgspec import Struct, field

Ownership = Literal["user", "idp", "idp_until_edited"]
Signature = Literal[
    "standard", "digest", "timestamped", "static", "jwt_header", "jwt_body", "security_event", "logout_token"
]
ProviderName = Literal[
    "logto", "standard", "clerk", "supabase", "keycloak", "zitadel", "auth0", "okta", "workos", "fusionauth", "kinde",
    "security_events", "logout", "generic",
]  # fmt: skip


class OwnershipSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose word counts for each field when a provider's event says another value.

    "idp": the provider's, and the owner cannot edit it. "user": the provider's is never taken from events.
    "idp_until_edited": the provider's, until the user or an operator has set the field.
    """

    name: Ownership = "idp_until_edited"
    avatar: Ownership = "idp_until_edited"
    username: Ownership = "idp_until_edited"
    profile: Ownership = "idp_until_edited"
    """The standard claims: given name, locale, address ..."""
    custom_data: Ownership = "user"
    primary_email: Ownership = "idp"
    primary_phone: Ownership = "idp"
    identities: Ownership = "idp"
    claims: dict[str, Ownership] = {}
    """Single standard claims that differ from `profile`: `{ locale = "idp" }`."""


class MappingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a `generic` source's payload has what we need, as JSON pointers (RFC 6901)."""

    subject: str
    """The user's id, as in the tokens' `sub`."""
    event: str | None = None
    """The name of what happened. Without it every payload sets its fields."""
    set: tuple[str, ...] = ()
    """The names of events that tell fields of a user. Names that are in no list are ignored."""
    delete: tuple[str, ...] = ()
    suspend: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()
    """The names of events after which earlier tokens are refused."""
    occurred_at: str | None = None
    """When it happened: ISO 8601 text, Unix seconds or milliseconds. Without it, when it was received."""
    sequence: str | None = None
    """A whole number that orders events of the same moment."""
    delivery_id: str | None = None
    """What names the delivery, the same for every attempt. Without it, a digest of the body."""
    tenant: str | None = None
    snapshot: bool = False
    """Whether fields that a payload lacks are gone, instead of not being spoken of."""
    fields: dict[str, str] = {}
    """Field to pointer: `{ name = "/user/name", "oidc_profile.locale" = "/user/lang" }`."""


class ManagementSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The provider's API about its users, asked when an event says too little, or may have been lost."""

    url: str
    """Where one user is read, with {id} in the place of the user's id."""
    token_endpoint: str | None = None
    """Where a token for it is had with client credentials."""
    client_id: str | None = None
    client_secret: str | None = None
    scope: str | None = None
    audience: str | None = None
    resource: str | None = None
    token: str | None = None
    """A fixed token instead of client credentials."""
    header: str = "Authorization"
    scheme: str = "Bearer"
    """What stands before the token in the header; empty for nothing."""
    headers: dict[str, str] = {}
    """Further headers of every request: `{ apikey = { env = "SUPABASE_KEY" } }`."""
    timeout: float = 5.0
    """Seconds for one request."""
    missing: Literal["delete", "ignore"] = "delete"
    """What 404 means for a user, when it is said twice and another user is read in between."""

    def __repr__(self) -> str:
        return f"ManagementSettings(url={self.url!r}, ...)"  # secrets must not end up in traces


class WebhookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider whose webhooks are received at /webhooks/{source}."""

    source: str
    kind: ProviderName
    issuer: str | None = None
    """Whose users it tells about; needed where there are several issuers."""
    tenant: str | None = None
    """The tenant, where neither the issuer nor the payload tells it."""
    secrets: tuple[str, ...] = ()
    """What deliveries are signed with. Any of them is taken, so that one can follow another."""
    signature: Signature | None = None
    """How deliveries are signed, where it is not the provider's usual way."""
    header: str | None = None
    """The header that carries the signature or secret, where it is not the usual one."""
    algorithms: tuple[str, ...] = ("HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
    """With which JWTs may be signed."""
    audiences: tuple[str, ...] = ()
    """A JWT must name one of these in `aud`. Security events and logout tokens need one; else, without any, it is not
    looked at."""
    tolerance: int = 300
    """Seconds by which a delivery's time may differ from ours, both ways."""
    max_body: int = 262_144
    """Bytes of one delivery."""
    mapping: MappingSettings | None = None
    """For `generic`."""
    management: ManagementSettings | None = None
    reconcile_hours: int = 0
    """How often every record is compared with the provider's; 0 for never. Needs `management`."""

    def __repr__(self) -> str:
        return f"WebhookSettings(source={self.source!r}, ...)"  # secrets must not end up in traces


class SyncSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the identity providers keep the records in step."""

    ownership: OwnershipSettings = field(default_factory=OwnershipSettings)
    max_attempts: int = 10
    """Tries to apply a delivery before it is a dead letter; the pause between them doubles from 1 to 300 seconds."""
    retention_days: int = 14
    """How long applied deliveries are kept, to know them when they come again and to replay them."""
    silence_factor: int = 10
    """A source is called silent after so many times its usual pause, and at least an hour."""
