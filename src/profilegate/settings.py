"""Everything that can be configured, as frozen values: the one description of every key, default and unit.

`config/profilegate.example.toml` shows each of them. `configuration.load` makes these from a file and the
environment; a host application makes them itself. Nothing is read, checked or connected here.
"""

from typing import Literal, get_args

from msgspec import Struct, field

from profilegate.account_settings import AccountSettings
from profilegate.sync_settings import SyncSettings, WebhookSettings

Editing = Literal["edit", "read_only", "off"]
Managed = Literal["read_only", "off"]
Letters = Literal["lowercase", "uppercase", "numbers", "underscore"]
ClientAuthentication = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
Permission = Literal["read", "write", "email", "phone", "custom_data", "identities", "address", "operator"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

# Signatures by a key pair only: with a shared secret every holder could mint tokens (RFC 8725, section 3.1).
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"}
)


class ServerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The standalone service. A host application has its own server and ignores most of this."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    """Processes. The embedded database takes one."""
    public_url: str | None = None
    """The URL under which clients reach the service, where it is not http://host:port."""
    cors_origins: tuple[str, ...] = ()
    """The exact origins of web pages that may call the profile endpoints: "https://app.example.com"."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of the proxies whose client certificate header, and whose word at /auth/forward on the request that
    they ask about, is believed: "10.0.0.0/8"."""
    client_certificate_header: str | None = None
    """The header in which these proxies pass on the client's TLS certificate: "Client-Cert" (RFC 9440)."""
    max_body: int = 65_536
    """Bytes of a request body."""
    stop_delay: float = 0.0
    """Seconds for which /ready says that the service is about to stop before it does, so that nobody is sent to it."""
    stop_timeout: int = 20
    """Seconds that requests under way get to finish when the service stops."""
    tracing: bool = False
    """OpenTelemetry traces, to where its own variables say. Needs the extra `otel`."""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class DatabaseSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PostgreSQL by `url`; without one the embedded SQLite in the file `path`."""

    url: str | None = None
    path: str = "profilegate.db"
    pool_min: int = 1
    pool_max: int = 10
    """Connections per process."""
    connect_timeout: float = 3.0
    acquire_timeout: float = 2.0
    """Seconds to wait for a free connection."""
    statement_timeout: float = 4.0
    """Seconds. On SQLite, how long a statement waits for a lock."""
    pgbouncer: bool = False
    """Behind a transaction pooler that does not track prepared statements: make none."""
    listen_url: str | None = None
    """PostgreSQL itself, round the pooler, to be told of changes there. Without it, behind one, no record is cached."""
    replica_urls: tuple[str, ...] = ()
    """Replicas from which other people's public profiles are read; everything else is read where it is written."""

    @property
    def is_postgres(self) -> bool:
        return self.url is not None

    def __repr__(self) -> str:
        return f"DatabaseSettings({'PostgreSQL' if self.is_postgres else self.path!r}, ...)"  # the url has a password


class OperatorRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is an operator: a scope, or a claim that has this value or holds it in a list."""

    scope: str | None = None
    claim: str | None = None
    value: str | bool | int = True


class MachineRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further sign, besides the known ones, that a token belongs to a machine and not to a user."""

    claim: str
    value: str | bool | int


class IntrospectionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to ask a provider about its opaque tokens (RFC 7662), and as which of its clients."""

    client_id: str
    client_secret: str | None = None
    method: ClientAuthentication = "client_secret_basic"
    private_key: str | None = None
    """For `private_key_jwt`: a PEM or a JWK."""
    endpoint: str | None = None
    """Where the provider's metadata does not name its introspection endpoint."""

    def __repr__(self) -> str:
        return (
            f"IntrospectionSettings(client_id={self.client_id!r}, ...)"  # settings end up in traces, secrets must not
        )


class IssuerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One identity provider whose tokens are accepted."""

    issuer: str
    """The exact `iss` of its tokens. https; http on a loopback address only."""
    audiences: tuple[str, ...]
    """A token must name one of these in `aud`. Without any, no JWT is accepted, only opaque tokens."""
    tenant: str = "default"
    tenant_claim: str | None = None
    """The claim that names the tenant, instead of `tenant`."""
    tenants: tuple[str, ...] = ()
    """The values that `tenant_claim` may have."""
    aliases: tuple[str, ...] = ()
    """Other issuers of this list whose subjects are the same people, so that they may share user ids."""
    user_id_prefix: str = ""
    """Put before `sub` to make the user id, so that two providers of one tenant cannot collide."""
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
    require_at_jwt: bool = True
    """Whether a token must say `typ: at+jwt` (RFC 9068). Keycloak, Auth0 and ZITADEL need false."""
    leeway: int = 30
    """Seconds by which clocks may differ."""
    key_max_age: int = 300
    """Seconds after which the provider's keys are fetched again."""
    key_cooldown: int = 10
    """Seconds between two fetches that unknown key ids can cause."""
    timeout: float = 3.0
    """Seconds for one request to the provider."""
    origins: tuple[str, ...] = ()
    """Origins besides the issuer's own to which the provider's metadata may send requests."""
    require_binding: bool = False
    """Whether only tokens are accepted that are bound to a key or certificate of the client."""
    introspection: IntrospectionSettings | None = None
    """Accept opaque tokens, by asking the introspection endpoint about each."""
    userinfo: bool = False
    """Accept opaque tokens for which the userinfo endpoint answers, where there is no introspection."""
    userinfo_permissions: tuple[Permission, ...] = ("read",)
    """What such a token permits: userinfo tells neither its scopes nor for whom it was issued."""
    clients: tuple[str, ...] = ()
    """The `client_id`s whose opaque tokens are accepted though the provider does not say for whom they are."""
    hosts: tuple[str, ...] = ()
    """The request hosts at which opaque tokens are this issuer's, where several issuers take some."""
    opaque_max_age: int = 60
    """Seconds, at most 60, for which the provider's answer about an opaque token holds."""
    scopes: dict[str, tuple[Permission, ...]] | None = None
    """Which permissions a scope gives. Without it a JWT has every permission but operator, and an opaque token those of
    Logto's scopes."""
    operator: OperatorRule | None = None
    machine: MachineRule | None = None

    @property
    def takes_opaque_tokens(self) -> bool:
        return self.introspection is not None or self.userinfo


class DPoPSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Proofs of possession (RFC 9449). They are always accepted; this says how strictly."""

    max_age: int = 60
    """Seconds since a proof was made; 30 more are allowed for clocks that differ."""
    nonce_secret: str | None = None
    """At least 32 characters, the same for every worker: proofs must then carry a nonce of ours."""

    def __repr__(self) -> str:
        return f"DPoPSettings(max_age={self.max_age}, ...)"


class UsernameSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pattern: str = "[A-Za-z_][0-9A-Za-z_]*"
    """A regular expression for the whole username. ASCII only, at most 128 characters, in any case."""
    case_sensitive: bool = False
    """Whether "Bob" and "bob" are two usernames. Changing it needs `profilegate migrate`."""
    min_length: int = 1
    max_length: int = 128
    """Characters."""
    allowed: tuple[Letters, ...] = ("lowercase", "uppercase", "numbers", "underscore")
    """Which of the characters of the default pattern may be used."""
    reserved: tuple[str, ...] | Literal["standard"] = ()
    """Usernames that nobody may take: a list, or "standard" for the words that usually mean something else."""
    checks_per_minute: int = 60
    """Questions whether a username is free, per caller and process."""


class AvatarSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    base_url: str = "https://api.dicebear.com/9.x/adventurer/svg"
    """What generated avatars start with; `?seed=...` is added."""


class FieldSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the owner of a record may do with each field; what is off is not shown either. Operators may edit all."""

    name: Editing = "edit"
    avatar: Editing = "edit"
    username: Editing = "edit"
    profile: Editing = "edit"
    """The standard claims: given name, locale, address ..."""
    custom_data: Editing = "edit"
    primary_email: Managed = "read_only"
    primary_phone: Managed = "read_only"
    identities: Managed = "read_only"


class PhoenixSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    create_on_read: Literal["anyone", "self"] = "anyone"
    """Whose reading makes a record: anyone's, or only its owner's (others then get 404)."""
    creations_per_hour: int = 600
    """Records of other people that one caller may make."""


class AppsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Applications and the documents that they keep about users."""

    public_tenant: str | None = None
    """Whose applications are listed to callers without a token, where there are several tenants."""
    max_document: int = 65_536
    """Bytes of one document, as JSON without white space."""
    max_depth: int = 32
    """Levels of objects and arrays."""
    max_keys: int = 4_096
    """Members of all objects of a document together."""
    bulk_max_body: int = 268_435_456
    """Bytes of a bulk request."""
    bulk_max_items: int = 250_000


class CacheSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each process remembers of the database."""

    max_bytes: int = 67_108_864
    """Bytes of records, with the answers made of them. 0 remembers none: every request reads the database."""
    lane: bool = True
    """Whether the standalone service answers plain reads and changes of known callers before any routing."""


class ForwardAuthSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What reverse proxies ask at /auth/forward."""

    addresses: tuple[str, ...] = ()
    """The origins of the protected applications, which proofs of possession must name: "https://app.example.com"."""


class PrivacySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people may do about their data, and how long what they did is remembered."""

    own_erasure: bool = True
    """Whether people may erase their own record. Operators always may."""
    history_days: int = 0
    """Days for which is kept who changed which fields of a record; 0 for ever."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration. That its parts fit together is for `consistency.checked` to say."""

    issuers: tuple[IssuerSettings, ...]
    server: ServerSettings = field(default_factory=ServerSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    dpop: DPoPSettings = field(default_factory=DPoPSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    usernames: UsernameSettings = field(default_factory=UsernameSettings)
    avatars: AvatarSettings = field(default_factory=AvatarSettings)
    fields: FieldSettings = field(default_factory=FieldSettings)
    phoenix: PhoenixSettings = field(default_factory=PhoenixSettings)
    apps: AppsSettings = field(default_factory=AppsSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    webhooks: tuple[WebhookSettings, ...] = ()
    forward_auth: ForwardAuthSettings = field(default_factory=ForwardAuthSettings)
    account: AccountSettings | None = None
