"""A delivery signed as its provider would, for trying a configuration out. The inverse of `signatures`."""

import base64
import secrets
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import OctKey
from msgspec import Struct

from profilegate.auth.client_authentication import signed as token_of
from profilegate.auth.json_object import json_object
from profilegate.errors import InvalidConfiguration
from profilegate.private_keys import algorithm, private_key
from profilegate.sync.providers import provider_of
from profilegate.sync.signatures.macs import hexadecimal
from profilegate.sync.signatures.standard import mac, shared_key
from profilegate.sync.signatures.static import spellings
from profilegate.sync.signatures.token_keys import is_public_key
from profilegate.sync.signatures.tokens import BODY_DIGEST
from profilegate.sync.verifiers import header_of, kind_of
from profilegate.sync_settings import WebhookSettings

TYPES = {"jwt_body": "JWT", "security_event": "secevent+jwt", "logout_token": "logout+jwt", "jwt_header": "JWT"}
MEDIA_TYPES = {
    "jwt_body": "application/jwt",
    "security_event": "application/secevent+jwt",
    "logout_token": "application/x-www-form-urlencoded",
}


class SignedDelivery(Struct, frozen=True):
    """What to send."""

    headers: dict[str, str]
    body: bytes


def signed_delivery(
    source: WebhookSettings, issuer: str, body: bytes, now: int, delivery_id: str, key: str | None = None
) -> SignedDelivery:
    """The body as a delivery of this source, with its first secret; `key` is a private key (PEM or JWK) for JWTs.

    For kinds whose body is a JWT, `body` holds its claims; `iss`, `aud`, `iat` and `jti` are added where they are
    missing. `now` is in Unix seconds. Raises InvalidConfiguration when there is nothing to sign with.
    """
    provider = provider_of(source)
    kind, header = kind_of(source, provider), header_of(source, provider)
    headers = {"content-type": MEDIA_TYPES.get(kind, "application/json")}
    if kind in MEDIA_TYPES:
        token = _token(source, kind, _completed(source, issuer, json_object(body), now), key)
        return SignedDelivery(headers, urlencode({"logout_token": token}).encode() if kind == "logout_token" else token)
    match kind:
        case "standard":
            headers |= _standard(source, body, now, delivery_id)
        case "digest":
            headers[header] = hexadecimal(_secret(source).encode(), body)
        case "timestamped":
            signature = hexadecimal(_secret(source).encode(), b".".join((str(now).encode(), body)))
            headers[header] = f"t={now},v1={signature}"
        case "static":
            headers[header] = spellings(_secret(source))[-1 if ":" in _secret(source) else 0]
        case "jwt_header":
            digest = base64.b64encode(sha256(body).digest()).decode()
            headers[header] = _token(source, kind, {BODY_DIGEST: digest, "iat": now}, key).decode()
    return SignedDelivery(headers, body)


def _standard(source: WebhookSettings, body: bytes, now: int, delivery_id: str) -> dict[str, str]:
    key = shared_key(_secret(source).split("|")[0])
    signature = mac(key, b".".join((delivery_id.encode(), str(now).encode(), body)))
    prefix = "svix" if source.kind == "clerk" else "webhook"
    return {f"{prefix}-id": delivery_id, f"{prefix}-timestamp": str(now), f"{prefix}-signature": f"v1,{signature}"}


def _completed(source: WebhookSettings, issuer: str, claims: dict[str, Any], now: int) -> dict[str, Any]:
    usual = {"iss": issuer, "iat": now, "jti": secrets.token_urlsafe(16)}
    return usual | ({"aud": source.audiences[0]} if source.audiences else {}) | claims


def _token(source: WebhookSettings, kind: str, claims: dict[str, Any], key: str | None) -> bytes:
    if key is None:
        secret = OctKey.import_key(_secret(source).encode())
        return token_of({"alg": "HS256", "typ": TYPES[kind]}, claims, secret).encode()
    private = private_key(key)
    header = {"alg": algorithm(private), "typ": TYPES[kind]} | ({"kid": private.kid} if private.kid else {})
    return token_of(header, claims, private).encode()


def _secret(source: WebhookSettings) -> str:
    shared = [each for each in source.secrets if not is_public_key(each) and not each.startswith("whpk_")]
    if not shared:
        raise InvalidConfiguration([f"webhooks: {source.source} has no shared secret; give a private key"])
    return shared[0]
