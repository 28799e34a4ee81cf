"""Two servers on one database: a delivery that one of them takes is applied once and seen through both."""

import asyncio
import hmac
import itertools
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from tests.e2e.conftest import Serve
from tests.e2e.provider import Provider
from tests.e2e.served import Served, eventually
from tests.postgres import Postgres

SECRET = "what Logto signs with"
SOURCE = f"""
[[webhooks]]
source = "logto"
kind = "logto"
secrets = ["{SECRET}"]
"""
numbers = itertools.count()


@pytest.fixture(scope="module")
def dsn(database_server: Postgres) -> str:
    return database_server.fresh_database()


@pytest.fixture(scope="module")
def two(serve: Serve, provider: Provider, dsn: str) -> list[Served]:
    """One of them with two workers, so that three processes take deliveries and apply them."""
    return [serve(provider, dsn, extra=SOURCE), serve(provider, dsn, workers=2, extra=SOURCE)]


@pytest.fixture
def user() -> str:
    return f"user-{uuid4().hex}"


def body(user: str, event: str = "User.Data.Updated", route: str = "/users/:userId", **data: Any) -> bytes:
    """A delivery of Logto's about what happens to this user now, after everything before it."""
    payload = {
        "event": event,
        "createdAt": int(time.time() * 1000),
        "params": {"userId": user},
        "matchedRoute": route,
        "data": {"id": user, "updatedAt": next(numbers), **data},
    }
    return json.dumps(payload).encode()


def suspension(user: str, is_suspended: bool) -> bytes:
    route = "/users/:userId/is-suspended"
    return body(user, "User.SuspensionStatus.Updated", route, isSuspended=is_suspended)


def deliver(server: Served, content: bytes) -> httpx.Response:
    signature = hmac.digest(SECRET.encode(), content, "sha256").hex()
    return server.http.post("/webhooks/logto", content=content, headers={"logto-signature-sha-256": signature})


def answers(two: list[Served], token: str) -> list[httpx.Response]:
    """Asked often enough that each worker is among those who answer."""
    return [server.call(token) for server in two for _ in range(6)]


def statuses(two: list[Served], token: str) -> set[int]:
    return {answer.status_code for answer in answers(two, token)}


def names(two: list[Served], token: str) -> set[str]:
    return {answer.json().get("name") for answer in answers(two, token)}


def asked(dsn: str, sql: str, *values: object) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    return asyncio.run(run())


def states(dsn: str, user: str) -> list[str]:
    sql = "SELECT state FROM profilegate_delivery WHERE user_id = $1"
    return [row["state"] for row in asked(dsn, sql, user)]


def applied(dsn: str, user: str) -> int:
    """How many changes of this user's record the provider made."""
    sql = "SELECT count(*) FROM profilegate_audit WHERE user_id = $1 AND actor_kind = 'idp'"
    return int(asked(dsn, sql, user)[0][0])


def is_settled(dsn: str, user: str, count: int) -> Callable[[], bool]:
    return lambda: states(dsn, user) == ["done"] * count


def test_a_delivery_that_one_server_takes_is_applied_once_and_seen_through_both(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    assert deliver(two[0], body(user, name="Told To One")).status_code == 202
    eventually(is_settled(dsn, user, 1), lambda: two[0].log)
    assert names(two, provider.sign_in(user)) == {"Told To One"}
    assert applied(dsn, user) == 1


def test_the_same_delivery_to_both_servers_is_stored_and_applied_once(two: list[Served], dsn: str, user: str) -> None:
    content = body(user, name="Told Twice")
    assert [deliver(server, content).status_code for server in (*two, *two)] == [202] * 4
    eventually(is_settled(dsn, user, 1), lambda: two[0].log)
    assert applied(dsn, user) == 1


def test_of_deliveries_that_come_to_both_in_the_wrong_order_the_newest_stands(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    told = [body(user, name=f"Name {n}") for n in range(10)]
    for n, content in enumerate(reversed(told)):
        assert deliver(two[n % 2], content).status_code == 202
    eventually(is_settled(dsn, user, len(told)), lambda: two[0].log)
    assert names(two, provider.sign_in(user)) == {"Name 9"}


def test_a_suspension_and_its_end_are_seen_by_both_as_soon_as_the_delivery_is_applied(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    token = provider.sign_in(user)
    assert statuses(two, token) == {200}
    assert deliver(two[1], suspension(user, True)).status_code == 202
    eventually(is_settled(dsn, user, 1), lambda: two[1].log)
    assert statuses(two, token) == {403}
    assert statuses(two, provider.sign_in(user)) == {403}
    assert deliver(two[0], suspension(user, False)).status_code == 202
    eventually(is_settled(dsn, user, 2), lambda: two[0].log)
    assert statuses(two, token) == {200}


def test_a_deletion_is_seen_by_both_as_soon_as_the_delivery_is_applied(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    token = provider.sign_in(user)
    assert statuses(two, token) == {200}
    assert deliver(two[0], body(user, "User.Deleted")).status_code == 202
    eventually(is_settled(dsn, user, 1), lambda: two[0].log)
    assert statuses(two, token) == {401}


def test_a_delivery_that_nobody_signed_changes_nothing_at_either(
    two: list[Served], dsn: str, provider: Provider, user: str
) -> None:
    content = suspension(user, True)
    headers = {"logto-signature-sha-256": hmac.digest(b"another secret", content, "sha256").hex()}
    told = [server.http.post("/webhooks/logto", content=content, headers=headers) for server in two]
    assert {answer.status_code for answer in told} == {401}
    assert (states(dsn, user), statuses(two, provider.sign_in(user))) == ([], {200})
