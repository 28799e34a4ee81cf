"""A provider is asked about users of whom its events said too little, and about everybody from time to time."""

import asyncio
import hmac
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from tests import postgres

from profilegate.auth.issuers import Issuers
from profilegate.profiles.lives import EventService
from profilegate.profiles.record import ProfileKey
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.usernames import UsernameRule
from profilegate.settings import DatabaseSettings, IssuerSettings, Settings, UsernameSettings
from profilegate.store.database import make_engine
from profilegate.store.engine import Engine
from profilegate.store.inbox import InboxRepository
from profilegate.store.schema import migrate
from profilegate.store.stale import StaleRepository
from profilegate.store.statements import Statement
from profilegate.sync.metrics import SyncMetrics
from profilegate.sync.signatures.given import headers_of
from profilegate.sync.synchronisation import Stores, Synchronisation
from profilegate.sync_settings import ManagementSettings, WebhookSettings

from .management_api import TOKENS, URL, Clock, ManagementApi

SECRET = "what the provider signs with"
MANAGEMENT = {"url": URL, "token_endpoint": TOKENS, "client_id": "profilegate", "client_secret": "secret"}
HOUR = 3600.0
PERIOD = 24 * HOUR
PREFIX = "logto|"
THIN = "/users/:userId/roles"
"""A route whose answer does not tell the user."""

WHOLE = "/users/:userId"


class Process:
    """One process of ours: takes deliveries, applies them and asks the provider, each when it is told to."""

    def __init__(
        self, engine: Engine, api: ManagementApi, clock: Clock, *, prefix: str = "", asks: bool = True, **asked: Any
    ) -> None:
        names = UsernameRule()
        management = ManagementSettings(**(MANAGEMENT | asked)) if asks else None
        settings = Settings(
            issuers=(IssuerSettings(issuer="https://id.example", audiences=("us",), user_id_prefix=prefix),),
            webhooks=(
                WebhookSettings(
                    source="logto", kind="logto", secrets=(SECRET,), management=management, reconcile_hours=24 * asks
                ),
            ),
        )
        self.clock = clock
        self.engine = engine
        self.issuers = Issuers(settings.issuers, clock, transport=api.transport)
        self.inbox = InboxRepository(engine, names.comparison_key, retention=14)
        self.sync = Synchronisation(
            settings,
            self.issuers,
            Stores(self.inbox, StaleRepository(engine)),
            EventService(ProfileRules(names, avatar_base="https://avatars.test/svg"), clock),
            SyncMetrics(CollectorRegistry()),
            clock,
            api.transport,
        )

    async def told(self, user: str, route: str = WHOLE, event: str = "User.Data.Updated", **data: Any) -> None:
        """The provider delivers what happens at this moment, and it is applied."""
        payload = {"event": event, "createdAt": self.now, "matchedRoute": route, "params": {"userId": user}}
        body = json.dumps(payload | {"data": {"id": user, **data}}).encode()
        signature = hmac.digest(SECRET.encode(), body, "sha256").hex().encode()
        headers = headers_of([(b"logto-signature-sha-256", signature)])
        await self.sync.reception.take(self.sync.sources.named("logto"), headers, body)
        await self.sync.worker.drain()

    async def told_thin(self, user: str, **data: Any) -> None:
        await self.told(user, THIN, **data)

    async def settled(self) -> int:
        """Ask about everybody that is due by now; how many that were."""
        asked = 0
        while await self.sync.fetching.settle_one():
            asked += 1
        return asked

    async def soon(self) -> int:
        """The same after the moment for which marks are gathered."""
        self.clock.pass_by(2)
        return await self.settled()

    async def compared(self) -> list[int]:
        """Mark everybody whose turn it is; how many marks there are after each page."""
        pages = []
        while await self.sync.fetching.mark_some():
            pages.append(len(await self.marks()))
        return pages

    async def marks(self) -> list[str]:
        return [user for (user,) in await self._ask("SELECT user_id FROM profilegate_stale ORDER BY user_id")]

    async def name(self, user: str) -> str | None:
        """The name in the record; None for a record that has ended."""
        async with self.inbox.lives() as lives:
            life = await lives.find(ProfileKey("default", user))
        return None if life is None or life.is_over else life.profile.name

    @property
    def now(self) -> int:
        return int(self.clock() * 1000)

    async def _ask(self, sql: str) -> Any:
        return await self.engine.fetch(Statement(sql, ()), {})


Start = Callable[..., Awaitable[Process]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api() -> ManagementApi:
    return ManagementApi()


@pytest.fixture
async def start(tmp_path: Path, api: ManagementApi, clock: Clock) -> AsyncIterator[Start]:
    """Starts a process on the one SQLite of the test."""
    settings = DatabaseSettings(path=str(tmp_path / "profilegate.db"))
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(opened(settings))

        async def begin(**options: Any) -> Process:
            process = Process(engine, api, clock, **options)
            stack.push_async_callback(process.issuers.close)
            return process

        yield begin


@pytest.fixture
async def process(start: Start) -> Process:
    return await start()


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with postgres.start() as server:
        yield server.fresh_database()


@asynccontextmanager
async def opened(settings: DatabaseSettings) -> AsyncIterator[Engine]:
    engine = make_engine(settings)
    await engine.open()
    try:
        await migrate(engine, UsernameSettings())
        yield engine
    finally:
        await engine.close()


async def known(process: Process, api: ManagementApi, *users: str) -> None:
    """Users whose records are as the provider has them."""
    for user in users:
        api.users[user] = {"id": user, "name": f"Name of {user}"}
        await process.told(user, name=f"Name of {user}")


async def believed(process: Process, api: ManagementApi) -> None:
    """The API has shown that it knows somebody."""
    await known(process, api, "somebody")
    await process.told_thin("somebody")
    assert await process.soon() == 1


def refused() -> httpx.Response:
    return httpx.Response(401, json={"error": "invalid_client"})


def unreachable() -> httpx.Response:
    raise httpx.ConnectError("refused")


async def test_what_a_thin_event_leaves_out_is_asked_for(process: Process, api: ManagementApi) -> None:
    api.users["ada"] = {"id": "ada", "name": "Ada"}
    await process.told_thin("ada")
    assert await process.soon() == 1
    assert (api.asked, await process.name("ada"), await process.marks()) == (["ada"], "Ada", [])


async def test_an_event_that_says_everything_asks_nothing(process: Process, api: ManagementApi) -> None:
    await process.told("ada", name="Ada")
    assert (await process.soon(), api.asked) == (0, [])


async def test_a_hundred_thin_events_are_one_question(process: Process, api: ManagementApi) -> None:
    api.users["ada"] = {"id": "ada", "name": "Ada"}
    for number in range(100):
        await process.told_thin("ada", number=number)
    assert await process.soon() == 1
    assert (api.asked, await process.name("ada")) == (["ada"], "Ada")


async def test_a_mark_that_is_made_during_the_question_is_another_question(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    async def changed() -> None:
        clock.pass_by(0.5)
        api.users["ada"] = {"id": "ada", "name": "After"}
        await process.told_thin("ada")

    api.users["ada"] = {"id": "ada", "name": "Before"}
    await process.told_thin("ada")
    api.meanwhile = changed
    assert await process.soon() == 2
    assert (api.asked, await process.name("ada")) == (["ada", "ada"], "After")


async def test_an_event_of_after_the_question_wins_over_the_answer(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    async def renamed() -> None:
        clock.pass_by(0.005)
        await process.told("ada", name="After")

    api.users["ada"] = {"id": "ada", "name": "Before"}
    await process.told_thin("ada")
    api.meanwhile = renamed
    await process.soon()
    assert await process.name("ada") == "After"


async def test_the_answer_wins_over_an_event_of_before_the_question(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    async def late() -> None:
        clock.pass_by(-10)
        await process.told("ada", name="Before")
        clock.pass_by(10)

    api.users["ada"] = {"id": "ada", "name": "After"}
    await process.told_thin("ada")
    api.meanwhile = late
    await process.soon()
    assert await process.name("ada") == "After"


async def test_a_deletion_of_after_the_question_wins_over_the_answer(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    async def deleted() -> None:
        clock.pass_by(0.005)
        await process.told("ada", event="User.Deleted")

    api.users["ada"] = {"id": "ada", "name": "Ada"}
    await process.told_thin("ada")
    api.meanwhile = deleted
    await process.soon()
    assert await process.name("ada") is None


async def test_a_user_whom_the_api_does_not_know_is_deleted_once_it_knew_another(
    process: Process, api: ManagementApi
) -> None:
    await known(process, api, "ada")
    await believed(process, api)
    del api.users["ada"]
    await process.told_thin("ada")
    await process.soon()
    assert await process.name("ada") is None


async def test_an_api_that_suddenly_knows_nobody_deletes_nobody_and_is_asked_again(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    await known(process, api, "ada", "bob")
    await believed(process, api)
    api.odd["user"] = lambda: httpx.Response(404)
    for user in ("ada", "bob"):
        await process.told_thin(user)
    assert await process.soon() == 2
    assert [await process.name(each) for each in ("ada", "bob")] == ["Name of ada", "Name of bob"]
    assert await process.marks() == ["ada", "bob"]
    del api.odd["user"], api.users["ada"]
    while await process.marks():
        await pause(process, clock)
    assert [await process.name(each) for each in ("ada", "bob")] == [None, "Name of bob"]


async def test_one_404_that_is_not_repeated_deletes_nobody(process: Process, api: ManagementApi) -> None:
    await known(process, api, "ada")
    await believed(process, api)
    answers = iter([httpx.Response(404)])

    def once() -> httpx.Response:
        del api.odd["user"]
        return next(answers)

    api.odd["user"] = once
    await process.told_thin("ada")
    assert await process.soon() == 1
    assert (await process.name("ada"), await process.marks()) == ("Name of ada", [])


async def test_a_late_event_of_before_a_deletion_asks_nobody(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    await known(process, api, "ada")
    clock.pass_by(60)
    await process.told("ada", event="User.Deleted")
    clock.pass_by(-30)
    await process.told_thin("ada")
    clock.pass_by(60)
    assert (await process.soon(), api.asked, await process.name("ada")) == (0, [], None)


async def test_an_answer_about_somebody_who_was_deleted_meanwhile_brings_nobody_back(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    await known(process, api, "ada")
    await process.told_thin("ada")
    clock.pass_by(0.5)
    await process.told("ada", event="User.Deleted")
    await process._ask(
        "INSERT INTO profilegate_stale (tenant_id, user_id, source, subject, marked_at, next_at, attempts) "
        "VALUES ('default', 'ada', 'logto', 'ada', 0, 0, 0)"
    )
    assert (await process.soon(), api.asked, await process.name("ada")) == (1, ["ada"], None)


async def test_an_api_that_has_known_nobody_deletes_nobody(process: Process, api: ManagementApi) -> None:
    await known(process, api, "ada")
    api.users.clear()
    await process.told_thin("ada")
    await process.soon()
    assert (api.asked[:1], await process.name("ada")) == (["ada"], "Name of ada")


async def test_where_missing_is_ignored_nobody_is_deleted(start: Start, api: ManagementApi) -> None:
    process = await start(missing="ignore")
    await known(process, api, "ada")
    await believed(process, api)
    del api.users["ada"]
    await process.told_thin("ada")
    await process.soon()
    assert await process.name("ada") == "Name of ada"


async def test_a_source_whose_api_is_not_configured_any_more_is_not_asked(start: Start, api: ManagementApi) -> None:
    await (await start()).told_thin("ada")
    later = await start(asks=False)
    assert (await later.soon(), api.asked, await later.marks()) == (1, [], [])


@pytest.mark.parametrize("how", [refused, unreachable, lambda: httpx.Response(503)])
@pytest.mark.parametrize("place", ["token", "user"])
async def test_a_provider_that_is_down_is_asked_again_after_ever_longer_pauses(
    process: Process, api: ManagementApi, clock: Clock, place: str, how: Callable[[], httpx.Response]
) -> None:
    api.users["ada"] = {"id": "ada", "name": "Ada"}
    api.odd[place] = how
    await process.told_thin("ada")
    assert await process.soon() == 1
    pauses = [await pause(process, clock) for _ in range(5)]
    assert pauses == sorted(set(pauses))
    del api.odd[place]
    await pause(process, clock)
    assert (await process.name("ada"), await process.marks()) == ("Ada", [])


async def pause(process: Process, clock: Clock) -> int:
    """The seconds until somebody is asked about again."""
    for seconds in range(1, 300):
        clock.pass_by(1)
        if await process.settled():
            return seconds
    raise AssertionError("nobody is asked about any more")


async def test_an_odd_answer_about_one_user_keeps_no_other_waiting(process: Process, api: ManagementApi) -> None:
    answers = iter([httpx.Response(200, text="<html>"), httpx.Response(200, json={"id": "bob", "name": "Bob"})])
    api.odd["user"] = lambda: next(answers)
    await process.told_thin("ada")
    await process.told_thin("bob")
    assert await process.soon() == 2
    assert await process.marks() == ["ada"]


async def test_a_process_that_dies_while_it_asks_leaves_the_user_to_the_next(
    start: Start, api: ManagementApi, clock: Clock
) -> None:
    first, second = await start(), await start()
    begun = asyncio.Event()

    async def hangs() -> None:
        begun.set()
        await asyncio.Event().wait()

    api.users["ada"] = {"id": "ada", "name": "Ada"}
    await first.told_thin("ada")
    api.meanwhile = hangs
    dying = asyncio.create_task(first.soon())
    await begun.wait()
    assert await second.settled() == 0
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    clock.pass_by(60)
    assert await second.settled() == 1
    assert await second.name("ada") == "Ada"


async def test_two_processes_ask_once_about_each_user(dsn: str, api: ManagementApi, clock: Clock) -> None:
    users = [f"user-{number}" for number in range(40)]
    settings = DatabaseSettings(url=dsn)
    async with opened(settings) as one, opened(settings) as other:
        processes = [Process(engine, api, clock) for engine in (one, other)]
        for user in users:
            api.users[user] = {"id": user, "name": f"Name of {user}"}
            await processes[0].told_thin(user)
        clock.pass_by(2)
        asked = await asyncio.gather(*(each.settled() for each in processes))
        assert Counter(api.asked) == dict.fromkeys(users, 1)
        assert (min(asked) > 0, sum(asked)) == (True, len(users))
        assert [await processes[1].name(user) for user in users] == [f"Name of {user}" for user in users]
        for each in processes:
            await each.issuers.close()


async def test_everybody_is_marked_page_by_page_once_in_a_period(
    process: Process, api: ManagementApi, clock: Clock
) -> None:
    users = [f"user-{number:03}" for number in range(450)]
    await known(process, api, *users)
    assert await process.compared() == [200, 400, 450]
    assert await process.marks() == users
    assert await process.settled() == 450
    clock.pass_by(PERIOD / 2)
    assert await process.compared() == []
    clock.pass_by(PERIOD / 2)
    assert await process.compared() == [200, 400, 450]


async def test_two_processes_compare_everybody_once(start: Start, api: ManagementApi, clock: Clock) -> None:
    first, second = await start(), await start()
    users = [f"user-{number:03}" for number in range(250)]
    await known(first, api, *users)
    assert await first.sync.fetching.mark_some() is True
    assert await second.compared() == [250]
    assert await first.compared() == []
    await asyncio.gather(first.settled(), second.settled())
    assert Counter(api.asked) == dict.fromkeys(users, 1)


async def test_a_comparison_repairs_an_update_that_was_lost(process: Process, api: ManagementApi, clock: Clock) -> None:
    await known(process, api, "ada", "bob")
    api.users["ada"]["name"] = "Renamed"
    clock.pass_by(PERIOD)
    await process.compared()
    await process.settled()
    assert [await process.name(user) for user in ("ada", "bob")] == ["Renamed", "Name of bob"]


@pytest.mark.parametrize("gone", ["ada", "bob", "carol"])
async def test_a_comparison_repairs_a_deletion_that_was_lost(
    process: Process, api: ManagementApi, clock: Clock, gone: str
) -> None:
    await known(process, api, "ada", "bob", "carol")
    del api.users[gone]
    clock.pass_by(PERIOD)
    await process.compared()
    await process.settled()
    clock.pass_by(HOUR)
    await process.settled()
    there = {user for user in ("ada", "bob", "carol") if await process.name(user) is not None}
    assert there == {"ada", "bob", "carol"} - {gone}


async def test_who_is_deleted_already_is_not_compared(process: Process, api: ManagementApi, clock: Clock) -> None:
    await known(process, api, "ada", "bob")
    clock.pass_by(1)
    await process.told("ada", event="User.Deleted")
    await process.compared()
    assert await process.marks() == ["bob"]


async def test_users_are_asked_about_by_the_ids_that_the_provider_knows(
    start: Start, api: ManagementApi, clock: Clock
) -> None:
    stranger, process = await start(), await start(prefix=PREFIX)
    await stranger.told("of-another-provider", name="Somebody")
    await process.told("ada", name="Ada")
    api.users["ada"] = {"id": "ada", "name": "Renamed"}
    await process.compared()
    assert await process.settled() == 1
    assert (api.asked, await process.name(f"{PREFIX}ada")) == (["ada"], "Renamed")
