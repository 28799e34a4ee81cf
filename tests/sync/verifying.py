"""What the tests of the verifiers share: a source's verifier, its issuer's keys, deliveries with one thing wrong."""

import base64
import hmac
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import pytest
from joserfc.jwk import Key
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider, compact

from profilegate.auth.issuer import KnownIssuer
from profilegate.errors import InvalidSignature
from profilegate.settings import IssuerSettings
from profilegate.sync.providers import provider_of
from profilegate.sync.signatures.given import Verified, Verifier, headers_of
from profilegate.sync.verifiers import verifier_of
from profilegate.sync_settings import MappingSettings, WebhookSettings

BODY = b'{"type":"user.updated","id":"zo\xc3\xab"}'
SECRET = "a secret of the source"
OTHER = "another secret"
MAPPING = MappingSettings(subject="/id")

Headers = dict[str, str]
Sent = Mapping[str, str] | list[tuple[str, str]]


def source(kind: str = "generic", **changes: Any) -> WebhookSettings:
    """A source with one secret; `generic` ones name how they sign."""
    usual: dict[str, Any] = {"source": "source", "kind": kind, "secrets": (SECRET,)}
    usual |= {"mapping": MAPPING} if kind == "generic" else {}
    return WebhookSettings(**(usual | changes))


def known_issuer(provider: MintingProvider) -> KnownIssuer:
    """The issuer that publishes this provider's keys."""
    settings = IssuerSettings(issuer=ISSUER, audiences=(AUDIENCE,))
    return KnownIssuer(settings, clock=lambda: NOW, ticks=lambda: 0.0, transport=provider.transport)


def verifier(settings: WebhookSettings, provider: MintingProvider | None = None) -> Verifier:
    """As the service has it, with the keys of the provider where there is one."""
    known = None if provider is None else known_issuer(provider)
    return verifier_of(settings, provider_of(settings), ISSUER, lambda: known)


async def taken(of: Verifier, headers: Sent, body: bytes = BODY, now: float = NOW) -> Verified:
    """What the verifier makes of a request with these headers, which may come twice."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    return await of.verified(headers_of(raw), body, now)


async def refused(of: Verifier, headers: Sent, body: bytes = BODY, now: float = NOW) -> str:
    """Why it is not taken; that it is not is asserted."""
    with pytest.raises(InvalidSignature) as caught:
        await taken(of, headers, body, now)
    return caught.value.reason


def flips(data: bytes) -> Iterator[bytes]:
    """The same bytes with one bit the other way, for every bit."""
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        yield bytes(changed)


def spoiled(headers: Headers) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The headers with each of them missing, empty, twice the same, twice with another, and with something else."""
    for name, value in headers.items():
        others = [(each, said) for each, said in headers.items() if each != name]
        yield f"without {name}", others
        yield f"with an empty {name}", [*others, (name, "")]
        yield f"with {name} twice", [*others, (name, value), (name, value)]
        yield f"with another {name} first", [*others, (name, "x"), (name, value)]
        yield f"with another {name} last", [*others, (name, value), (name, "x")]
        yield f"with another {name}", [*others, (name, "x")]


def whsec(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def hexadecimal(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, sha256).hexdigest()


def timed(secret: str = SECRET, at: int | str = int(NOW), body: bytes = BODY) -> str:
    """The header of a time and an HMAC."""
    return f"t={at},v1={hexadecimal(secret, f'{at}.'.encode('latin-1') + body)}"


def standard(
    key: bytes, body: bytes = BODY, at: int | str = int(NOW), id: str = "msg_1", prefix: str = "webhook"
) -> Headers:
    """The headers of Standard Webhooks."""
    mac = hmac.new(key, f"{id}.{at}.".encode("latin-1") + body, sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return {f"{prefix}-id": id, f"{prefix}-timestamp": str(at), f"{prefix}-signature": signature}


def token(claims: Any, key: Key, algorithm: str, **header: Any) -> str:
    """A JWS of exactly these claims; None drops a member of the header."""
    protected = {"alg": algorithm, "typ": "JWT", "kid": key.kid, **header}
    said = {name: value for name, value in protected.items() if value is not None}
    return compact(json.dumps(said).encode(), json.dumps(claims).encode(), key, algorithm).decode()


def unsigned(claims: Any, signature: bytes = b"", **header: Any) -> str:
    """A JWS with this signature, whatever it is worth."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def maced(claims: Any, secret: bytes, algorithm: str = "HS256", **header: Any) -> str:
    """A JWS with an HMAC by any bytes, public keys too, which no library signs with."""
    signed = unsigned(claims, alg=algorithm, **header).rpartition(".")[0]
    signature = hmac.digest(secret, signed.encode(), f"sha{algorithm[2:]}")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
