"""Proofs of possession (RFC 9449) as a client makes them."""

import base64
import hashlib
import json
import time
from typing import Any
from uuid import uuid4

from joserfc.jwk import ECKey, OKPKey
from tests.minting import compact


class Prover:
    """A client's key. Its proofs are right unless `claims` or `header` say otherwise; None drops a member."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self.key = ECKey.generate_key("P-256") if algorithm == "ES256" else OKPKey.generate_key("Ed25519")

    def proof(
        self, method: str, url: str, token: str | None = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A fresh proof for one request; with an access token it is bound to that, too."""
        usual = {"htm": method, "htu": url, "iat": int(time.time()), "jti": uuid4().hex}
        usual |= {} if token is None else {"ath": digest(token)}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        head = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.key.as_dict(private=False), **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return compact(json.dumps(head).encode(), json.dumps(said).encode(), self.key, self.algorithm).decode()


def digest(text: str) -> str:
    """SHA-256 in base64url, as `ath` and PKCE's challenge have it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
