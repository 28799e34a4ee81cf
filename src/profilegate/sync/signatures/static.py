"""A secret that the provider repeats in a header of every delivery. It proves the sender, not the body or the time."""

import base64

from msgspec import Struct

from profilegate.errors import InvalidSignature
from profilegate.sync.said import Payload
from profilegate.sync.signatures.bodies import json_payload
from profilegate.sync.signatures.given import Headers, Verified, is_one_of, only


class Static(Struct, frozen=True):
    """A secret may be the whole header, what follows `Bearer`, or the `user:password` of `Basic`."""

    header: str
    secrets: tuple[str, ...]

    async def verified(self, headers: Headers, body: bytes, now: float) -> Verified:
        self.check(headers)
        return Verified(self.payload(body))

    def check(self, headers: Headers) -> None:
        """Raise InvalidSignature unless the header holds one of the secrets."""
        expected = [written for secret in self.secrets for written in spellings(secret)]
        if not is_one_of([only(headers, self.header)], expected):
            raise InvalidSignature(f"{self.header} does not have one of the source's secrets")

    def payload(self, body: bytes) -> Payload:
        return json_payload(body)


def spellings(secret: str) -> list[str]:
    """The headers that hold this secret. Unlike OAuth's, plain Basic credentials (RFC 7617) are not form-encoded."""
    basic = [f"Basic {base64.b64encode(secret.encode()).decode()}"] if ":" in secret else []
    return [secret, f"Bearer {secret}", *basic]
