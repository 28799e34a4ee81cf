"""Two server processes on one database, and users of a real provider who want the same at the same moment."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from tests import postgres
from tests.e2e.provider import Provider
from tests.e2e.served import Served

HERE = "/api/profile"
ROUNDS = 200
TAKEN = (422, "user.username_already_in_use")


@pytest.fixture(scope="module")
def two(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Served]]:
    """Two servers that know of each other only through their database."""
    with postgres.start() as server:
        dsn = server.fresh_database()
        one, other = (Served(tmp_path_factory.mktemp(name), dsn, provider) for name in ("one", "other"))
        with one, other:
            yield [one, other]


@pytest.fixture(scope="module")
def tokens(provider: Provider) -> dict[str, str]:
    return {user_id: provider.sign_in(user_id) for user_id in ("racer-a", "racer-b")}


@pytest.fixture
async def racers(two: list[Served], tokens: dict[str, str]) -> AsyncIterator[list[httpx.AsyncClient]]:
    """One user at each server."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(caller(at, tokens[who])) for at, who in zip(two, tokens, strict=True)]


def caller(served: Served, token: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=served.url, headers=headers, trust_env=False, timeout=30)


def outcome(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def claim(client: httpx.AsyncClient, username: str) -> httpx.Response:
    return await client.patch(HERE, json={"username": username})


async def test_of_two_users_at_two_servers_who_race_for_a_free_username_one_gets_it(
    racers: list[httpx.AsyncClient],
) -> None:
    winners: Counter[str] = Counter()
    for n in range(ROUNDS):
        racers.reverse()  # neither is always the first to be called
        answers = await asyncio.gather(*(claim(each, f"free_{n}") for each in racers))
        assert Counter(map(outcome, answers)) == {(200, None): 1, TAKEN: 1}
        won = next(i for i, answer in enumerate(answers) if answer.status_code == 200)
        shown = [(await each.get(HERE)).json()["username"] for each in racers]
        assert [username == f"free_{n}" for username in shown] == [i == won for i in range(2)]
        winners[str(racers[won].base_url)] += 1
    assert len(winners) == 2, "no round was a race: the same server always won"


async def test_of_changes_of_different_fields_at_two_servers_none_is_lost(
    two: list[Served], tokens: dict[str, str]
) -> None:
    names = ("familyName", "givenName", "middleName", "nickname", "website", "gender", "birthdate", "locale")
    async with caller(two[0], tokens["racer-a"]) as one, caller(two[1], tokens["racer-a"]) as other:
        for n in range(20):
            sent = {name: f"{name} {n}" for name in names}
            asked = [
                (one, other)[i % 2].patch(f"{HERE}/profile", json={name: sent[name]}) for i, name in enumerate(names)
            ]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
            async with asyncio.timeout(30):  # on a crowded machine the other server may hear of it a moment later
                while [(await each.get(HERE)).json()["profile"] for each in (one, other)] != [sent, sent]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


async def test_of_those_at_two_servers_who_saw_one_version_exactly_one_changes_it(
    two: list[Served], tokens: dict[str, str]
) -> None:
    async with caller(two[0], tokens["racer-b"]) as one, caller(two[1], tokens["racer-b"]) as other:
        for n in range(20):
            seen = {"if-match": (await one.get(HERE)).headers["etag"]}
            asked = [
                each.patch(HERE, json={"name": f"Name {n} {m}"}, headers=seen)
                for m in range(5)
                for each in (one, other)
            ]
            answers = await asyncio.gather(*asked)
            assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 9}


async def test_first_accesses_at_two_servers_make_one_record(two: list[Served], provider: Provider) -> None:
    for n in range(10):
        token = provider.sign_in(f"newcomer-{n}")
        async with caller(two[0], token) as one, caller(two[1], token) as other:
            answers = await asyncio.gather(*(each.get(HERE) for each in (one, other) * 5))
            assert {answer.status_code for answer in answers} == {200}
            assert len({(answer.content, answer.headers["etag"]) for answer in answers}) == 1
