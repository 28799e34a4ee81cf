"""As whom we ask a provider: the ways of a client to prove itself (RFC 6749, section 2.3.1; RFC 7523)."""

import base64
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import httpx
import msgspec
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode

from profilegate.private_keys import algorithm, private_key
from profilegate.settings import IntrospectionSettings

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

ASSERTION_SECONDS = 60

Form = dict[str, str]


class ClientAuthentication:
    """Makes requests of a form that say who asks. `clock` gives Unix seconds; `audience` is the issuer."""

    def __init__(self, settings: IntrospectionSettings, audience: str, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._audience = audience
        self._clock = clock
        self._key = private_key(settings.private_key or "") if settings.method == "private_key_jwt" else None

    def request(self, client: httpx.AsyncClient, url: str, form: Form) -> httpx.Request:
        """A POST of the form, with our credentials where the method puts them."""
        client_id, secret = self._settings.client_id, self._settings.client_secret or ""
        if self._key is not None:
            return client.build_request("POST", url, data=form | self._assertion(self._key))
        if self._settings.method == "client_secret_post":
            return client.build_request("POST", url, data=form | {"client_id": client_id, "client_secret": secret})
        return client.build_request("POST", url, data=form, headers={"authorization": basic(client_id, secret)})

    def _assertion(self, key: RSAKey | ECKey | OKPKey) -> Form:
        """Made for one request only: it may be used once. The issuer as the audience tells all its endpoints apart
        from those of others, and nobody else can use what it gets (RFC 7523bis)."""
        now, client_id = int(self._clock()), self._settings.client_id
        claims = {"iss": client_id, "sub": client_id, "aud": self._audience, "jti": secrets.token_urlsafe(16)}
        times = {"iat": now, "exp": now + ASSERTION_SECONDS}
        header = {"alg": algorithm(key), "typ": "JWT"} | ({"kid": key.kid} if key.kid else {})
        assertion = signed(header, claims | times, key)
        return {"client_id": client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def signed(header: dict[str, str], claims: dict[str, Any], key: RSAKey | ECKey | OKPKey | OctKey) -> str:
    """A compact JWS (RFC 7515, section 7.1)."""
    said = b".".join(urlsafe_b64encode(msgspec.json.encode(part)) for part in (header, claims))
    signature = JWSRegistry.algorithms[header["alg"]].sign(said, key)
    return b".".join((said, urlsafe_b64encode(signature))).decode()


def basic(client_id: str, secret: str) -> str:
    """The header of client_secret_basic; both parts are form-encoded first, which other uses of Basic do not."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
