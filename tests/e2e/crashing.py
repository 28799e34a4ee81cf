"""A served profilegate that is killed again and again while deliveries come in, and what became of each of them."""

import asyncio
import hmac
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any

import asyncpg
import httpx
from msgspec import Struct
from tests.e2e.provider import NO_TLS
from tests.e2e.served import Served, eventually

from profilegate.settings import DatabaseSettings

SENDERS = 8
SECRET = "what the provider signs with"
BEGAN = 1_700_000_000_000
"""Unix milliseconds, long ago: when the first of what is told happened."""

CLAIMS = ("familyName", "givenName", "middleName", "nickname", "preferredUsername", "gender", "zoneinfo", "locale")
"""Each delivery about a shared user sets another, so that each that is applied makes exactly one audit row."""

POINTERS = ", ".join(f'"oidc_profile.{claim}" = "/data/{claim}"' for claim in CLAIMS)
SOURCE = f"""
[[webhooks]]
source = "idp"
kind = "generic"
secrets = ["{SECRET}"]
signature = "digest"
[webhooks.mapping]
subject = "/params/userId"
event = "/event"
set = ["User.Data.Updated"]
occurred_at = "/createdAt"
sequence = "/data/updatedAt"
fields = {{ name = "/data/name", {POINTERS} }}
"""

# The database itself writes down each time that a delivery is marked as done.
NOTED = {
    "postgres": (
        "CREATE TABLE turned (delivery BIGINT)",
        "CREATE FUNCTION note_turn() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO turned VALUES (NEW.id); RETURN NEW; END'",
        "CREATE TRIGGER note_turn AFTER UPDATE OF state ON profilegate_delivery FOR EACH ROW "
        "WHEN (NEW.state = 'done') EXECUTE FUNCTION note_turn()",
    ),
    "sqlite": (
        "CREATE TABLE turned (delivery BIGINT)",
        "CREATE TRIGGER note_turn AFTER UPDATE OF state ON profilegate_delivery "
        "WHEN NEW.state = 'done' BEGIN INSERT INTO turned VALUES (NEW.id); END",
    ),
}
# The transaction that wrote a delivery last, which is the one that marked it, wrote an audit row, too.
TOGETHER = (
    "SELECT count(*) FROM profilegate_delivery AS delivery WHERE EXISTS (SELECT 1 FROM profilegate_audit AS audit "
    "WHERE audit.user_id = delivery.user_id AND audit.xmin = delivery.xmin)"
)


class Issuer(Struct):
    """Nobody asks it anything here."""

    issuer: str = "https://id.example"


class Told(Struct, frozen=True):
    """One delivery, as the provider sends it every time."""

    user_id: str
    name: str
    claim: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        signature = hmac.digest(SECRET.encode(), self.body, "sha256").hex()
        return {"content-type": "application/json", "x-signature": signature}


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of all deliveries. `once` is None where the database cannot tell the transactions apart."""

    sent: int
    kills: int
    statuses: dict[int, int]
    """How many answers of each status."""
    cut_off: int
    """Requests that were under way and got no answer."""
    refused: int
    """Tries while nobody listened."""
    again: int
    """Deliveries that had to be sent more than once."""
    rows: dict[str, int]
    """How many deliveries are in each state."""
    turns: int
    """How often a delivery was marked as done."""
    most_turns: int
    """Of one delivery."""
    audit_rows: int
    together: int | None
    """Deliveries that were applied in the transaction that marked them."""
    users: int
    newest: int
    """Users whose record has the newest name, and every claim."""
    attempts: int
    """Attempts that failed."""
    seconds: float


class Mortal(Served):
    """A service that can be killed with everything it started, and started again on the same port."""

    def __init__(self, folder: Path, database: DatabaseSettings, workers: int) -> None:
        super().__init__(folder, database.url or "", Issuer(), workers=workers, extra=SOURCE)
        if not database.is_postgres:
            self.configure(self.settings.replace('url = ""', f'path = "{database.path}"'))

    def begin(self) -> None:
        self._process = subprocess.Popen(
            self._command("serve"), stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._wait()

    def kill(self) -> None:
        """Its workers too, at this very moment."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """The database is migrated; nothing of the service is left behind at the end."""
        subprocess.run(self._command("migrate"), check=True, capture_output=True, timeout=60)
        self._log = (self._folder / "serve.log").open("a")
        self.http = httpx.Client(base_url=self.url, trust_env=False, verify=NO_TLS, timeout=30)
        try:
            yield
        finally:
            if self.is_running:
                self.kill()
            self._end()


class Sender:
    """A provider that sends each delivery until it is taken, as several at once."""

    def __init__(self, url: str) -> None:
        self.accepted = 0
        self.again = 0
        self.cut_off = 0
        self.refused = 0
        self.statuses: Counter[int] = Counter()
        self._lock = Lock()
        self._given_up = Event()
        self._http = httpx.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=30)

    @contextmanager
    def sending(self, deliveries: Sequence[Told]) -> Iterator[None]:
        """Sends beside the block and, unless that fails, until all are taken."""
        with self._http, ThreadPoolExecutor(SENDERS) as threads:
            sent = [threads.submit(self._deliver, each) for each in deliveries]
            try:
                yield
                for each in sent:
                    each.result()
            finally:
                self._given_up.set()

    def has_sent(self, count: int) -> bool:
        return self.accepted >= count

    def _deliver(self, told: Told) -> None:
        for tries in itertools.count(1):
            if self._given_up.is_set():
                return
            if self._tried(told) == 202:
                with self._lock:
                    self.accepted += 1
                    self.again += tries > 1
                return
            time.sleep(0.02)  # as a sender does, that is told to come again

    def _tried(self, told: Told) -> int | None:
        try:
            status = self._http.post("/webhooks/idp", content=told.body, headers=told.headers).status_code
        except httpx.TransportError as error:
            with self._lock:
                self.refused += isinstance(error, httpx.ConnectError)
                self.cut_off += not isinstance(error, httpx.ConnectError)
            return None
        with self._lock:
            self.statuses[status] += 1
        return status


def deliveries(count: int) -> list[Told]:
    """Half of them about a user each, the others about users who are spoken of again and again; in any order."""
    alone = [told(f"own-{n}", n, CLAIMS[n % len(CLAIMS)]) for n in range(count // 2)]
    shared = [told(f"shared-{n // len(CLAIMS)}", n, CLAIMS[n % len(CLAIMS)]) for n in range(count // 2, count)]
    mixed = [*alone, *shared]
    random.Random(count).shuffle(mixed)
    return mixed


def told(user_id: str, n: int, claim: str) -> Told:
    """The n-th thing that happened."""
    name = f"Name {n}"
    data = {"id": user_id, "name": name, claim: f"claim {n}", "updatedAt": BEGAN + n}
    payload = {"event": "User.Data.Updated", "createdAt": BEGAN + n, "params": {"userId": user_id}, "data": data}
    return Told(user_id, name, claim, json.dumps(payload).encode())


def crashed(folder: Path, database: DatabaseSettings, workers: int, kills: int, count: int) -> Outcome:
    """Send `count` deliveries to a service that is killed `kills` times meanwhile, and wait until all are applied."""
    all_told = deliveries(count)
    served = Mortal(folder, database, workers)
    began = time.monotonic()
    with served.prepared():
        note_turns(database)
        served.begin()
        sender = Sender(served.url)
        with sender.sending(all_told):
            for n in range(kills):
                eventually(partial(sender.has_sent, count * (n + 1) // (kills + 1)), lambda: served.log)
                served.kill()
                served.begin()
        eventually(lambda: not waiting(database), lambda: served.log)
    return outcome(database, all_told, sender, kills, time.monotonic() - began)


def outcome(
    database: DatabaseSettings, all_told: Sequence[Told], sender: Sender, kills: int, seconds: float
) -> Outcome:
    """What the database says in the end."""
    turns = [times for (times,) in asked(database, "SELECT count(*) FROM turned GROUP BY delivery")]
    ((audit_rows,),) = asked(database, "SELECT count(*) FROM profilegate_audit")
    ((attempts,),) = asked(database, "SELECT COALESCE(SUM(attempts), 0) FROM profilegate_delivery")
    states = asked(database, "SELECT state, count(*) FROM profilegate_delivery GROUP BY state")
    wanted, records = expected(all_told), found(database)
    return Outcome(
        sent=len(all_told),
        kills=kills,
        statuses=dict(sender.statuses),
        cut_off=sender.cut_off,
        refused=sender.refused,
        again=sender.again,
        rows=dict(states),
        turns=sum(turns),
        most_turns=max(turns, default=0),
        audit_rows=audit_rows,
        together=asked(database, TOGETHER)[0][0] if database.is_postgres else None,
        users=len(wanted),
        newest=sum(records.get(user_id) == record for user_id, record in wanted.items()),
        attempts=int(attempts),
        seconds=seconds,
    )


def expected(all_told: Sequence[Told]) -> dict[str, dict[str, str]]:
    """The newest name of each user, and what was said of each claim."""
    records: dict[str, dict[str, str]] = {}
    for each in sorted(all_told, key=lambda told: json.loads(told.body)["createdAt"]):
        said = json.loads(each.body)["data"]
        records.setdefault(each.user_id, {}).update({"name": said["name"], each.claim: said[each.claim]})
    return records


def found(database: DatabaseSettings) -> dict[str, dict[str, str]]:
    """The same as the records have it."""
    rows = asked(database, "SELECT user_id, name, oidc_profile FROM profilegate_profile")
    return {user_id: {"name": name} | json.loads(members) for user_id, name, members in rows}


def waiting(database: DatabaseSettings) -> int:
    ((number,),) = asked(database, "SELECT count(*) FROM profilegate_delivery WHERE state = 'waiting'")
    return int(number)


def note_turns(database: DatabaseSettings) -> None:
    """Have the database itself write down each time that a delivery is marked as done."""
    for statement in NOTED["postgres" if database.is_postgres else "sqlite"]:
        asked(database, statement)


def asked(database: DatabaseSettings, sql: str) -> list[Any]:
    """The rows, had beside the service."""
    if database.url is None:
        with closing(sqlite3.connect(database.path, timeout=30)) as connection, connection:
            return connection.execute(sql).fetchall()
    return asyncio.run(_asked(database.url, sql))


async def _asked(dsn: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()
