"""Bulks of a real operator's machine to a served profilegate on PostgreSQL: whole or not at all, in little memory."""

import asyncio
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.e2e.conftest import Serve
from tests.e2e.provider import OPERATOR_SCOPE, Provider
from tests.e2e.served import Served, eventually
from tests.postgres import Postgres

BULK = "/operator/profile/create-bulk"
ITEMS = 20_000
MEBIBYTE = 1_048_576
OPERATOR = f'operator = {{scope = "{OPERATOR_SCOPE}"}}\n'
PIECE = 65_536


class Target:
    """A service with one application, its database, and the machine that may fill it."""

    def __init__(self, served: Served, dsn: str, token: str) -> None:
        self.served, self.dsn, self.token = served, dsn, token
        answer = served.call(token, "POST", "/operator/app/register", json={"app_id": 0, "app": "Diary"})
        assert answer.status_code == 201, answer.text

    def send(self, content: bytes | Iterator[bytes], **query: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        with httpx.Client(base_url=self.served.url, trust_env=False, timeout=300) as client:
            return client.post(BULK, content=content, headers=headers, params=query)

    def count(self, table: str) -> int:
        async def ask() -> int:
            connection = await asyncpg.connect(self.dsn)
            try:
                return int(await connection.fetchval(f"SELECT count(*) FROM profilegate_{table}"))
            finally:
                await connection.close()

        return asyncio.run(ask())

    def counts(self) -> list[int]:
        return [self.count(table) for table in ("document", "profile", "audit")]


@pytest.fixture
def target(provider: Provider, serve: Serve, database_server: Postgres) -> Target:
    dsn = database_server.fresh_database()
    served = serve(provider, dsn, extra=OPERATOR)
    return Target(served, dsn, provider.machine_token(OPERATOR_SCOPE))


def body(users: int, size: int = 0) -> Iterator[bytes]:
    """A bulk for this many users, each document of about `size` bytes, in pieces as a network gives them."""
    padding = "x" * size
    pending = b'{"profiles":['
    for n in range(users):
        pending += b"," if n else b""
        pending += json.dumps(
            {"app_id": 0, "profile_data": {"n": n, "padding": padding}, "user_id": f"user-{n}"}
        ).encode()
        while len(pending) >= PIECE:
            yield pending[:PIECE]
            pending = pending[PIECE:]
    yield pending + b"]}"


def test_twenty_thousand_items_in_one_request_are_all_stored(target: Target) -> None:
    answer = target.send(b"".join(body(ITEMS)))
    assert (answer.status_code, answer.json()["created"]) == (201, ITEMS), answer.text[:500]
    assert answer.json()["profiles"][-1] == {"app_id": 0, "user_id": f"user-{ITEMS - 1}"}
    assert target.counts()[:2] == [ITEMS, ITEMS]
    shown = target.served.call(target.token, path="/operator/users/profile/user-777/0")
    assert (shown.status_code, shown.json()["profile_data"]) == (200, {"n": 777, "padding": ""})


def test_one_bad_item_at_the_end_of_twenty_thousand_keeps_all_from_being_written(target: Target) -> None:
    before = target.counts()
    content = b"".join(body(ITEMS)).replace(b'"user_id": "user-19999"', b'"user_id": ""')
    answer = target.send(content)
    assert (answer.status_code, [each["index"] for each in answer.json()["details"]["items"]]) == (422, [19_999])
    assert target.counts() == before


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing_behind(target: Target) -> None:
    before = target.counts()

    def broken() -> Iterator[bytes]:
        yield from list(body(5_000, 500))[:20]
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        target.send(broken())
    assert target.served.call(target.token, path="/app/all").status_code == 200
    assert target.counts() == before


def test_a_machine_that_is_no_operator_is_refused_before_its_body_is_read(target: Target, provider: Provider) -> None:
    answer = target.served.call(provider.machine_token(), "POST", BULK, content=b"x", headers={})
    assert answer.status_code == 403


@pytest.mark.parametrize("users", ["new", "old"])
def test_a_server_that_is_killed_in_the_middle_of_a_bulk_leaves_nothing_half_written(
    target: Target, users: str
) -> None:
    if users == "old":
        assert target.send(b"".join(body(ITEMS)), mode="all").status_code == 201
    before = target.counts()
    query = {"on_conflict": "replace"} if users == "old" else {}
    content = b"".join(body(ITEMS, 300))
    told = len(target.served.log)
    sending = threading.Thread(target=_ignored(lambda: target.send(content, **query)))
    sending.start()
    eventually(lambda: "documents written" in target.served.log[told:], lambda: target.served.log)
    for pid in workers(target.served):
        os.kill(pid, signal.SIGKILL)
    sending.join(60)
    assert not sending.is_alive()
    eventually(lambda: _answers(target))
    eventually(lambda: target.counts() == before, lambda: str((target.counts(), before)))
    # The database may not have noticed yet that the other end of the killed server's transaction is gone.
    eventually(lambda: target.send(content, **query).status_code == 201, lambda: target.served.log)
    assert target.counts()[:2] == [ITEMS, ITEMS]


@pytest.mark.parametrize(("users", "size"), [(60_000, 950), (950, 64_000)], ids=["small documents", "large documents"])
def test_a_body_of_sixty_megabytes_takes_less_than_200_of_memory(target: Target, users: int, size: int) -> None:
    idle = memory(target.served)
    content = b"".join(body(users, size))
    assert 58_000_000 < len(content) < 66_000_000
    answer = target.send(content)
    assert (answer.status_code, answer.json()["created"]) == (201, users), answer.text[:500]
    peak = memory(target.served, "VmHWM")
    assert peak - idle < 200 * MEBIBYTE, f"{(peak - idle) / MEBIBYTE:.0f} MiB above {idle / MEBIBYTE:.0f}"


def test_others_are_served_while_a_bulk_is_under_way(target: Target, provider: Provider) -> None:
    token = provider.sign_in("somebody")
    assert target.served.call(token).status_code == 200
    content = b"".join(body(ITEMS))
    sending = threading.Thread(target=lambda: target.send(content))
    sending.start()
    meanwhile = 0
    while sending.is_alive():
        assert target.served.call(token).status_code == 200
        meanwhile += 1
    sending.join()
    assert meanwhile > 10, "one at its start and one at its end are not meanwhile"


def workers(served: Served) -> list[int]:
    """The processes that answer requests."""
    main = served._process.pid
    found = subprocess.run(["pgrep", "-P", str(main)], capture_output=True, text=True).stdout.split()
    return [pid for pid in map(int, found) if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]


def memory(served: Served, name: str = "VmRSS") -> int:
    """Bytes of the largest worker: now, or at most so far (VmHWM)."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in workers(served)]
    return max(int(each.partition(f"{name}:")[2].split()[0]) * 1024 for each in status)


def _answers(target: Target) -> bool:
    with suppress(httpx.TransportError):
        return target.served.http.get("/ready").status_code == 200
    return False


def _ignored(work: Callable[[], object]) -> Callable[[], None]:
    """The work, whose connection may break."""

    def run() -> None:
        with suppress(httpx.TransportError):
            work()

    return run
