"""Twice as many requests as the service can answer."""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import count, cycle
from statistics import quantiles
from time import monotonic

from msgspec import Struct, field
from tests.bench.traffic import batches, puts
from tests.drills.load import GOOD
from tests.drills.outcome import LATER, Outcome
from tests.drills.stage import HEALING, SPARE, Scene, Stage
from tests.drills.wire import Answer, Wire

CLIENTS = 64
TICK = 0.01
TRIAL = 5.0
"""Seconds in which it is found out how many requests a second the service answers."""

PATIENCE = 10.0
"""Seconds after which a client goes away."""

SAME = 0.8
"""Of what is answered before, so much must be answered afterwards: the machine is shared."""

ALIVE = 0.5
"""Of what is answered in peace, so much must be answered well in the overload: else it has collapsed."""

SLOWEST = 5.0
"""Seconds that 99 of 100 good answers may take in the overload."""


class Flood(Struct):
    """Requests that cost the service much and the client little: four batches for each change."""

    port: int
    next_one: Callable[[], bytes]
    kinds: Counter[str] = field(default_factory=Counter)
    good: list[float] = field(default_factory=list)
    late: float = 0
    """Seconds by which we were late ourselves, at worst."""
    _idle: list[Wire] = field(default_factory=list)

    async def closed(self, seconds: float) -> float:
        """Good answers a second to clients that wait for each."""
        began, before = monotonic(), len(self.good)

        async def client() -> None:
            while monotonic() < began + seconds:
                await self._one()

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return (len(self.good) - before) / (monotonic() - began)

    async def opened(self, rate: float, seconds: float) -> float:
        """Good answers a second while so many requests a second come, who wait for nobody."""
        began, sent = monotonic(), 0
        under_way = set[asyncio.Task[None]]()
        while (passed := monotonic() - began) < seconds:
            while sent < passed * rate:
                sent += 1
                task = asyncio.create_task(self._one())
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.sleep(TICK)
            self.late = max(self.late, monotonic() - began - passed - TICK)
        answered = len(self.good)
        await asyncio.gather(*under_way)
        return answered / seconds

    async def _one(self) -> None:
        wire = self._idle.pop() if self._idle else Wire(self.port)
        answer = await wire.ask(self.next_one(), PATIENCE)
        self._note(answer)
        self._idle.append(wire)

    def _note(self, answer: Answer) -> None:
        self.kinds[answer.kind] += 1
        if answer.kind == GOOD:
            self.good.append(answer.seconds)

    def close(self) -> None:
        for wire in self._idle:
            wire.close()


async def doubled(stage: Stage) -> Outcome:
    """Twice the load that the service can bear, without its lane, so that the client is the faster one."""
    async with stage.scene("2x overload", await stage.prepared(cache="lane = false"), allowed=["silent"]) as scene:
        asked = flooding(stage)
        calm = Flood(scene.service.port, asked)
        capacity = await calm.closed(TRIAL)
        calm.close()
        storm = Flood(scene.service.port, asked)
        answered = await storm.opened(2 * capacity, stage.options.overload)
        storm.close()
        _judge(scene, storm, capacity, answered)
        await scene.heals(HEALING)
        again = Flood(scene.service.port, asked)
        afterwards = await again.closed(TRIAL)
        again.close()
        scene.outcome.note(f"{capacity:.0f}/s before, {answered:.0f}/s during, {afterwards:.0f}/s afterwards")
        scene.outcome.check(afterwards > SAME * capacity, "it is slower afterwards")
    return scene.outcome


def _judge(scene: Scene, storm: Flood, capacity: float, answered: float) -> None:
    p99 = quantiles(storm.good, n=100)[98] if len(storm.good) > 1 else PATIENCE
    total = sum(storm.kinds.values())
    told = ", ".join(f"{n} x {kind}" for kind, n in storm.kinds.most_common())
    scene.outcome.note(f"{total} requests: {told}; p99 of the good {p99:.2f} s; the client late by {storm.late:.2f} s")
    scene.outcome.check(p99 < SLOWEST, f"p99 is {p99:.1f} s")
    scene.outcome.check(answered > ALIVE * capacity, f"only {answered:.0f}/s of {capacity:.0f}/s are answered well")
    odd = {kind: n for kind, n in storm.kinds.items() if kind not in (GOOD, LATER)}
    scene.outcome.check(not odd, f"in the overload: {odd}")


def flooding(stage: Stage) -> Callable[[], bytes]:
    """Four batches for each change of a name, which no books are kept of."""
    reads = cycle(batches(stage.people))
    writes, numbers = cycle(puts(stage.people[:SPARE])), count()

    def next_one() -> bytes:
        number = next(numbers)
        return next(reads if number % 5 else writes).written(number)

    return next_one
