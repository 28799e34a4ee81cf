"""What other people's libraries sign is taken: PyPI's `svix` and `standardwebhooks`."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks
import standardwebhooks.webhooks
import svix
import svix.webhooks
from tests.minting import NOW

from profilegate.sync.signing import signed_delivery
from profilegate.sync_settings import WebhookSettings

from .verifying import refused, source, taken, verifier, whsec

SECRET = whsec(bytes(range(32)))
MOMENT = datetime.fromtimestamp(NOW, UTC)

Sign = Callable[[str, datetime, str], str]

LIBRARIES: dict[str, Callable[[str], Sign]] = {
    "svix": lambda secret: svix.Webhook(secret).sign,
    "standardwebhooks": lambda secret: standardwebhooks.Webhook(secret).sign,
}
SOURCES: dict[str, WebhookSettings] = {
    "standard": source(signature="standard", secrets=(SECRET,)),
    "clerk": source("clerk", secrets=(SECRET,)),
    "supabase": source("supabase", secrets=(f"v1,{SECRET}",)),
}
VERIFIERS: dict[str, tuple[str, Any, type[Exception]]] = {
    "svix": ("svix-", svix.Webhook(SECRET), svix.webhooks.WebhookVerificationError),
    "standardwebhooks": (
        "webhook-",
        standardwebhooks.Webhook(SECRET),
        standardwebhooks.webhooks.WebhookVerificationError,
    ),
}
BODIES = ["{}", '{"type":"user.updated","data":{"id":"zoë 😀"}}', json.dumps({"a": "x" * 20_000}), '{\n "a" : 1\n}\n']


def headers(library: str, body: str, prefix: str = "webhook", secret: str = SECRET) -> dict[str, str]:
    signature = LIBRARIES[library](secret)("msg_2a", MOMENT, body)
    return {f"{prefix}-id": "msg_2a", f"{prefix}-timestamp": str(int(NOW)), f"{prefix}-signature": signature}


@pytest.mark.parametrize("body", BODIES, ids=["empty", "unicode", "long", "space"])
@pytest.mark.parametrize("prefix", ["webhook", "svix"])
@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_what_a_library_signs_is_taken(library: str, name: str, prefix: str, body: str) -> None:
    verified = await taken(verifier(SOURCES[name]), headers(library, body, prefix), body.encode())
    assert (verified.payload, verified.delivery_id) == (json.loads(body), "msg_2a")


@pytest.mark.parametrize("library", LIBRARIES)
async def test_what_a_library_signs_with_another_secret_is_refused(library: str) -> None:
    sent = headers(library, "{}", secret=whsec(bytes(32)))
    assert await refused(verifier(SOURCES["standard"]), sent, b"{}")


@pytest.mark.parametrize("library", LIBRARIES)
async def test_what_a_library_signed_is_refused_for_another_body(library: str) -> None:
    assert await refused(verifier(SOURCES["standard"]), headers(library, "{}"), b'{"a":1}')


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_takes_what_we_sign(library: str) -> None:
    """The libraries have no clock to hand, so this is signed now."""
    prefix, known, error = VERIFIERS[library]
    sent = signed_delivery(SOURCES["clerk"], "", b'{"a":1}', int(time.time()), "msg_2a")
    headers = {name.replace("svix-", prefix): value for name, value in sent.headers.items()}
    known.verify(sent.body.decode(), headers)
    with pytest.raises(error):
        known.verify('{"a":2}', headers)
