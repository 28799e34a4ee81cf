"""The Python client against the served program, signed in at a real provider."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from tests.e2e.provider import NO_TLS, Provider
from tests.e2e.served import Served

from profilegate.client import AppRegistration, ClientError, LogtoUser, PhoenixUpdate, ProfileClient, ProfilePatch

Signed = Callable[[str], ProfileClient]

ITEMS = 5_000


@pytest.fixture
async def signed(served: Served) -> AsyncIterator[Signed]:
    """Makes a client with this token; all are closed with the test."""
    async with contextlib.AsyncExitStack() as clients:

        def made(token: str) -> ProfileClient:
            client = ProfileClient(served.url, lambda: token, transport=httpx.AsyncHTTPTransport(verify=NO_TLS))
            clients.push_async_callback(client.close)
            return client

        yield made


@pytest.fixture
def ann(signed: Signed, provider: Provider, user_id: str) -> ProfileClient:
    return signed(provider.sign_in(user_id))


@pytest.fixture
async def root(signed: Signed, operator: str) -> ProfileClient:
    client = signed(operator)
    await client.operator.register(AppRegistration("Diary", app_id=0))
    return client


async def test_a_user_who_signed_in_reads_and_changes_the_one_record(ann: ProfileClient, user_id: str) -> None:
    assert (await ann.me.get()).value.id == user_id
    await ann.me.patch(ProfilePatch(name="Ann"))
    assert (await ann.profiles.get(user_id)).value.name == "Ann"
    assert (await ann.profiles.put(user_id, PhoenixUpdate(name="Anna"))).value.name == "Anna"


async def test_two_clients_that_race_lose_no_change(signed: Signed, provider: Provider, user_id: str) -> None:
    def counted(user: LogtoUser) -> ProfilePatch:
        assert isinstance(user.customData, dict)
        return ProfilePatch(customData={"n": user.customData.get("n", 0) + 1})

    clients = [signed(provider.sign_in(user_id)) for _ in range(2)]
    await asyncio.gather(*(client.me.change(counted, rounds=100) for client in clients * 15))
    assert (await clients[0].me.get()).value.customData == {"n": 30}


async def test_a_value_that_breaks_a_rule_is_a_typed_error(ann: ProfileClient, user_id: str) -> None:
    with pytest.raises(ClientError) as caught:
        await ann.profiles.put(user_id, PhoenixUpdate(name=""))
    assert (caught.value.status, caught.value.code) == (422, "VALIDATION_001")


async def test_a_token_that_is_none_is_refused(signed: Signed) -> None:
    with pytest.raises(ClientError) as caught:
        await signed("not-a-token").me.get()
    assert (caught.value.status, caught.value.code) == (401, "auth.unauthorized")


async def test_a_token_that_was_refused_is_followed_by_a_good_one(
    served: Served, provider: Provider, user_id: str
) -> None:
    tokens = iter(["not-a-token", provider.sign_in(user_id)])
    transport = httpx.AsyncHTTPTransport(verify=NO_TLS)
    async with ProfileClient(served.url, lambda: next(tokens), transport=transport) as client:
        assert (await client.me.get()).value.id == user_id


async def test_a_document_is_kept_changed_and_deleted(ann: ProfileClient, root: ProfileClient) -> None:
    await asyncio.gather(
        *(
            ann.apps.change(0, lambda now: 1 if now is None else msgspec.json.decode(now.profile_data) + 1, rounds=50)
            for _ in range(10)
        )
    )
    seen = await ann.apps.get(0)
    assert seen is not None
    assert msgspec.json.decode(seen.value.profile_data) == 10
    await ann.apps.delete(0, seen.etag)
    assert await ann.apps.get(0) is None


async def test_a_bulk_of_thousands_is_sent_while_it_is_made(root: ProfileClient, user_id: str) -> None:
    def items() -> Iterator[dict[str, Any]]:
        for n in range(ITEMS):
            yield {"app_id": 0, "user_id": f"{user_id}-{n}", "profile_data": {"n": n, "padding": "x" * 200}}

    assert (await root.operator.create_bulk(items())).created == ITEMS
    seen = await root.operator.document(f"{user_id}-77", 0)
    assert msgspec.json.decode(seen.value.profile_data)["n"] == 77


async def test_an_error_of_the_items_is_the_programs_own_and_writes_nothing(root: ProfileClient, user_id: str) -> None:
    def items() -> Iterator[dict[str, Any]]:
        yield {"app_id": 0, "user_id": user_id, "profile_data": "x" * 60_000}
        yield {"app_id": 0, "user_id": user_id + "-2", "profile_data": "x" * 60_000}
        raise LookupError("no more rows")

    with pytest.raises(LookupError, match="no more rows"):
        await root.operator.create_bulk(items())
    with pytest.raises(ClientError) as caught:
        await root.operator.document(user_id, 0)
    assert caught.value.code == "document_not_found"


async def test_a_machine_that_is_no_operator_is_refused(signed: Signed, provider: Provider) -> None:
    items = [{"app_id": 0, "user_id": "x", "profile_data": 1}]
    with pytest.raises(ClientError) as caught:
        await signed(provider.machine_token()).operator.create_bulk(items)
    assert (caught.value.status, caught.value.code) == (403, "forbidden")
