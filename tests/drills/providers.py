"""The identity provider is away, silent, or not yet there."""

import asyncio
from time import monotonic

from tests.drills.outcome import Outcome
from tests.drills.service import Service
from tests.drills.stage import HEALING, Scene, Stage
from tests.drills.waiting import seconds_until

SHORT = "key_max_age = 5\nkey_cooldown = 1\n"
"""So that keys grow old while the provider is away for a minute only."""

AT_MOST = 5.0
"""Seconds in which a token whose key nobody knows must have its answer."""


async def away(stage: Stage) -> Outcome:
    """The provider refuses connections, then takes them and says nothing: known keys go on, unknown ones get 503."""
    async with stage.scene("provider down", await stage.prepared(more=SHORT)) as scene:
        try:
            stage.provider.stop()
            await _meanwhile(stage, scene, stage.options.provider / 2)
            with stage.provider.silent():
                await _meanwhile(stage, scene, stage.options.provider / 2)
        finally:
            stage.provider.start()
        await _back(stage, scene)
        await scene.heals()
    return scene.outcome


async def _meanwhile(stage: Stage, scene: Scene, seconds: float) -> None:
    """Tokens of both kinds, a few times a second."""
    ended, n = monotonic() + seconds, 0
    while monotonic() < ended:
        n += 1
        known = await stage.read(scene.service, stage.provider.minted(stage.people[0].user_id, n))
        scene.outcome.told(known, "a new token of a known key", 200)
        unknown = await stage.read(scene.service, stage.provider.signed_by(f"unknown-{n}", "user-00000000"))
        scene.outcome.told(unknown, "a token of an unknown key", 503)
        scene.outcome.check("retry-after" in unknown.headers, "503 without Retry-After")
        scene.outcome.check(unknown.seconds <= AT_MOST, f"an unknown key took {unknown.seconds:.1f} s")
        await asyncio.sleep(0.3)


async def _back(stage: Stage, scene: Scene) -> None:
    """What is signed by a key that is published since must be taken soon."""
    token = stage.provider.signed_by(stage.provider.another_key(), stage.people[0].user_id)
    seconds = await taken(stage, scene.service, token)
    scene.outcome.check(seconds is not None, "a token of a new key is not taken afterwards")
    scene.outcome.note(f"a new key is known after {seconds or HEALING:.1f} s")


async def taken(stage: Stage, service: Service, token: str | None = None) -> float | None:
    """Seconds until this token is."""

    async def is_taken() -> bool:
        return (await stage.read(service, token)).status == 200

    return await seconds_until(is_taken, HEALING)


async def absent(stage: Stage) -> Outcome:
    """The service is started while the provider is away, which comes later."""
    outcome, prepared = Outcome("started without provider"), await stage.prepared(more=SHORT)
    stage.provider.stop()
    try:
        async with stage.served(prepared) as service:
            outcome.told(await service.get("/ready"), "/ready", 200)
            outcome.told(refused := await stage.read(service), "a token", 503)
            outcome.check(refused.seconds <= AT_MOST, f"it took {refused.seconds:.1f} s")
            stage.provider.start()
            outcome.healed = await taken(stage, service)
            outcome.check(outcome.healed is not None, "tokens are not taken afterwards")
    finally:
        stage.provider.start()
    return outcome
