"""Vectors on which other implementations of the same signatures agree: each verifies, and nothing like it does."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from profilegate.sync_settings import WebhookSettings

from .verifying import flips, maced, refused, source, taken, verifier

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
BODY = VECTORS["body_utf8"].encode()
NOW = VECTORS["now"]

SOURCES: dict[str, tuple[str, dict[str, str]]] = {
    "standard_webhooks": ("generic", {"signature": "standard"}),
    "clerk_svix": ("clerk", {}),
    "supabase_auth_rotation": ("supabase", {}),
    "logto": ("logto", {}),
    "keycloak_p2_hmac": ("keycloak", {}),
    "zitadel": ("zitadel", {}),
    "workos": ("workos", {}),
}


def settings(name: str) -> WebhookSettings:
    provider, changes = SOURCES[name]
    return source(provider, secrets=(VECTORS[name]["secret"],), **changes)


def test_every_vector_is_used() -> None:
    assert VECTORS.keys() == {"body_utf8", "now", "body_hash", *SOURCES}


@pytest.mark.parametrize("name", SOURCES)
async def test_a_vector_verifies(name: str) -> None:
    verified = await taken(verifier(settings(name)), VECTORS[name]["headers"], BODY, NOW)
    assert verified.payload == json.loads(BODY)


@pytest.mark.parametrize("name", SOURCES)
async def test_a_flipped_bit_of_the_body_does_not(name: str) -> None:
    for body in flips(BODY):
        assert await refused(verifier(settings(name)), VECTORS[name]["headers"], body, NOW)


@pytest.mark.parametrize("name", SOURCES)
async def test_a_flipped_bit_of_the_signature_does_not(name: str) -> None:
    headers = VECTORS[name]["headers"]
    signature = list(headers)[-1]
    start = (
        headers[signature].rindex("=" if "v1=" in headers[signature] else ",") + 1 if "v1" in headers[signature] else 0
    )
    fixed, said = headers[signature][:start], headers[signature][start:].rstrip("=")
    for changed in flips(said.encode()):
        text = changed.decode("latin-1")
        if text.lower() != said.lower() and text.strip() != said:
            assert await refused(verifier(settings(name)), {**headers, signature: fixed + text + "="}, BODY, NOW)


@pytest.mark.parametrize(
    ("name", "seconds"), [(name, far) for name in ("standard_webhooks", "workos") for far in (-301, 301)]
)
async def test_a_vector_does_not_verify_at_another_time(name: str, seconds: int) -> None:
    assert await refused(verifier(settings(name)), VECTORS[name]["headers"], BODY, NOW + seconds)


@pytest.mark.parametrize("name", VECTORS["body_hash"])
async def test_a_digest_of_the_body_is_the_vectors(name: str) -> None:
    digest = VECTORS["body_hash"][name]
    said = maced({"request_body_sha256": digest}, b"key", typ="JWT")
    of = verifier(source("fusionauth", secrets=("key",)))
    assert await taken(of, {"x-fusionauth-signature-jwt": said}, BODY, NOW)
    assert digest in (sha256(BODY).hexdigest(), base64.b64encode(sha256(BODY).digest()).decode())
    for body in flips(BODY):
        assert await refused(of, {"x-fusionauth-signature-jwt": said}, body, NOW)
