"""What most tests of the gate start from: an issuer's settings, its keys, a clock that is moved by hand."""

from typing import Any

import pytest
from tests.minting import AUDIENCE, ISSUER, NOW, MintingProvider

from profilegate.auth.jws import parsed
from profilegate.auth.key_set import SigningKey, signing_keys
from profilegate.auth.principal import Principal, principal_of
from profilegate.auth.tokens import verified
from profilegate.errors import InvalidToken
from profilegate.profiles.record import ProfileChange
from profilegate.settings import IssuerSettings

RELAXED = {"require_at_jwt": False}


class Ticks:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def issuer(**changes: Any) -> IssuerSettings:
    return IssuerSettings(**{"issuer": ISSUER, "audiences": (AUDIENCE,), **changes})


def keys_of(provider: MintingProvider) -> tuple[SigningKey, ...]:
    return signing_keys(provider.key_set())


def admitted(
    token: str | bytes, keys: tuple[SigningKey, ...], settings: IssuerSettings | None = None, now: float = NOW
) -> Principal:
    """The whole way of a token, without the network."""
    settings = settings or issuer()
    token = token.encode() if isinstance(token, str) else token
    return principal_of(verified(parsed(token), keys, settings, now), settings)


def refused(
    token: str | bytes, keys: tuple[SigningKey, ...], settings: IssuerSettings | None = None, now: float = NOW
) -> InvalidToken:
    """The error with which the token is refused; that it is refused is asserted."""
    with pytest.raises(InvalidToken) as caught:
        admitted(token, keys, settings, now)
    return caught.value


def principal(**changes: Any) -> Principal:
    """Alice, who may read and write and was issued her token at NOW."""
    standard: dict[str, Any] = {
        "tenant_id": "default",
        "user_id": "alice",
        "issuer": ISSUER,
        "subject": "alice",
        "permissions": frozenset({"read", "write"}),
        "is_machine": False,
        "issued_at": int(NOW),
        "expires_at": int(NOW) + 3600,
        "claimed": ProfileChange(),
        "scope_of": {},
    }
    return Principal(**{**standard, **changes})
