"""What the first sight of a token costs, beside the signature alone: CPU of one process, in microseconds."""

import asyncio
from collections.abc import Callable
from statistics import median
from time import process_time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.util import urlsafe_b64decode
from tests.bench import cores
from tests.minting import AUDIENCE, ISSUER, MintingProvider, wall_clock

from profilegate.auth.issuers import Issuers
from profilegate.settings import IssuerSettings

ALGORITHMS = ("RS256", "ES256", "ES384", "EdDSA")
TOKENS = 400
"""In one round; the next has others, since these are known by then."""

HASHES = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384()}

Check = Callable[[], object]


def measured(rounds: int) -> dict[str, float]:
    """`first ALGORITHM` is what our verification costs above the bare one, `bare ALGORITHM` what that costs."""
    found: dict[str, float] = {}
    with cores.on(cores.SERVER):
        for algorithm in ALGORITHMS:
            pairs = asyncio.run(compared(algorithm, rounds))
            found[f"first {algorithm}"] = median(above for above, _ in pairs)
            found[f"bare {algorithm}"] = median(bare for _, bare in pairs)
    return found


async def compared(algorithm: str, rounds: int) -> list[tuple[float, float]]:
    """Microseconds for one token: ours above the bare check, and that; the medians of each round."""
    provider = MintingProvider(algorithm=algorithm, now=wall_clock)
    settings = IssuerSettings(issuer=ISSUER, audiences=(AUDIENCE,), algorithms=(algorithm,))
    issuers, found = Issuers([settings], transport=provider.transport), []
    try:
        for n in range(rounds + 1):
            tokens = [provider.token(sub=f"user-{k}", jti=f"{n}-{k}").encode() for k in range(TOKENS)]
            pairs = [await pair(issuers, each, bare(provider, each, algorithm)) for each in tokens]
            found.append((median(ours - alone for ours, alone in pairs), median(alone for _, alone in pairs)))
    finally:
        await issuers.close()
    return found[1:]  # the first fetched the keys


async def pair(issuers: Issuers, token: bytes, check: Check) -> tuple[float, float]:
    """All that stands between a token and its principal, and right after it the signature and nothing else."""
    began = process_time()
    await issuers.principal(token)
    between = process_time()
    check()
    return (between - began) * 1e6, (process_time() - between) * 1e6


def bare(provider: MintingProvider, token: bytes, algorithm: str) -> Check:
    """The check of the signature, with everything that it needs at hand. Raises InvalidSignature when called."""
    key = provider.keys[0].get_op_key("verify")
    signed, _, written = token.rpartition(b".")
    signature = urlsafe_b64decode(written)
    if algorithm.startswith("RS"):
        return lambda: key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    if algorithm.startswith("ES"):
        half = len(signature) // 2
        both = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        der = encode_dss_signature(*both)
        return lambda: key.verify(der, signed, ec.ECDSA(HASHES[algorithm]))
    return lambda: key.verify(signature, signed)
