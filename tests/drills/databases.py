"""The database cuts connections, locks a table, stops, is absent at the start, or far away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from time import monotonic
from urllib.parse import urlsplit

from tests.drills.network import Line, line
from tests.drills.outcome import Outcome
from tests.drills.service import Service
from tests.drills.stage import HEALING, Scene, Stage, down
from tests.drills.waiting import seconds_until

CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def cut(stage: Stage) -> Outcome:
    """PostgreSQL ends all of the service's connections, twice a second."""
    async with stage.scene("connections cut", await stage.prepared()) as scene:
        ended = monotonic() + stage.options.seconds
        total = 0
        while monotonic() < ended:
            total += await scene.sql(CUT)
            await asyncio.sleep(0.5)
        await scene.heals()
        scene.outcome.note(f"{total} connections cut")
    return scene.outcome


async def locked(stage: Stage) -> Outcome:
    """Somebody has locked the table of profiles for longer than a statement may take."""
    async with stage.scene("table locked", await stage.prepared()) as scene:
        seconds = max(stage.options.seconds, 6)  # a statement may take four
        await scene.sql(f"DO $$BEGIN LOCK TABLE profilegate_profile; PERFORM pg_sleep({seconds}); END$$")
        await scene.heals()
    return scene.outcome


async def stopped(stage: Stage) -> Outcome:
    """PostgreSQL is killed, stays away, and comes back."""
    async with stage.scene("database stopped", await stage.prepared()) as scene:
        stopping = asyncio.create_task(down(stage.postgres, stage.options.seconds))
        await asyncio.sleep(stage.options.seconds / 2)
        await _not_ready(scene)
        await stopping
        await scene.heals()
        scene.outcome.told(await scene.service.get("/ready"), "/ready afterwards", 200)
    return scene.outcome


async def absent(stage: Stage) -> Outcome:
    """The service is started while PostgreSQL is away, which comes back later."""
    prepared, outcome = await stage.prepared(), Outcome("started without database")
    with ExitStack() as away:
        await asyncio.to_thread(away.enter_context, stage.postgres.down())
        async with stage.served(prepared, waited=False) as service:
            outcome.check(await until(service, "/health") is not None, "it does not come up")
            outcome.told(await stage.read(service), "a read", 503)
            outcome.told(await service.get("/ready"), "/ready", 503)
            await asyncio.to_thread(away.close)
            outcome.healed = await until(service, "/ready")
            outcome.check(outcome.healed is not None, "/ready does not heal")
            outcome.told(await stage.read(service), "a read afterwards", 200)
    return outcome


async def slow(stage: Stage) -> Outcome:
    """The way to PostgreSQL takes 200 ms there and back, then nothing passes, then every connection is reset."""
    async with far(stage, "slow network") as (scene, between):
        between.delay = 0.1
        await asyncio.sleep(stage.options.seconds)
        scene.outcome.note(f"with 200 ms: reads up to {scene.load.seen['read'].longest:.2f} s")
        between.stall()
        await asyncio.sleep(stage.options.seconds)
        between.delay = 0
        between.flow()
        between.reset()
        await scene.heals()
    return scene.outcome


async def stalled(stage: Stage) -> Outcome:
    """Nothing passes to PostgreSQL and nobody is told; then all that has been under way arrives."""
    async with far(stage, "network stalls") as (scene, between):
        between.stall()
        await asyncio.sleep(max(stage.options.seconds, 6))
        await _not_ready(scene)
        between.flow()
        await scene.heals()
    return scene.outcome


@asynccontextmanager
async def far(stage: Stage, name: str) -> AsyncIterator[tuple[Scene, Line]]:
    """A scene in which the service reaches its database through a line that can be disturbed."""
    prepared = await stage.prepared()
    direct = urlsplit(prepared.database)
    async with line(direct.port or 5432) as between:
        indirect = direct._replace(netloc=f"postgres@127.0.0.1:{between.port}").geturl()
        prepared.config.write_text(prepared.config.read_text().replace(prepared.database, indirect))
        async with stage.scene(name, prepared) as scene:
            yield scene, between


async def until(service: Service, path: str) -> float | None:
    """Seconds until it answers 200 there."""

    async def answers() -> bool:
        return (await service.get(path)).status == 200

    return await seconds_until(answers, HEALING)


async def _not_ready(scene: Scene) -> None:
    scene.outcome.told(await scene.service.get("/ready"), "/ready meanwhile", 503)
