"""How DPoP proofs, and the tokens that need them, are made: in order but for what a case changes."""

import hashlib
import json
from collections.abc import Callable
from itertools import count
from typing import Any

from tests.minting import NOW

from .case import raw
from .crafting import signed, token, with_changes
from .keys import CLIENT, EC, Signer, public, url64
from .world import Attempt, Sent

PROOFS = count(1)


def thumbprint(of: Signer = CLIENT) -> str:
    assert of.key
    return of.key().thumbprint()


def bound(at: Attempt, to: Signer = CLIENT, **claims: Any) -> str:
    """Alice's token, bound to the client's key."""
    return token(at, None, EC, **{"cnf": {"jkt": thumbprint(to)}, **claims})


def proof(
    at: Attempt, access_token: str | bytes, by: Signer = CLIENT, head: dict[str, Any] | None = None, **claims: Any
) -> str:
    """The client's proof for this request and token, but for these header members and claims."""
    usual = {"typ": "dpop+jwt", "alg": by.alg, **({"jwk": jwk_of(by)} if by.key else {})}
    said = {
        "jti": f"proof-{next(PROOFS)}",
        "htm": at.method,
        "htu": at.url,
        "iat": int(NOW),
        "ath": url64(hashlib.sha256(raw(access_token)).digest()),
    }
    header = json.dumps(with_changes(usual, head or {}))
    return signed(header.encode(), json.dumps(with_changes(said, claims)).encode(), by)


def jwk_of(by: Signer) -> dict[str, Any]:
    return {name: value for name, value in public(by).items() if name != "kid"}


def with_proofs(access_token: str | bytes, *proofs: str | bytes, scheme: bytes = b"DPoP") -> Sent:
    authorization = (b"authorization", scheme + b" " + raw(access_token))
    return Sent((authorization, *((b"dpop", raw(each)) for each in proofs)))


def proving(at: Attempt, head: dict[str, Any] | None = None, by: Signer = CLIENT, **claims: Any) -> Sent:
    """A bound token with a proof that has these header members and claims."""
    return presenting(at, bound, b"DPoP", head, by, **claims)


def presenting(
    at: Attempt,
    make: Callable[[Attempt], str],
    scheme: bytes = b"DPoP",
    head: dict[str, Any] | None = None,
    by: Signer = CLIENT,
    **claims: Any,
) -> Sent:
    """The token that `make` gives, with a proof."""
    access_token = make(at)
    return with_proofs(access_token, proof(at, access_token, by, head, **claims), scheme=scheme)


def digest(data: bytes) -> str:
    return url64(hashlib.sha256(data).digest())
