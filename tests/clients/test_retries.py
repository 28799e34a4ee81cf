"""When a client tries again, and when it must not."""

from email.utils import formatdate

import httpx
import pytest
from tests.clients.scripted import DOCUMENT, PROFILE, answer, busy, world
from tests.minting import NOW

from profilegate.client import AppRegistration, BulkItem, ClientError, PhoenixUpdate, ProfilePatch

LOST = httpx.ReadError("the connection broke")
NEVER_SENT = httpx.ConnectError("nobody there")
BULK = answer(201, {"created": 0, "profiles": [], "skipped": 0})


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_service_is_asked_again_when_it_said(status: int) -> None:
    asked = world(busy(status, retry_after="7"), answer())
    assert (await asked.client.me.get()).value.name == "Ann"
    assert asked.sleeps.seconds == [7]


async def test_a_date_is_waited_for() -> None:
    asked = world(busy(retry_after=formatdate(NOW + 12, usegmt=True)), answer())
    await asked.client.me.get()
    assert asked.sleeps.seconds == [12]


async def test_nobody_waits_longer_than_the_longest_wait() -> None:
    asked = world(busy(retry_after="3600"), answer())
    await asked.client.me.get()
    assert asked.sleeps.seconds == [30]


async def test_without_a_word_the_waits_grow() -> None:
    asked = world(busy(), busy(), answer())
    await asked.client.me.get()
    assert asked.sleeps.seconds == [0.25, 0.5]


async def test_after_the_last_retry_the_error_tells_all() -> None:
    asked = world(busy(retry_after="90"))
    with pytest.raises(ClientError) as caught:
        await asked.client.me.get()
    error = caught.value
    assert (error.status, error.code, error.message, error.retry_after) == (503, "service.unavailable", "Later.", 90)
    assert asked.methods == ["GET"] * 3


@pytest.mark.parametrize("status", [400, 403, 404, 408, 409, 422, 500, 502, 504])
async def test_no_other_error_is_tried_again(status: int) -> None:
    asked = world(busy(status, retry_after="1"))
    with pytest.raises(ClientError):
        await asked.client.me.get()
    assert (asked.methods, asked.sleeps.seconds) == (["GET"], [])


async def test_a_lost_answer_to_a_read_is_asked_for_again() -> None:
    asked = world(LOST, answer())
    assert (await asked.client.me.get()).value.id == "ann"


async def test_a_service_that_never_answers_is_unreachable() -> None:
    asked = world(LOST)
    with pytest.raises(ClientError) as caught:
        await asked.client.me.get()
    assert (caught.value.status, caught.value.code, len(asked.methods)) == (None, "unreachable", 3)


async def test_a_patch_that_may_have_been_applied_is_not_sent_again() -> None:
    asked = world(LOST, answer())
    with pytest.raises(ClientError):
        await asked.client.me.patch(ProfilePatch(name="Ann"))
    assert asked.methods == ["PATCH"]


async def test_a_patch_that_was_never_sent_is_sent_again() -> None:
    asked = world(NEVER_SENT, answer())
    await asked.client.me.patch(ProfilePatch(name="Ann"))
    assert asked.methods == ["PATCH"] * 2


async def test_a_patch_that_a_busy_service_put_off_is_sent_again() -> None:
    asked = world(busy(retry_after="1"), answer())
    await asked.client.me.patch(ProfilePatch(name="Ann"))
    assert asked.methods == ["PATCH"] * 2


async def test_a_patch_is_not_sent_again_when_a_busy_service_does_not_say_when() -> None:
    asked = world(busy(), answer())
    with pytest.raises(ClientError):
        await asked.client.me.patch(ProfilePatch(name="Ann"))
    assert asked.methods == ["PATCH"]


async def test_registering_is_done_once() -> None:
    asked = world(LOST, answer(201, {}))
    with pytest.raises(ClientError):
        await asked.client.operator.register(AppRegistration("Diary"))
    assert asked.methods == ["POST"]


async def test_a_batch_is_a_read_and_asked_for_again() -> None:
    asked = world(LOST, answer(200, {"profiles": [PROFILE]}))
    assert [each.name for each in await asked.client.profiles.batch(["ann"])] == ["Ann"]


async def test_a_name_is_put_again_and_a_new_avatar_is_not() -> None:
    named = world(LOST, answer(200, PROFILE))
    await named.client.profiles.put("ann", PhoenixUpdate(name="Ann"))
    drawn = world(LOST, answer(200, PROFILE))
    with pytest.raises(ClientError):
        await drawn.client.profiles.put("ann", PhoenixUpdate(regenerate_avatar=True))
    assert (named.methods, drawn.methods) == (["PUT", "PUT"], ["PUT"])


@pytest.mark.parametrize("condition", [{"if_match": '"1-x-0"'}, {"only_new": True}], ids=["a version", "none"])
async def test_a_document_put_on_condition_is_not_put_again(condition: dict[str, str]) -> None:
    asked = world(LOST, answer(200, DOCUMENT))
    with pytest.raises(ClientError):
        await asked.client.apps.put(0, {}, **condition)  # type: ignore[arg-type]
    assert asked.methods == ["PUT"]


@pytest.mark.parametrize("kind", ["list", "iterator"])
async def test_a_bulk_is_sent_again_only_when_its_items_are_still_there(kind: str) -> None:
    items = [{"app_id": 0, "user_id": "ann", "profile_data": {}}]
    asked = world(busy(retry_after="1"), BULK)
    if kind == "list":
        await asked.client.operator.create_bulk(items)
        assert [each.content for each in asked.service.asked] == [asked.service.asked[0].content] * 2
    else:
        with pytest.raises(ClientError, match=r"Later|503"):
            await asked.client.operator.create_bulk(iter(items))
        assert asked.methods == ["POST"]


async def test_a_bulk_of_an_iterator_that_was_never_sent_is_sent_again() -> None:
    asked = world(NEVER_SENT, BULK)
    await asked.client.operator.create_bulk(BulkItem(0, {}, str(n)) for n in range(2))  # type: ignore[arg-type]
    assert asked.methods == ["POST"] * 2
