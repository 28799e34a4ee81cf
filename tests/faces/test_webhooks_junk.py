"""Whatever anybody sends to /webhooks, nothing breaks and nothing is stored."""

from collections import Counter

import httpx
from tests.faces.fixtures import Serve
from tests.faces.webhooks import inbox, served
from tests.sync.junk import Junk, Raw, sources

from profilegate.sync.providers import provider_of
from profilegate.sync.verifiers import kind_of

REQUESTS = 2_000

BAD_REQUEST = ("security_event", "logout_token")
"""The signatures whose standards answer 400 where others answer 401."""


async def answered(client: httpx.AsyncClient, name: str, raw: Raw, body: bytes) -> int:
    request = client.build_request("POST", f"/webhooks/{name}", content=body)
    request.headers = httpx.Headers([*request.headers.raw, *raw])
    return (await client.send(request)).status_code


async def test_junk_is_always_refused_and_never_breaks_anything(serve: Serve) -> None:
    configured = sources()
    service = await served(serve, *configured)
    await service.client("alice").get("/api/profile")
    seen: Counter[tuple[str, int]] = Counter()
    for n, (raw, body) in enumerate(Junk(20_261_122, service.provider).requests(REQUESTS)):
        each = configured[n % len(configured)]
        kind = kind_of(each, provider_of(each))
        seen["400" if kind in BAD_REQUEST else "401", await answered(service.stranger(), each.source, raw, body)] += 1
    assert seen.keys() == {("400", 400), ("401", 401)}
    assert await inbox(service) == []
