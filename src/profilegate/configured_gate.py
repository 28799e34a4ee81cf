"""The gate as the settings say."""

from collections.abc import Callable, Sequence

from profilegate.auth.binding import Binding
from profilegate.auth.credentials import CertificateSource, TrustedProxies
from profilegate.auth.gate import Gate
from profilegate.auth.issuers import Issuers
from profilegate.auth.nonces import Nonces
from profilegate.auth.proof_memory import ProofMemory
from profilegate.settings import Settings


def gate_of(
    settings: Settings,
    issuers: Issuers,
    proofs: ProofMemory,
    clock: Callable[[], float],
    addresses: Callable[[str], Sequence[str]],
) -> Gate:
    """A gate as configured, without standing. `addresses` is as for `Binding`."""
    dpop, server = settings.dpop, settings.server
    return Gate(
        issuers=issuers,
        binding=Binding(
            memory=proofs,
            clock=clock,
            addresses=addresses,
            max_age=dpop.max_age,
            nonces=None if dpop.nonce_secret is None else Nonces(dpop.nonce_secret),
        ),
        certificates=CertificateSource.of(server.client_certificate_header, TrustedProxies.of(server.trusted_proxies)),
    )
