"""Read, decide, write: what a client does about those who were quicker."""

import httpx
import pytest
from msgspec import UNSET, UnsetType
from tests.clients.scripted import DOCUMENT, answer, world

from profilegate.client import AppProfile, ClientError, LogtoUser, ProfilePatch

CONFLICT = answer(412, {"message": "Changed.", "code": "entity.precondition_failed"})
NONE = httpx.Response(200, json={"profiles": []})


def louder(user: LogtoUser) -> ProfilePatch:
    return ProfilePatch(name=f"{user.name}!")


async def test_a_change_is_written_on_the_version_that_was_read() -> None:
    asked = world(answer(etag='"5-logto-0"'), answer(200, {"id": "ann", "name": "Ann!"}))
    assert (await asked.client.me.change(louder)).value.name == "Ann!"
    read, write = asked.service.asked
    assert (read.method, write.method, write.headers["if-match"]) == ("GET", "PATCH", '"5-logto-0"')
    assert write.content == b'{"name":"Ann!"}'


async def test_after_a_conflict_it_is_read_and_decided_again() -> None:
    newer = answer(200, {"id": "ann", "name": "Bob"}, etag='"6-logto-0"')
    asked = world(answer(), CONFLICT, newer, answer())
    await asked.client.me.change(louder)
    assert asked.methods == ["GET", "PATCH"] * 2
    assert asked.service.asked[-1].headers["if-match"] == '"6-logto-0"'
    assert asked.service.asked[-1].content == b'{"name":"Bob!"}'


async def test_after_the_last_round_the_conflict_is_raised() -> None:
    asked = world(answer(), CONFLICT, answer(), CONFLICT, answer(), CONFLICT, answer())
    with pytest.raises(ClientError) as caught:
        await asked.client.me.change(louder, rounds=3)
    assert (caught.value.status, asked.methods) == (412, ["GET", "PATCH"] * 3)


async def test_no_other_error_leads_to_another_round() -> None:
    asked = world(answer(), answer(422, {"message": "Too long."}))
    with pytest.raises(ClientError):
        await asked.client.me.change(louder)
    assert asked.methods == ["GET", "PATCH"]


async def test_who_decides_to_leave_it_writes_nothing() -> None:
    asked = world()

    async def leave(_: LogtoUser) -> ProfilePatch | UnsetType:
        return UNSET

    assert (await asked.client.me.change(leave)).value.name == "Ann"
    assert asked.methods == ["GET"]


async def test_a_change_whose_answer_was_lost_is_not_made_twice() -> None:
    asked = world(answer(), httpx.ReadError("lost"), answer())
    with pytest.raises(ClientError) as caught:
        await asked.client.me.change(louder)
    assert (caught.value.code, asked.methods) == ("unreachable", ["GET", "PATCH"])


async def test_a_first_document_is_stored_only_where_there_is_none() -> None:
    asked = world(NONE, answer(201, DOCUMENT))
    await asked.client.apps.change(0, lambda current: {"visits": 1} if current is None else UNSET)
    assert asked.service.asked[-1].headers["if-none-match"] == "*"


async def test_a_first_document_that_came_in_between_is_built_upon() -> None:
    asked = world(NONE, CONFLICT, answer(200, {"profiles": [DOCUMENT]}, etag='"9"'), answer(200, DOCUMENT))
    seen: list[AppProfile | None] = []

    def decide(current: AppProfile | None) -> object:
        seen.append(current)
        return {}

    await asked.client.apps.change(0, decide)
    assert [each is None for each in seen] == [True, False]
    assert asked.service.asked[-1].headers["if-match"] == '"9"'
    assert "if-none-match" not in asked.service.asked[-1].headers


async def test_a_round_at_least_is_needed() -> None:
    with pytest.raises(ValueError, match="round"):
        await world().client.me.change(louder, rounds=0)
