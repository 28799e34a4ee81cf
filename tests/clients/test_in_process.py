"""The Python client and the real service, in one process."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import UNSET
from tests.clients.scripted import Sleeps
from tests.e2e.proofs import Prover
from tests.faces.fixtures import Serve
from tests.faces.running import PUBLIC_URL, Service

from profilegate.client import (
    AppError,
    AppProfile,
    AppRegistration,
    BulkItem,
    ClaimsPatch,
    ClientError,
    LogtoError,
    LogtoUser,
    PhoenixError,
    PhoenixUpdate,
    ProfileClient,
    ProfilePatch,
    Retries,
)
from profilegate.settings import DPoPSettings, UsernameSettings

NONCES = DPoPSettings(nonce_secret="a secret of at least thirty-two characters")


def client_of(service: Service, user_id: str = "alice", **claims: Any) -> ProfileClient:
    proof = claims.pop("proof", None)
    transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return ProfileClient(PUBLIC_URL, lambda: service.token(user_id, **claims), transport=transport, proof=proof)


@pytest.fixture
async def alice(service: Service) -> AsyncIterator[ProfileClient]:
    async with client_of(service) as client:
        yield client


@pytest.fixture
async def root(service: Service) -> AsyncIterator[ProfileClient]:
    """An operator, who has registered the application 0."""
    async with client_of(service, "root", operator=True) as client:
        await client.operator.register(AppRegistration("Diary", app_id=0))
        yield client


def value(document: AppProfile) -> Any:
    return msgspec.json.decode(document.profile_data)


async def test_one_record_is_read_and_changed_through_both_faces(alice: ProfileClient) -> None:
    await alice.me.patch(ProfilePatch(name="Alice", customData={"theme": "dark"}))
    renamed = await alice.profiles.put("alice", PhoenixUpdate(name="Al"))
    seen = await alice.me.get()
    assert (renamed.value.name, seen.value.name, seen.value.customData) == ("Al", "Al", {"theme": "dark"})
    assert [each.name for each in await alice.profiles.batch(["alice", "alice"])] == ["Al", "Al"]


async def test_claims_are_set_and_removed(alice: ProfileClient) -> None:
    await alice.me.patch_claims(ClaimsPatch(givenName="Alice", locale="fr"))
    kept = await alice.me.patch_claims(ClaimsPatch(locale=None))
    assert (kept.value.givenName, kept.value.locale) == ("Alice", UNSET)
    await alice.me.change_claims(lambda user: ClaimsPatch(nickname=f"{user.profile['givenName']}!"))  # type: ignore[index]
    assert (await alice.me.get()).value.profile == {"givenName": "Alice", "nickname": "Alice!"}


async def test_what_may_be_edited_and_which_username_is_free_is_told(alice: ProfileClient) -> None:
    assert (await alice.me.username_availability("alice_m")).available
    assert (await alice.me.username_availability("1")).reason == "pattern"
    assert (await alice.me.capabilities()).fields["name"].editable
    assert (await alice.me.export()).profile.id == "alice"


async def test_an_erasure_is_answered_with_its_receipt_and_is_the_tokens_last_act(
    alice: ProfileClient,
) -> None:
    seen = await alice.me.get()
    receipt = await alice.me.erase(seen.etag)
    assert (receipt.id, receipt.erasedBy) == ("alice", "user")
    with pytest.raises(ClientError) as caught:
        await alice.me.get()
    assert caught.value.status == 401


async def test_a_version_that_is_gone_is_a_conflict(alice: ProfileClient) -> None:
    first = await alice.me.get()
    await alice.me.patch(ProfilePatch(name="Alice"), first.etag)
    with pytest.raises(ClientError) as caught:
        await alice.me.patch(ProfilePatch(name="Bob"), first.etag)
    assert (caught.value.status, caught.value.code) == (412, "entity.precondition_failed")


async def test_of_many_changes_at_once_none_is_lost(service: Service) -> None:
    def counted(user: LogtoUser) -> ProfilePatch:
        assert isinstance(user.customData, dict)
        return ProfilePatch(customData={"n": user.customData.get("n", 0) + 1})

    async with client_of(service) as one, client_of(service) as other:
        await asyncio.gather(*(each.me.change(counted, rounds=50) for each in [one, other] * 10))
        custom_data = (await one.me.get()).value.customData
    assert custom_data == {"n": 20}


async def test_of_many_changes_of_a_document_none_is_lost(alice: ProfileClient, root: ProfileClient) -> None:
    def counted(current: AppProfile | None) -> int:
        return 1 if current is None else value(current) + 1

    await asyncio.gather(*(alice.apps.change(0, counted, rounds=50) for _ in range(20)))
    seen = await alice.apps.get(0)
    assert seen is not None
    assert value(seen.value) == 20


async def test_refusals_are_typed(alice: ProfileClient) -> None:
    with pytest.raises(ClientError) as named:
        await alice.profiles.put("alice", PhoenixUpdate(name="x" * 200))
    with pytest.raises(ClientError) as patched:
        await alice.me.patch(ProfilePatch(name="x" * 200))
    with pytest.raises(ClientError) as stored:
        await alice.apps.put(7, {})
    bodies = [(each.value.status, type(each.value.body)) for each in (named, patched, stored)]
    assert bodies == [(422, PhoenixError), (422, LogtoError), (404, AppError)]
    assert stored.value.code == "app_not_found"


async def test_a_document_is_created_read_merged_replaced_and_deleted(
    alice: ProfileClient, root: ProfileClient
) -> None:
    assert await alice.apps.get(0) is None
    created = await alice.apps.create(0, {"a": 1, "b": 2})
    merged = await alice.apps.patch(0, {"a": None}, created.etag)
    assert value(merged.value) == {"b": 2}
    await alice.apps.put(0, None)
    seen = await alice.apps.get(0)
    assert seen is not None
    assert value(seen.value) is None
    await alice.apps.delete(0, seen.etag)
    assert await alice.apps.get(0) is None


async def test_a_document_comes_back_digit_for_digit(alice: ProfileClient, root: ProfileClient) -> None:
    text = b'{"n":1.10,"big":12345678901234567890.50}'
    stored = await alice.apps.put(0, msgspec.Raw(text))
    assert bytes(stored.value.profile_data) == text


async def test_a_bulk_is_written_as_a_whole(root: ProfileClient) -> None:
    created = await root.operator.create_bulk({"app_id": 0, "user_id": f"u{n}", "profile_data": n} for n in range(500))
    assert (created.created, created.profiles[-1]) == (500, {"app_id": 0, "user_id": "u499"})
    seen = await root.operator.document("u7", 0)
    assert (value(seen.value), seen.value.user_id) == (7, "u7")
    with pytest.raises(ClientError) as caught:
        await root.operator.create_bulk([BulkItem(0, msgspec.Raw(b"1"), "new"), BulkItem(0, msgspec.Raw(b"1"), "u7")])
    assert (caught.value.status, caught.value.code) == (422, "bulk_refused")


async def test_a_bulk_in_part_tells_of_each_item(root: ProfileClient) -> None:
    async def items() -> AsyncIterator[dict[str, Any]]:
        for user_id in ("good", ""):
            yield {"app_id": 0, "user_id": user_id, "profile_data": {}}

    told = await root.operator.create_some(items())
    assert [each["status"] for each in told.results] == [201, 422]


async def test_user_ids_may_hold_anything_printable(alice: ProfileClient, root: ProfileClient) -> None:
    for user_id in ("a/b", "a//b/", "..", "%2F", "a?b#c", "é".encode().hex(), "a b"):
        assert (await alice.profiles.get(user_id)).value.user_id == user_id
        await root.operator.create_bulk([{"app_id": 0, "user_id": user_id, "profile_data": user_id}])
        assert value((await root.operator.document(user_id, 0)).value) == user_id


async def test_applications_are_registered_and_listed(alice: ProfileClient, root: ProfileClient) -> None:
    registered = await root.operator.register(AppRegistration("Game", schema={"type": "object"}))
    assert (registered.app_id, registered.schema) == (1, {"type": "object"})
    assert [each.app for each in await alice.apps.all()] == ["Diary", "Game"]


async def test_who_asks_too_often_is_told_when_to_come_again(serve: Serve) -> None:
    service = await serve(usernames=UsernameSettings(checks_per_minute=1))
    transport = httpx.ASGITransport(service.app)  # type: ignore[arg-type]

    sleeps = Sleeps()
    async with ProfileClient(
        PUBLIC_URL, service.token, transport=transport, retries=Retries(most=1, sleep=sleeps, longest_wait=90)
    ) as client:
        await client.me.username_availability("ann")
        with pytest.raises(ClientError) as caught:
            await client.me.username_availability("bob")
    assert caught.value.status == 429
    assert caught.value.retry_after
    assert len(sleeps.seconds) == 1
    assert 0 < sleeps.seconds[0] <= 61


async def test_a_bound_token_is_proven_with_the_nonce_that_is_wanted(serve: Serve) -> None:
    service, prover, wanted = await serve(dpop=NONCES), Prover(), []

    def proof(method: str, url: str, token: str, nonce: str | None) -> dict[str, str]:
        wanted.append(nonce)
        return {"dpop": prover.proof(method, url, token, nonce=nonce, iat=int(service.clock()))}

    bound: dict[str, Any] = {"cnf": {"jkt": prover.key.thumbprint()}}
    async with client_of(service, proof=proof, **bound) as client:
        await client.me.patch(ProfilePatch(name="Proven"))
        assert (await client.me.get()).value.name == "Proven"
    assert wanted[0] is None
    assert wanted[1:] == [wanted[1]] * 2


async def test_a_strangers_token_is_refused_with_the_faces_code(service: Service) -> None:
    transport = httpx.ASGITransport(service.app)  # type: ignore[arg-type]
    async with ProfileClient(PUBLIC_URL, lambda: "nonsense", transport=transport) as client:
        with pytest.raises(ClientError) as caught:
            await client.profiles.get("alice")
    assert (caught.value.status, caught.value.code) == (401, "AUTH_001")
