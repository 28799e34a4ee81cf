"""The clock of the service jumps an hour ahead, back, and an hour behind, by libfaketime."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from tests.drills.outcome import Outcome
from tests.drills.stage import Scene, Stage

LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")
HOUR = 3600


class Clock:
    """What the time is for the service, by a file that it reads each time. The monotonic clock goes on as ever."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """So many from the real time."""
        self._file.write_text(f"{seconds:+}\n")

    def environment(self, library: str) -> dict[str, str]:
        return {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def libraries() -> Sequence[Path]:
    """Debian's package `faketime` has one."""
    return [found for each in LIBRARIES for found in Path("/").glob(each.lstrip("/"))]


async def jumps(stage: Stage) -> Outcome:
    """Tokens are judged by the clock as it is now, and nothing else minds."""
    if not libraries():
        outcome = Outcome("clock jumps")
        outcome.note("NOT RUN: no libfaketime (Debian: apt install faketime)")
        return outcome
    clock, prepared = Clock(stage.folder), await stage.prepared()
    async with stage.scene("clock jumps", prepared, more=clock.environment(str(libraries()[0]))) as scene:
        short, future = _token(stage, 0, HOUR // 2), _token(stage, HOUR, 2 * HOUR)
        for jump, statuses in ((0, (200, 401)), (HOUR, (401, 200)), (0, (200, 401))):
            clock.jump(jump)
            await _judged(stage, scene, jump, {short: statuses[0], future: statuses[1]})
        await scene.heals()
    return scene.outcome


def _token(stage: Stage, starts: int, ends: int) -> str:
    now = int(time.time())
    key = stage.provider.keys[0]
    return stage.provider.token({"alg": "RS256"}, key, sub=stage.people[0].user_id, iat=now + starts, exp=now + ends)


async def _judged(stage: Stage, scene: Scene, jump: int, expected: dict[str, int]) -> None:
    """Each token twice: the second time it is remembered."""
    for token, status in expected.items():
        for _ in range(2):
            answer = await stage.read(scene.service, token)
            place = f"at {jump:+} s a token good {'now' if status == 200 else 'at another time'}"
            scene.outcome.told(answer, place, status)
    await asyncio.sleep(stage.options.seconds / 3)
