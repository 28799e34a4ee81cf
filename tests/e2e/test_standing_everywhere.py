"""Two servers on one database: what becomes of a user's standing is seen by both with the next request."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import httpx
import pytest
from tests.e2e.conftest import Serve
from tests.e2e.provider import Provider
from tests.e2e.served import Served, eventually
from tests.postgres import Postgres
from tests.store.databases import opened, repository

from profilegate.profiles.record import Actor, ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.profiles import ProfileRepository

PUBLIC = "/v1/profiles/user/{}"
OPERATOR = Actor("operator", "root", "test")
ACTORS = {"provider": Actor("idp", "https://idp.test", "webhook"), "operator": OPERATOR}

T = TypeVar("T")


@pytest.fixture(scope="module")
def dsn(database_server: Postgres) -> str:
    return database_server.fresh_database()


@pytest.fixture(scope="module")
def two(serve: Serve, provider: Provider, dsn: str) -> list[Served]:
    """One of them with two workers, so that three processes answer."""
    return [serve(provider, dsn), serve(provider, dsn, workers=2)]


@pytest.fixture
def user(two: list[Served], provider: Provider) -> str:
    """Somebody with a record whom both servers have just admitted."""
    user_id = f"user-{uuid4().hex}"
    assert statuses(two, provider.sign_in(user_id)) == {200}
    return user_id


def in_store(dsn: str, work: Callable[[ProfileRepository], Awaitable[T]]) -> T:
    """What somebody else does in the same database: the provider's events, or an operator."""

    async def done() -> T:
        async with opened(DatabaseSettings(url=dsn)) as engine:
            return await work(repository(engine))

    return asyncio.run(done())


def answers(two: list[Served], token: str, path: str = "/api/profile") -> list[httpx.Response]:
    """Asked often enough that each worker is among those who answer."""
    return [server.call(token, path=path) for server in two for _ in range(6)]


def statuses(two: list[Served], token: str) -> set[int]:
    return {answer.status_code for answer in answers(two, token)}


def codes(two: list[Served], token: str, path: str) -> set[tuple[int, str]]:
    return {(answer.status_code, answer.json()["code"]) for answer in answers(two, token, path)}


def key(user_id: str) -> ProfileKey:
    return ProfileKey("default", user_id)


def now() -> int:
    return int(time.time() * 1000)


@pytest.mark.parametrize("actor", ACTORS.values(), ids=ACTORS.keys())
def test_a_suspension_and_its_end_are_seen_by_every_server_at_once(
    two: list[Served], dsn: str, provider: Provider, user: str, actor: Actor
) -> None:
    token, stranger = provider.sign_in(user), provider.sign_in("somebody-else")
    assert statuses(two, stranger) == {200}
    assert in_store(dsn, lambda store: store.suspend(key(user), actor, now())) is True
    assert codes(two, token, "/api/profile") == {(403, "user.suspended")}
    assert codes(two, token, PUBLIC.format(user)) == {(403, "AUTH_005")}
    assert statuses(two, stranger) == {200}
    assert in_store(dsn, lambda store: store.suspend(key(user), actor, now(), suspended=False)) is True
    assert statuses(two, token) == {200}


def test_a_suspended_user_changes_nothing_and_a_new_token_does_not_help(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    in_store(dsn, lambda store: store.suspend(key(user), OPERATOR, now()))
    token = provider.sign_in(user)
    refusals = [server.rename(token) for server in two]
    assert {(each.status_code, each.json()["code"]) for each in refusals} == {(403, "user.suspended")}
    assert {"error=" in each.headers["www-authenticate"] for each in refusals} == {False}
    in_store(dsn, lambda store: store.suspend(key(user), OPERATOR, now(), suspended=False))
    assert two[0].call(token).json()["name"] != "Renamed"


@pytest.mark.parametrize("actor", ACTORS.values(), ids=ACTORS.keys())
def test_an_erasure_is_seen_by_every_server_at_once_and_a_new_token_does_not_undo_it(
    two: list[Served], dsn: str, provider: Provider, user: str, actor: Actor
) -> None:
    token = provider.sign_in(user)
    assert in_store(dsn, lambda store: store.erase(key(user), actor, now())) is not None
    for tried in (token, provider.sign_in(user)):
        assert statuses(two, tried) == {401}
        assert codes(two, tried, PUBLIC.format(user)) == {(401, "AUTH_001")}


def test_who_erased_themselves_come_back_with_a_token_that_is_newer(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    token = provider.sign_in(user)
    two[0].rename(token, "Before The Erasure")
    in_store(dsn, lambda store: store.erase(key(user), Actor("user", user, "test"), now()))
    assert statuses(two, token) == {401}
    eventually(lambda: two[0].call(provider.sign_in(user)).status_code == 200)
    back = provider.sign_in(user)
    assert statuses(two, back) == {200}
    assert two[1].call(back).json()["name"] != "Before The Erasure"
    assert statuses(two, token) == {401}


def test_tokens_issued_before_a_revocation_end_at_every_server_at_once_and_later_ones_work(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    token, stranger = provider.sign_in(user), provider.sign_in("somebody-else")
    moment = now()
    assert in_store(dsn, lambda store: store.revoke_before(key(user), moment, OPERATOR, moment)) is True
    assert codes(two, token, PUBLIC.format(user)) == {(401, "AUTH_001")}
    assert 'error="invalid_token"' in two[0].call(token).headers["www-authenticate"]
    assert statuses(two, stranger) == {200}
    eventually(lambda: two[0].call(provider.sign_in(user)).status_code == 200)
    assert statuses(two, provider.sign_in(user)) == {200}
    assert statuses(two, token) == {401}
