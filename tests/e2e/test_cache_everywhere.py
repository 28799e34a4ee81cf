"""Two servers on one database, both of which remember: what one has changed the other shows, and neither goes back."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from tests.e2e.conftest import Serve
from tests.e2e.provider import NO_TLS, Provider
from tests.e2e.served import Served, eventually
from tests.postgres import Postgres
from tests.store.databases import opened, repository

from profilegate.profiles.record import Actor, ProfileKey
from profilegate.settings import DatabaseSettings

OPERATOR = Actor("operator", "root", "test")
SOON = 15.0
"""Seconds. Every worker knows within one; a crowded machine may need longer to ask it."""

ROUNDS = 300


@pytest.fixture(scope="module")
def dsn(database_server: Postgres) -> str:
    return database_server.fresh_database()


@pytest.fixture(scope="module")
def first(serve: Serve, provider: Provider, dsn: str) -> Served:
    return serve(provider, dsn)


@pytest.fixture(scope="module")
def second(serve: Serve, provider: Provider, dsn: str) -> Served:
    return serve(provider, dsn)


@pytest.fixture
def user() -> str:
    return f"user-{uuid4().hex}"


@pytest.fixture
def token(provider: Provider, user: str, first: Served, second: Served) -> str:
    """Of somebody whose record both servers remember."""
    token = provider.sign_in(user)
    warm(first, token)
    warm(second, token)
    return token


def warm(server: Served, token: str) -> None:
    for _ in range(3):
        assert server.call(token).status_code == 200


@contextmanager
def kept(server: Served, token: str) -> Iterator[httpx.Client]:
    """A client that keeps its connection, so that it waits for nothing but the answers."""
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, trust_env=False, verify=NO_TLS, headers=headers, timeout=30) as client:
        yield client


@contextmanager
def reading(server: Served, token: str, clients: int = 2) -> Iterator[list[int]]:
    """Others who read the record all the time; their answers' statuses."""
    done, seen = Event(), list[int]()

    def read() -> None:
        with kept(server, token) as client:
            while not done.is_set():
                seen.append(client.get("/api/profile").status_code)

    threads = [Thread(target=read) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: len(seen) > clients)
        yield seen
    finally:
        done.set()
        for thread in threads:
            thread.join()


def in_database(dsn: str, sql: str) -> Any:
    async def done() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    return asyncio.run(done())


def cut_listeners(dsn: str) -> int:
    """Break the connections by which the servers are told, and no other."""
    listening = "datname = current_database() AND query LIKE '%pg_notify($1%' AND pid <> pg_backend_pid()"
    return len(in_database(dsn, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {listening}"))


def acted(dsn: str, act: str, user: str) -> None:
    """What an operator does to the user."""
    key, now = ProfileKey("default", user), int(time.time() * 1000)
    arguments: tuple[Any, ...] = (now, OPERATOR, now) if act == "revoke_before" else (OPERATOR, now)

    async def done() -> None:
        async with opened(DatabaseSettings(url=dsn)) as engine:
            assert await getattr(repository(engine), act)(key, *arguments)

    asyncio.run(done())


def soon(happens: Callable[[], bool]) -> None:
    eventually(happens, within=SOON)


@pytest.mark.parametrize("cut", [False, True], ids=["told", "cut off before"])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_change_at_one_is_seen_at_the_other_and_stays(
    first: Served, second: Served, token: str, dsn: str, cut: bool, busy: bool
) -> None:
    with reading(second, token, 2 if busy else 1) as seen, kept(second, token) as client:
        for number in range(3):
            name = f"Name {number} {uuid4().hex}"
            if cut:
                assert cut_listeners(dsn) >= 1
            assert first.rename(token, name).status_code == 200
            soon(lambda name=name: client.get("/api/profile").json()["name"] == name)  # type: ignore[misc]
            assert {client.get("/api/profile").json()["name"] for _ in range(20)} == {name}
            if cut:
                eventually(lambda: in_database(dsn, LISTENERS)[0][0] >= 2)
    assert set(seen) == {200}


LISTENERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_notify($1%' "
    "AND pid <> pg_backend_pid()"
)


@pytest.mark.parametrize("cut", [False, True], ids=["told", "cut off before"])
@pytest.mark.parametrize(("act", "status"), [("suspend", 403), ("erase", 401), ("revoke_before", 401)])
def test_whoever_may_act_no_more_is_refused_by_both_and_stays_refused(
    first: Served, second: Served, token: str, user: str, dsn: str, act: str, status: int, cut: bool
) -> None:
    with kept(first, token) as one, kept(second, token) as other:
        assert (one.get("/api/profile").status_code, other.get("/api/profile").status_code) == (200, 200)
        if cut:
            assert cut_listeners(dsn) >= 1
        acted(dsn, act, user)
        for client in (one, other):
            soon(lambda client=client: client.get("/api/profile").status_code == status)  # type: ignore[misc]
            assert {client.get("/api/profile").status_code for _ in range(20)} == {status}
            assert client.get(f"/v1/profiles/user/{user}").status_code == status
            assert client.patch("/api/profile", json={"name": "x"}).status_code == status
    if cut:
        eventually(lambda: in_database(dsn, LISTENERS)[0][0] >= 2)


def test_nobody_reads_less_than_what_they_have_written(first: Served, token: str) -> None:
    with reading(first, token) as seen, kept(first, token) as client:
        for number in range(ROUNDS):
            written = client.patch("/api/profile", json={"name": f"Round {number}"}).json()
            assert client.get("/api/profile").json() == written
    assert set(seen) == {200}


def test_a_version_learned_at_one_is_met_at_the_other_which_remembers_an_older_one(
    first: Served, second: Served, token: str
) -> None:
    with kept(first, token) as one, kept(second, token) as other:
        for number in range(50):
            other.get("/api/profile")
            tag = one.patch("/api/profile", json={"name": f"One {number}"}).headers["etag"]
            changed = other.patch("/api/profile", json={"name": f"Other {number}"}, headers={"if-match": tag})
            assert (changed.status_code, changed.json()["name"]) == (200, f"Other {number}")
            stale = one.patch("/api/profile", json={"name": "lost"}, headers={"if-match": tag})
            assert stale.status_code == 412
