"""The configured sources: whose delivery it is, whether it is genuine, and whom it is about."""

import logging
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from profilegate.auth.issuers import Issuers
from profilegate.errors import InvalidConfiguration, MalformedBody, SourceNotFound
from profilegate.identifiers import USER_ID_LIMIT, is_identifier
from profilegate.profiles.deliveries import Delivery
from profilegate.profiles.events import IdentityEvent
from profilegate.profiles.record import ProfileKey
from profilegate.settings import IssuerSettings
from profilegate.sync.provider import Provider
from profilegate.sync.providers import provider_of
from profilegate.sync.said import Payload, Said, Unreadable
from profilegate.sync.signatures.given import Headers
from profilegate.sync.signatures.static import Static
from profilegate.sync.verifiers import verifier_of
from profilegate.sync_settings import WebhookSettings

log = logging.getLogger("profilegate.sync")

LONGEST_ID = 200
"""Characters of a delivery's id; a longer one is known by its digest."""


class Source:
    """One configured source."""

    def __init__(self, settings: WebhookSettings, issuer: str, issuers: Issuers) -> None:
        self.settings = settings
        self.name = settings.source
        self.issuer = issuer
        self.provider: Provider = provider_of(settings)
        self._issuers = issuers
        try:
            self.verifier = verifier_of(settings, self.provider, issuer, lambda: issuers.known(issuer))
        except ValueError as error:
            raise InvalidConfiguration([f"webhooks: a secret of {settings.source} is not usable: {error}"]) from error

    async def received(self, headers: Headers, body: bytes, now: float) -> Delivery | None:
        """The delivery, to be stored; None when it is genuine, but nothing for us. `now` is in Unix seconds.

        Raises InvalidSignature, MalformedBody or ProviderUnavailable.
        """
        verified = await self.verifier.verified(headers, body, now)
        keys = [key for said in self._read(verified.payload) if (key := self.key(said)) is not None or _is_logout(said)]
        if not keys:
            return None
        named = self.provider.delivery_id(verified.payload) or verified.delivery_id
        key = keys[0] or ProfileKey("", "")
        return Delivery(
            source=self.name,
            delivery_id=_bounded(named) if named else sha256(body).hexdigest(),
            received_at=int(now * 1000),
            body=body if self.provider.kept is None else msgspec.json.encode(self.provider.kept(verified.payload)),
            tenant_id=key.tenant_id,
            user_id=key.user_id,
        )

    def said(self, delivery: Delivery) -> Sequence[Said]:
        """What a stored delivery says. Raises MalformedBody when it cannot be read by this release any more."""
        return self._read(self.verifier.payload(delivery.body))

    def event(self, said: Said, delivery: Delivery) -> IdentityEvent | None:
        """What is said, of the record that it is about; None when it is about none of ours.

        A time that lies ahead of our clock is not believed: it would keep out what comes later.
        """
        key = self.key(said)
        if key is None or said.kind == "logout":
            return None
        latest = delivery.received_at + self.settings.tolerance * 1000
        return IdentityEvent(
            key=key,
            source=delivery.source,
            delivery_id=said.delivery_id or delivery.delivery_id,
            kind=said.kind,
            occurred_at=min(delivery.received_at if said.occurred_at is None else said.occurred_at, latest),
            sequence=said.sequence,
            fields=said.fields,
        )

    def key(self, said: Said) -> ProfileKey | None:
        """Whose record it is about; None when it is nobody of ours."""
        issuer = self.known
        if issuer is None or said.subject is None or said.issuer not in (None, self.issuer):
            return None
        tenant, user_id = self._tenant(said, issuer), issuer.user_id_prefix + said.subject
        if tenant is None or not is_identifier(user_id, USER_ID_LIMIT):
            return None
        return ProfileKey(tenant, user_id)

    @property
    def known(self) -> IssuerSettings | None:
        """The issuer as it is configured now; None when it is not any more."""
        known = self._issuers.known(self.issuer)
        return None if known is None else known.settings

    @property
    def tenants(self) -> tuple[str, ...]:
        """Of the users that it may tell about."""
        issuer = self.known
        if self.settings.tenant is not None or issuer is None:
            return (self.settings.tenant,) if self.settings.tenant else ()
        return issuer.tenants or (issuer.tenant,)

    def _tenant(self, said: Said, issuer: IssuerSettings) -> str | None:
        if self.settings.tenant is not None:
            return self.settings.tenant
        if issuer.tenant_claim is None:
            return issuer.tenant
        return said.tenant if said.tenant in issuer.tenants else None

    def _read(self, payload: Payload) -> Sequence[Said]:
        try:
            return self.provider.read(payload)
        except Unreadable as error:
            raise MalformedBody(f"The payload is not as documented: {error}.") from error


class Sources:
    """All of them, by name. Raises InvalidConfiguration when a secret cannot be one."""

    def __init__(self, settings: Sequence[WebhookSettings], issuers: Issuers) -> None:
        only = issuers.settings[0].issuer if len(issuers.settings) == 1 else ""
        self._sources = {each.source: Source(each, each.issuer or only, issuers) for each in settings}

    def named(self, name: str) -> Source:
        """Raises SourceNotFound."""
        try:
            return self._sources[name]
        except KeyError:
            raise SourceNotFound from None

    def of_tenant(self, tenant_id: str) -> list[Source]:
        """Those that may tell about this tenant's users."""
        return [each for each in self._sources.values() if tenant_id in each.tenants]

    def all(self) -> list[Source]:
        return list(self._sources.values())


def challenge_of(source: Source, headers: Headers) -> str:
    """What to repeat to a provider that asks whether the address is ours (Okta, one GET).

    Raises SourceNotFound for sources that do not ask so, and InvalidSignature.
    """
    challenges = headers.get("x-okta-verification-challenge", ())
    if source.settings.kind != "okta" or len(challenges) != 1 or not isinstance(source.verifier, Static):
        raise SourceNotFound
    source.verifier.check(headers)
    return challenges[0]


def _is_logout(said: Said) -> bool:
    return said.kind == "logout"


def _bounded(name: str) -> str:
    good = len(name) <= LONGEST_ID and name.isascii() and name.isprintable()
    return name if good else sha256(name.encode(errors="replace")).hexdigest()
