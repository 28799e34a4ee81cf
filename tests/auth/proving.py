"""A client that proves the possession of its key (RFC 9449): its proofs, in order or with one fault each."""

import hashlib
import itertools
import json
from typing import Any

from joserfc.jwk import Key
from joserfc.util import urlsafe_b64encode
from tests.minting import NOW, compact, make_key

from profilegate.auth.dpop import Proof, proved

METHOD = "GET"
URL = "https://profiles.example/api/profile"
TOKEN = b"the.access.token"
MAX_AGE = 60

numbers = itertools.count()


def public(key: Key) -> dict[str, Any]:
    """The JWK of a key without its private part and its id."""
    return {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}


def ath(token: bytes) -> str:
    """The hash of an access token, as section 4.2 has it."""
    return urlsafe_b64encode(hashlib.sha256(token).digest()).decode()


class Prover:
    """Holds a key. `proof` makes a new one each time; None leaves a member out."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self.key = make_key(algorithm, "")
        self.thumbprint = str(self.key.thumbprint())

    def proof(
        self, header: dict[str, Any] | None = None, key: Key | None = None, token: bytes = TOKEN, **claims: Any
    ) -> bytes:
        standard = {"jti": f"id-{next(numbers)}", "htm": METHOD, "htu": URL, "iat": int(NOW), "ath": ath(token)}
        protected = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": public(self.key), **(header or {})}
        return self.exactly(_present(protected), json.dumps(_present(standard | claims)).encode(), key)

    def exactly(self, header: dict[str, Any], payload: bytes, key: Key | None = None) -> bytes:
        """A proof of these bytes, signed whatever they say."""
        return compact(json.dumps(header).encode(), payload, key or self.key, self.algorithm)


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def accepted(proof: bytes, **other: Any) -> Proof:
    """The proof as the service takes it, for the usual request unless something else is given."""
    asked: dict[str, Any] = {"method": METHOD, "urls": [URL], "token": TOKEN, "now": NOW, "max_age": MAX_AGE}
    return proved(proof, **{**asked, **other})
