"""Processes that are killed or told to stop while changes are under way."""

import asyncio
import os
import random
import signal
from subprocess import TimeoutExpired
from time import monotonic

from tests.bench.traffic import http
from tests.drills.outcome import Outcome
from tests.drills.stage import HEALING, Scene, Stage
from tests.drills.waiting import seconds_until
from tests.drills.wire import Answer, Wire

CUT_OFF = ("cut off", "refused")
"""What clients of a process that dies see; whoever asks another worker sees nothing."""

LOOP = 6.5
"""Seconds that a new worker is left alone: one that dies within 5.5 s is a loop to granian, which ends the service."""

HELD = """DO $$BEGIN
PERFORM 1 FROM profilegate_profile WHERE user_id = '{}' FOR UPDATE; PERFORM pg_sleep(2);
END$$"""

STOP = 25.0
"""Seconds in which a service that is told to stop must have ended: server.stop_timeout and a bit."""


async def worker(stage: Stage) -> Outcome:
    """One of two workers is killed with SIGKILL, again and again."""
    prepared = await stage.prepared(workers=2)
    async with stage.scene("worker killed", prepared, allowed=["cut off"]) as scene:
        ended, kills = monotonic() + max(stage.options.seconds, 3 * LOOP), 0
        while monotonic() < ended:
            killed = random.choice(scene.service.workers)
            os.kill(killed, signal.SIGKILL)
            kills += 1
            await _replaced(scene, killed)
        await scene.heals()
        scene.outcome.note(f"{kills} kills")
    return scene.outcome


async def _replaced(scene: Scene, killed: int) -> None:
    """Wait for the one in its place, and until that may be killed too."""

    async def are_two() -> bool:
        return len([each for each in scene.service.workers if each != killed]) == 2

    scene.outcome.check(await seconds_until(are_two, HEALING) is not None, "no worker takes its place")
    await asyncio.sleep(LOOP)


async def service(stage: Stage) -> Outcome:
    """All processes of the service are killed with SIGKILL, and it is started again, twice."""
    async with stage.scene("service killed", await stage.prepared(), allowed=CUT_OFF) as scene:
        for _ in range(2):
            await asyncio.sleep(stage.options.seconds / 2)
            scene.service.kill()
            await asyncio.to_thread(scene.service.__enter__)
        await scene.heals()
    return scene.outcome


async def stopped(stage: Stage) -> Outcome:
    """SIGTERM: what is under way is answered, the process ends by itself, and a new one is started in its place."""
    async with stage.scene("SIGTERM", await stage.prepared(), allowed=CUT_OFF) as scene:
        await asyncio.sleep(stage.options.seconds / 2)
        slow = asyncio.create_task(_slow_change(stage, scene))
        await asyncio.sleep(0.5)
        began = monotonic()
        scene.service.terminate()
        await asyncio.sleep(0.2)
        ready = await scene.service.get("/ready", patience=5)
        scene.outcome.note(f"/ready says {ready.kind} while it stops")
        scene.outcome.check(ready.status != 200, "/ready says 200 while it stops")
        scene.outcome.told(await slow, "a change under way", 200)
        scene.outcome.check(await _ended(scene), f"it runs {STOP:.0f} s after SIGTERM")
        scene.outcome.note(f"it ended after {monotonic() - began:.1f} s")
        await asyncio.to_thread(scene.service.__enter__)
        await scene.heals()
    return scene.outcome


async def _slow_change(stage: Stage, scene: Scene) -> Answer:
    """A change that waits for its row for two seconds."""
    person = stage.people[0]
    holding = asyncio.create_task(scene.sql(HELD.format(person.user_id)))
    await asyncio.sleep(0.3)
    async with Wire(scene.service.port) as wire:
        path = f"/v1/profiles/user/{person.user_id}"
        answer = await wire.ask(http("PUT", path, person, b'{"name":"Under way"}'))
    await holding
    return answer


async def _ended(scene: Scene) -> bool:
    try:
        return await asyncio.to_thread(scene.service.wait, STOP) == 0
    except TimeoutExpired:
        return False
