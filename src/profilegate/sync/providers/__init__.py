"""One file for each provider, and the list of them."""

from profilegate.sync.provider import Provider
from profilegate.sync.providers.auth0 import AUTH0
from profilegate.sync.providers.clerk import CLERK
from profilegate.sync.providers.fusionauth import FUSIONAUTH
from profilegate.sync.providers.generic import generic
from profilegate.sync.providers.keycloak import KEYCLOAK
from profilegate.sync.providers.kinde import KINDE
from profilegate.sync.providers.logout import LOGOUT
from profilegate.sync.providers.logto import LOGTO
from profilegate.sync.providers.okta import OKTA
from profilegate.sync.providers.security_events import SECURITY_EVENTS
from profilegate.sync.providers.standard import STANDARD
from profilegate.sync.providers.supabase import SUPABASE
from profilegate.sync.providers.workos import WORKOS
from profilegate.sync.providers.zitadel import ZITADEL
from profilegate.sync_settings import ProviderName, WebhookSettings

PROVIDERS: dict[ProviderName, Provider] = {
    "logto": LOGTO,
    "standard": STANDARD,
    "clerk": CLERK,
    "supabase": SUPABASE,
    "keycloak": KEYCLOAK,
    "zitadel": ZITADEL,
    "auth0": AUTH0,
    "okta": OKTA,
    "workos": WORKOS,
    "fusionauth": FUSIONAUTH,
    "kinde": KINDE,
    "security_events": SECURITY_EVENTS,
    "logout": LOGOUT,
}


def provider_of(source: WebhookSettings) -> Provider:
    """The provider that a source's settings name, or describe."""
    if source.mapping is not None:
        return generic(source.mapping, source.signature or "standard", "")
    return PROVIDERS[source.kind]
