"""The whole way from the delivery to the record: however deliveries come, they end in the same records."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from tests.store.databases import at_once, opened, profiles
from tests.store.inboxes import RULES, inbox_on
from tests.store.people import NOW

from profilegate.auth.issuers import Issuers
from profilegate.profiles.lives import EventService
from profilegate.settings import DatabaseSettings, IssuerSettings
from profilegate.store.engine import Engine
from profilegate.sync.sources import Sources
from profilegate.sync.worker import Worker
from profilegate.sync_settings import MappingSettings, WebhookSettings

ISSUER = "https://idp.test"
SECRET = "not a secret"
USERS = ("ann", "bob", "carol")
USERNAMES = ("red", "green", "blue", "grey")
KINDS = ("set", "set", "set", "set", "delete", "suspend", "restore", "revoke")
UNCOMPARED = {"id", "tenant_id", "created_at", "updated_at", "version", "changed_fields"}

SETS = 20
"""Random sets of events for each engine and way."""
ORDERS = 4
"""In which each of them is delivered."""
EVENTS = 14

MAPPING = MappingSettings(
    subject="/user",
    event="/event",
    set=("set",),
    delete=("delete",),
    suspend=("suspend",),
    restore=("restore",),
    revoke=("revoke",),
    occurred_at="/at",
    sequence="/sequence",
    delivery_id="/id",
    fields={
        "name": "/name",
        "username": "/username",
        "primary_email": "/email",
        "oidc_profile.locale": "/locale",
    },
)

Payload = dict[str, Any]


class Clock:
    """Tells the time that it was set to, in Unix seconds."""

    def __init__(self) -> None:
        self.now = NOW / 1000

    def __call__(self) -> float:
        return self.now


class Site(Struct):
    """A tenant of its own with its source, so that each order starts from nothing."""

    engine: Engine
    clock: Clock
    tenant: str

    @property
    def sources(self) -> Sources:
        source = WebhookSettings(
            source=self.tenant,
            kind="generic",
            signature="static",
            tenant=self.tenant,
            secrets=(SECRET,),
            mapping=MAPPING,
        )
        issuer = IssuerSettings(issuer=ISSUER, audiences=("api",), tenant=self.tenant)
        return Sources([source], Issuers([issuer], self.clock))

    def worker(self) -> Worker:
        """As a process that has just started has it."""
        return Worker(self.sources, inbox_on(self.engine), EventService(RULES, self.clock), 10, self.clock)

    async def receive(self, payload: Payload) -> bool:
        source = self.sources.named(self.tenant)
        headers = {"authorization": (f"Bearer {SECRET}",)}
        delivery = await source.received(headers, msgspec.json.encode(payload), self.clock())
        assert delivery is not None
        return await inbox_on(self.engine).add(delivery)

    async def finish(self) -> None:
        """Drain until nothing waits; what failed once is tried again when its time has come."""
        for _ in range(20):
            self.clock.now += 400
            await at_once([self.worker().drain()])
            health = await inbox_on(self.engine).health(self.tenant)
            assert health.dead_letters == 0
            if not health.waiting:
                break
        else:
            pytest.fail("there are deliveries that are never applied")
        self.clock.now += 400
        await self.worker().drain()

    async def records(self) -> dict[str, dict[str, Any]]:
        """The tenant's rows by their users, without what tells of the moment at which they were written."""
        found = [row for row in await profiles(self.engine) if row["tenant_id"] == self.tenant]
        return {row["user_id"]: _content(row) for row in found}


def _content(row: dict[str, Any]) -> dict[str, Any]:
    sources = msgspec.json.decode(row["sources"])
    versions = msgspec.json.decode(row["versions"])
    content = {name: value for name, value in row.items() if name not in UNCOMPARED | {"sources", "versions", "avatar"}}
    # The address of an avatar holds the tenant, a version the digest of its source; what is generated is new each time.
    content["sources"] = sources
    content["versions"] = {each: _moment(version) for each, version in versions.items() if sources[each] != "generated"}
    content |= {name: _moment(content[name]) for name in ("seen_version", "deleted_version")}
    content["name"] = "" if sources.get("name") == "generated" else content["name"]
    return content


def _moment(version: str) -> str:
    return version.rpartition(".")[0]


def history(rng: random.Random) -> list[Payload]:
    """What happens to the users; each set of a username may collide with another's, but the last ones do not."""
    kinds = [(rng.choice(USERS), rng.choice(KINDS)) for _ in range(rng.randint(3, EVENTS))]
    events = [_payload(rng, number, user, kind) for number, (user, kind) in enumerate(kinds)]
    final = rng.sample(USERNAMES, len(USERS))
    for user, username in zip(USERS, final, strict=True):
        ending = [_payload(rng, len(events), user, "set") | {"username": username}]
        if rng.random() < 0.25:
            ending = [_payload(rng, len(events), user, "delete")]
        events += ending
    return events


def _payload(rng: random.Random, number: int, user: str, kind: str) -> Payload:
    # Several of one moment, told apart by their sequence.
    base: Payload = {"id": str(number), "user": user, "event": kind, "at": NOW + number // 3 * 1000, "sequence": number}
    if kind != "set":
        return base
    said = {
        "name": rng.choice(("Ann", "Bea", "Cleo")),
        "username": rng.choice((*USERNAMES, "1 is none")),
        "email": rng.choice(("a@acme.test", "b@acme.test")),
        "locale": rng.choice(("de", "en")),
    }
    return base | {field: value for field, value in said.items() if rng.random() < 0.7}


def delivered(rng: random.Random, events: Sequence[Payload]) -> list[Payload]:
    """In some order, and some of them twice or thrice."""
    return rng.sample([*events, *rng.choices(events, k=len(events) // 3)], len(events) + len(events) // 3)


def usernames(events: Iterable[Payload]) -> dict[str, str]:
    """What the provider says last of those who are there."""
    found: dict[str, str] = {}
    for each in sorted(events, key=lambda each: each["sequence"]):
        if each["event"] == "delete":
            found.pop(each["user"], None)
        elif each["event"] == "set" and each.get("username") in USERNAMES:
            found[each["user"]] = each["username"]
    return found


def gone(events: Iterable[Payload]) -> set[str]:
    """Whose newest word, of those that tell it, is that they are gone."""
    newest = {each["user"]: each["event"] for each in events if each["event"] in ("set", "delete")}
    return {user for user, kind in newest.items() if kind == "delete"}


# Ways for deliveries to come


async def one_by_one(site: Site, payloads: Sequence[Payload], rng: random.Random) -> None:
    for each in payloads:
        await site.receive(each)
        await site.worker().drain()


async def in_batches(site: Site, payloads: Sequence[Payload], rng: random.Random) -> None:
    worker = site.worker()
    for each in payloads:
        await site.receive(each)
        if rng.random() < 0.2:
            await worker.drain()


async def by_several_workers_at_once(site: Site, payloads: Sequence[Payload], rng: random.Random) -> None:
    async def received(some: Sequence[Payload]) -> None:
        worker = site.worker()
        for each in some:
            await site.receive(each)
            await at_once([worker.drain()])

    await asyncio.gather(*(received(payloads[n::3]) for n in range(3)))


async def with_crashes_in_the_middle(site: Site, payloads: Sequence[Payload], rng: random.Random) -> None:
    for n, each in enumerate(payloads):
        await site.receive(each)
        if n % 4 == 3:
            drain = asyncio.create_task(site.worker().drain())
            for _ in range(rng.randint(0, 40)):
                await asyncio.sleep(0)
            drain.cancel()
            await at_once([drain])


WAYS = [one_by_one, in_batches, by_several_workers_at_once, with_crashes_in_the_middle]


@pytest.mark.parametrize("way", WAYS)
async def test_however_deliveries_come_the_records_end_the_same(settings: DatabaseSettings, way: Any) -> None:
    async with opened(settings) as engine:
        for seed in range(SETS):
            rng = random.Random(seed)
            events = history(rng)
            ends = []
            for order in range(ORDERS):
                site = Site(engine, Clock(), f"tenant-{seed}-{order}")
                await way(site, delivered(rng, events), rng)
                await site.finish()
                ends.append(await site.records())
            for end in ends:
                assert end == ends[0], f"seed {seed}"
                assert {user: row["username"] for user, row in end.items() if row["username"]} == usernames(events)
                assert {user for user, row in end.items() if row["deleted_at"] is not None} == gone(events)


@pytest.mark.parametrize("way", WAYS)
async def test_usernames_that_all_users_swap_at_once_end_as_the_provider_has_them(
    settings: DatabaseSettings, way: Any
) -> None:
    before = [
        {"id": f"a{n}", "user": user, "event": "set", "at": NOW, "sequence": n, "username": USERNAMES[n]}
        for n, user in enumerate(USERS)
    ]
    after = [
        {"id": f"b{n}", "user": user, "event": "set", "at": NOW + 5, "sequence": n, "username": USERNAMES[(n + 1) % 3]}
        for n, user in enumerate(USERS)
    ]
    async with opened(settings) as engine:
        for order in range(10):
            rng = random.Random(order)
            site = Site(engine, Clock(), f"tenant-{order}")
            await way(site, delivered(rng, [*before, *after]), rng)
            await site.finish()
            found = {user: row["username"] for user, row in (await site.records()).items()}
            assert found == {"ann": "green", "bob": "blue", "carol": "red"}, f"seed {order}"


async def test_a_restart_finds_what_waits_and_what_was_applied(settings: DatabaseSettings) -> None:
    clock, tenant = Clock(), "tenant"
    events = history(random.Random(1))
    for each in events:
        async with opened(settings) as engine:
            site = Site(engine, clock, tenant)
            assert await site.receive(each) is True
            assert await site.receive(each) is False
    async with opened(settings) as engine:
        site = Site(engine, clock, tenant)
        assert await site.worker().drain() == len(events)
    async with opened(settings) as engine:
        site = Site(engine, clock, tenant)
        assert await site.worker().drain() == 0
        assert {user for user, row in (await site.records()).items() if row["username"]} == set(usernames(events))
