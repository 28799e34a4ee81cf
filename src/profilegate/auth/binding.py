"""Whether the caller holds what the token is bound to (RFC 7800, `cnf`): a DPoP key, a TLS certificate, or nothing."""

import hmac
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from profilegate.auth.certificates import thumbprint
from profilegate.auth.credentials import Credentials
from profilegate.auth.dpop import Proof, proved
from profilegate.auth.nonces import Nonces
from profilegate.auth.proof_memory import ProofMemory, use_of
from profilegate.errors import InvalidProof, InvalidToken, NonceRequired
from profilegate.identifiers import is_loopback

KEY = "jkt"
CERTIFICATE = "x5t#S256"


class Binding(Struct, frozen=True, kw_only=True):
    """The check. `addresses` gives the URLs under which clients know whom a request asked by this origin, if it is
    one of ours; `clock` gives Unix seconds."""

    memory: ProofMemory
    clock: Callable[[], float]
    addresses: Callable[[str], Sequence[str]] = lambda _: ()
    max_age: int = 60
    nonces: Nonces | None = None

    async def check(self, confirmation: Any, credentials: Credentials, required: bool = False) -> None:
        """Raise InvalidToken or InvalidProof unless everything that `confirmation`, the claim `cnf`, names is proved.

        A bound token is never taken as a plain Bearer token, nor a plain one with the DPoP scheme (RFC 9449, 7.1).
        `required` refuses plain tokens altogether.
        """
        bound_to = provable(confirmation, required)
        if (KEY in bound_to) != (credentials.scheme == "DPoP"):
            raise InvalidToken("a token that is bound to a key, and only such a one, goes with the scheme DPoP")
        if CERTIFICATE in bound_to and not _same(bound_to[CERTIFICATE], thumbprint(credentials.certificate or b"")):
            raise InvalidToken("the token is bound to another client certificate")
        if KEY in bound_to:
            await self._check_proof(bound_to[KEY], credentials)

    async def _check_proof(self, thumbprint: str, credentials: Credentials) -> None:
        if len(credentials.proofs) != 1:
            raise InvalidProof("there must be exactly one DPoP header")
        now = self.clock()
        proof = self._proof(credentials, now)
        if not _same(thumbprint, proof.thumbprint):
            raise InvalidToken("the token is bound to another key than the proof's")
        if self.nonces is not None and not self.nonces.is_current(proof.nonce, now):
            raise NonceRequired(self.nonces.issued(now))
        if not await self.memory.is_first(use_of(proof), proof.expires_at, int(now)):
            raise InvalidProof("it was used before")

    def _proof(self, credentials: Credentials, now: float) -> Proof:
        """The proof, which must be for one of the addresses of this request."""
        urls = self._urls(credentials)
        if not urls:
            raise InvalidProof("no address of this service is known: server.public_url is not set")
        return proved(credentials.proofs[0], credentials.method, urls, credentials.token, now, self.max_age)

    def _urls(self, credentials: Credentials) -> list[str]:
        """The address of the request as the client may know it.

        Whoever replays a proof that was meant for another service can send that service's name as `Host`, so
        without configured addresses only a name that cannot be another's is believed.
        """
        path = credentials.path.replace("#", "%23")  # in a request's path it begins no fragment
        own = f"{credentials.url_scheme}://{credentials.host}"
        if addresses := self.addresses(own):
            return [each.rstrip("/") + path for each in addresses]
        return [own + path] if is_loopback(urlsplit(own).hostname or "") else []


def provable(confirmation: Any, required: bool = False) -> dict[str, str]:
    """What the claim `cnf` binds the token to; nothing without one.

    Raises InvalidToken for whatever is not understood, since it cannot be proved either, and for nothing when
    something is `required`.
    """
    if confirmation is None and not required:
        return {}
    if confirmation is None:
        raise InvalidToken("the token is not bound to a key or certificate, as this issuer's must be")
    if not isinstance(confirmation, dict) or not confirmation or confirmation.keys() - {KEY, CERTIFICATE}:
        raise InvalidToken("cnf is not understood")
    if not all(isinstance(each, str) for each in confirmation.values()):
        raise InvalidToken("cnf is not understood")
    return confirmation


def _same(one: str, other: str | None) -> bool:
    return other is not None and hmac.compare_digest(one.encode(), other.encode())
