"""A refusal is heard by a client that is still sending."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.e2e.provider import NO_TLS, Provider
from tests.e2e.served import Served

PIECE = b"x" * 10_000


@pytest.mark.parametrize("pieces", [1, 100, 2_000])
@pytest.mark.parametrize("who", ["a stranger", "no operator"])
async def test_who_may_send_no_bulk_hears_it_however_long_the_bulk_is(
    served: Served, provider: Provider, who: str, pieces: int
) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield PIECE

    token = "nonsense" if who == "a stranger" else provider.machine_token()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(verify=NO_TLS), timeout=30) as http:
        answer = await http.post(f"{served.url}/operator/profile/create-bulk", content=body(), headers=headers)
    assert answer.status_code == (401 if who == "a stranger" else 403)
