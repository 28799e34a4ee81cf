"""Many write at once: nothing is lost, nobody gets two owners, and no racer gets an error."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH
from tests.faces.running import Service, address
from tests.logto.asking import CLAIMS, HERE, NEWER
from tests.store.databases import audit, profiles

ROUNDS = 200
TAKEN = (422, "user.username_already_in_use")


def outcome(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def claim(client: httpx.AsyncClient, username: str, path: str = HERE) -> httpx.Response:
    return await client.patch(path, json={"username": username})


async def owners(service: Service, username: str) -> list[str]:
    rows = await profiles(service.gate.engine)
    return [row["user_id"] for row in rows if (row["username"] or "").lower() == username.lower()]


async def race(service: Service, racers: Sequence[tuple[str, str]], path: str = HERE) -> None:
    """Users who claim usernames that are the same: one gets it, and the others are told that it is taken."""
    answers = await asyncio.gather(*(claim(service.client(user_id), name, path) for user_id, name in racers))
    assert Counter(map(outcome, answers)) == {(200, None): 1, TAKEN: len(racers) - 1}
    won = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert await owners(service, racers[0][1]) == [racers[won][0]]
    assert answers[won].json()["username"] == racers[won][1]


@BOTH
async def test_of_two_users_who_race_for_a_free_username_one_gets_it(service: Service) -> None:
    for n in range(ROUNDS):
        await race(service, [("alice", f"free_{n}"), ("bob", f"free_{n}")], (HERE, NEWER)[n % 2])


@BOTH
async def test_of_two_users_who_spell_it_differently_one_gets_it(service: Service) -> None:
    for n in range(50):
        await race(service, [("alice", f"Free_{n}"), ("bob", f"fREE_{n}")])


@BOTH
async def test_of_two_users_who_were_never_here_one_gets_it_and_the_other_may_try_again(service: Service) -> None:
    for n in range(50):
        await race(service, [(f"alice-{n}", f"free_{n}"), (f"bob-{n}", f"free_{n}")])
        for user_id in (f"alice-{n}", f"bob-{n}"):
            assert (await service.client(user_id).get(HERE)).status_code == 200


@BOTH
async def test_of_twenty_users_who_race_one_gets_it(service: Service) -> None:
    for n in range(10):
        await race(service, [(f"user-{m}", f"free_{n}") for m in range(20)])


@BOTH
async def test_of_those_whose_tokens_offer_one_username_one_gets_it_and_all_get_a_record(service: Service) -> None:
    for n in range(30):
        offered = [service.client(f"user-{n}-{m}", preferred_username=f"free_{n}") for m in range(4)]
        answers = await asyncio.gather(*(each.get(HERE) for each in offered))
        assert [answer.status_code for answer in answers] == [200] * 4
        assert len(await owners(service, f"free_{n}")) == 1


@BOTH
async def test_users_who_swap_usernames_end_with_one_owner_each(service: Service) -> None:
    alice, bob = service.client("alice"), service.client("bob")
    await asyncio.gather(claim(alice, "one"), claim(bob, "two"))
    for _ in range(50):
        names = [(await each.get(HERE)).json()["username"] for each in (alice, bob)]
        answers = await asyncio.gather(claim(alice, names[1]), claim(bob, names[0]))
        assert {outcome(answer) for answer in answers} <= {(200, None), TAKEN}
        assert [len(await owners(service, name)) for name in names] == [1, 1]


CLAIM_NAMES = ("familyName", "givenName", "middleName", "nickname", "profile", "website", "gender", "birthdate",
               "zoneinfo", "locale", "preferredUsername")  # fmt: skip


def changes(n: int) -> list[tuple[str, dict[str, Any]]]:
    """Sixteen changes of as many fields, in four ways to say it."""
    fields = {"name": f"Ann {n}", "avatar": f"https://a.example/{n}", "username": f"ann_{n}", "customData": {"n": n}}
    claims = {name: f"{name} {n}" for name in CLAIM_NAMES} | {"address": {"country": f"{n}"}}
    mounts = (HERE, NEWER)
    return [(mounts[n % 2], {name: value}) for name, value in fields.items()] + [
        (f"{mounts[n % 2]}/profile", {name: value}) for name, value in claims.items()
    ]


def merged(asked: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    shown: dict[str, Any] = {"profile": {}}
    for path, body in asked:
        (shown["profile"] if path.endswith("/profile") and path not in (HERE, NEWER) else shown).update(body)
    return shown


@pytest.mark.parametrize("known", [True, False], ids=["existing", "new"])
@BOTH
async def test_of_changes_of_different_fields_none_is_lost(client: httpx.AsyncClient, known: bool) -> None:
    if known:
        await client.get(HERE)
    for n in range(4):
        asked = changes(n)
        answers = await asyncio.gather(*(client.patch(path, json=body) for path, body in asked))
        assert {answer.status_code for answer in answers} == {200}
        shown = await client.get(HERE)
        assert shown.json() == shown.json() | merged(asked)
        assert shown.headers["etag"] == f'"{16 * (n + 1) + known}-logto-31"'


@BOTH
async def test_of_fifty_changes_of_one_field_the_last_stands_and_all_are_counted(
    client: httpx.AsyncClient, service: Service
) -> None:
    await client.get(HERE)
    answers = await asyncio.gather(*(client.patch(HERE, json={"name": f"Ann {n}"}) for n in range(50)))
    assert [answer.status_code for answer in answers] == [200] * 50
    assert len({answer.headers["etag"] for answer in answers}) == 50
    (last,) = (answer for answer in answers if answer.headers["etag"] == '"51-logto-31"')
    assert (await client.get(HERE)).content == last.content
    assert [each["version"] for each in await audit(service.gate.engine)] == list(range(1, 52))


@pytest.mark.parametrize("path", [HERE, CLAIMS])
@BOTH
async def test_of_fifty_who_saw_one_version_exactly_one_changes_it(client: httpx.AsyncClient, path: str) -> None:
    seen = (await client.get(HERE)).headers["etag"]
    member = "nickname" if path == CLAIMS else "name"
    asked = [client.patch(path, json={member: f"Ann {n}"}, headers={"if-match": seen}) for n in range(50)]
    answers = await asyncio.gather(*asked)
    expected = {(200, None): 1, (412, "entity.precondition_failed"): 49}
    assert Counter(map(outcome, answers)) == expected
    won = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    after = await client.get(HERE)
    assert after.headers["etag"] == '"2-logto-31"'
    assert (after.json()["profile"] if path == CLAIMS else after.json())[member] == f"Ann {won}"


@BOTH
async def test_fifty_first_accesses_through_both_faces_make_one_record(service: Service) -> None:
    clients = [service.client(name="Alice", preferred_username="alice") for _ in range(50)]
    paths = [HERE, NEWER, address("alice")]
    answers = await asyncio.gather(*(each.get(paths[n % 3]) for n, each in enumerate(clients)))
    assert [answer.status_code for answer in answers] == [200] * 50
    assert {answer.json()["name"] for answer in answers} == {"Alice"}
    assert [row["version"] for row in await profiles(service.gate.engine)] == [1]


@BOTH
async def test_who_retries_on_412_loses_no_step(client: httpx.AsyncClient) -> None:
    """Ten who each count up once, as the standard says to: read, change with If-Match, and again on 412."""
    await client.patch(HERE, json={"customData": {"count": 0}})

    async def count_up() -> None:
        while True:
            read = await client.get(HERE)
            body = {"customData": {"count": read.json()["customData"]["count"] + 1}}
            answer = await client.patch(HERE, json=body, headers={"if-match": read.headers["etag"]})
            if answer.status_code == 200:
                return
            assert answer.status_code == 412

    await asyncio.gather(*(count_up() for _ in range(10)))
    assert (await client.get(HERE)).json()["customData"] == {"count": 10}
