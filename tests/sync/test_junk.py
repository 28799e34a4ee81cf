"""Whatever anybody sends, a verifier has one word for it."""

from collections import Counter

from tests.minting import NOW, MintingProvider

from profilegate.errors import InvalidSignature
from profilegate.sync.signatures.given import Headers, Verifier, headers_of

from .junk import Junk, sources
from .verifying import verifier

REQUESTS = 100_000


async def refusal(of: Verifier, headers: Headers, body: bytes) -> str:
    """The name of what is raised, or more of it."""
    try:
        await of.verified(headers, body, NOW)
    except InvalidSignature:
        return "InvalidSignature"
    except Exception as error:
        return repr(error)
    return f"nothing, by {of}"


async def test_only_invalid_signature_is_ever_raised_by_any_family_for_100000_requests_of_junk() -> None:
    provider = MintingProvider()
    verifiers = [verifier(each, provider) for each in sources()]
    seen: Counter[str] = Counter()
    for n, (raw, body) in enumerate(Junk(20_261_121, provider).requests(REQUESTS)):
        seen[await refusal(verifiers[n % len(verifiers)], headers_of(raw), body)] += 1
    assert seen == {"InvalidSignature": REQUESTS}


async def test_junk_makes_few_requests_to_the_provider() -> None:
    provider = MintingProvider()
    of = verifier(sources()[-3], provider)
    for raw, body in Junk(7, provider).requests(5000):
        await refusal(of, headers_of(raw), body)
    assert len(provider.requests) <= 4
