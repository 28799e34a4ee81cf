"""Where drills take place: a real PostgreSQL, a provider over http, people with tokens, and the served profilegate."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from msgspec import Struct, field
from tests.bench.issuing import Person, people
from tests.bench.servers import Ours, Prepared, World
from tests.drills.load import Load
from tests.drills.outcome import Outcome
from tests.drills.provider import Provider
from tests.drills.service import Service
from tests.drills.wire import Answer
from tests.postgres import OwnPostgres

PEOPLE = 400
HEALING = 20.0
"""Seconds in which everything must be in order again after a fault."""

SPARE = 100
"""Of the people, who belong to no load, and of whose changes no books are kept."""

WARM = 2.0
"""Seconds of the load before the fault: everybody's record and token has been seen by then."""


class Options(Struct, frozen=True):
    """How long things last, in seconds."""

    seconds: float = 5
    provider: float = 60
    overload: float = 30
    slow_clients: int = 10_000


class Scene(Struct):
    """A service under load, and what is to be told of it."""

    service: Service
    load: Load
    outcome: Outcome
    dsn: str
    """The database itself, whatever stands before it."""
    person: Person
    """Who belongs to no load."""

    async def heals(self, within: float = HEALING) -> None:
        """The fault is over: everybody must be served again."""
        self.outcome.healed = await self.load.healed(within)
        self.outcome.check(self.outcome.healed is not None, f"not healed within {within:.0f} s")

    async def sql(self, statement: str) -> Any:
        """The first value, asked beside the service."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()


class Stage(Struct):
    """What all drills have. Each has a database and a service of its own."""

    postgres: OwnPostgres
    provider: Provider
    folder: Path
    options: Options = Options()
    people: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = self.people or people(self.provider, PEOPLE, PEOPLE)

    async def prepared(
        self, workers: int = 1, more: str = "", cache: str = "", postgres: OwnPostgres | None = None
    ) -> Prepared:
        """Settings with a migrated, filled database. `more` goes on in the issuer's table, `cache` in its own."""
        world = World(postgres or self.postgres, self.provider, self.folder, PEOPLE)
        made = await asyncio.to_thread(Ours(cache, workers=workers).prepared, world)
        made.config.write_text(made.config.read_text() + more)
        return made

    @asynccontextmanager
    async def served(
        self, prepared: Prepared, more: Mapping[str, str] | None = None, *, waited: bool = True
    ) -> AsyncIterator[Service]:
        """The service, while the block lasts."""
        service = Service(prepared, self.folder, more, waited=waited)
        await asyncio.to_thread(service.__enter__)
        try:
            yield service
        finally:
            await asyncio.to_thread(service.__exit__)

    async def read(self, service: Service, token: str | None = None) -> Answer:
        """The first person's own record, asked over a connection of its own. No load changes that."""
        person = self.people[0]
        return await service.ask("/api/profile", Person(person.user_id, token or person.token))

    @asynccontextmanager
    async def scene(
        self,
        name: str,
        prepared: Prepared,
        *,
        allowed: Collection[str] = (),
        more: Mapping[str, str] | None = None,
        dsn: str | None = None,
    ) -> AsyncIterator[Scene]:
        """Under load while the block lasts; then the books are balanced. `allowed` may be seen beside 200 and 503."""
        outcome, direct = Outcome(name), dsn or prepared.database
        async with self.served(prepared, more) as service:
            async with Load(service.port, self.people[SPARE:]) as load:
                await load.healed(HEALING)
                await asyncio.sleep(WARM)
                yield Scene(service, load, outcome, direct, self.people[0])
            outcome.of(load, allowed)
            balance = await load.ledger.balance(direct)
        outcome.acknowledged, outcome.lost = balance.acknowledged, list(balance.lost)
        if balance.overtaken:
            outcome.note(f"{balance.overtaken} unacknowledged changes were done later than acknowledged ones")


async def down(postgres: OwnPostgres, seconds: float) -> None:
    """PostgreSQL is killed and stays away for so long."""
    away = postgres.down()
    await asyncio.to_thread(away.__enter__)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(away.__exit__, None, None, None)
