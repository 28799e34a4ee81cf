"""Ten thousand clients that send next to nothing, and others that want to be served meanwhile."""

import asyncio
import resource
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic

from tests.bench.issuing import Person
from tests.drills.load import GOOD
from tests.drills.outcome import LATER, Outcome
from tests.drills.probes import Door, head
from tests.drills.refusals import way
from tests.drills.stage import Scene, Stage
from tests.drills.waiting import seconds_until
from tests.drills.wire import Wire

PAUSE = 4.0
"""Seconds between two bytes of a slow client."""

AT_ONCE = 256
"""Connections that are being opened."""

NEARLY = 0.95
GATHERING = 120.0
"""Seconds until so much of them should be there; a server that is full may not let them in."""

LONG = 45.0
"""Seconds for which it goes on: longer than any time limit for a head or a body is, so that all come again."""


class Crowd:
    """Slow clients. Those that are cut off come again. In turn they say nothing, a head slowly, and a body slowly."""

    def __init__(self, door: Door, person: Person) -> None:
        self._door, self._person = door, person
        self._places = asyncio.Semaphore(AT_ONCE)
        self.open = self.ended = 0

    async def client(self, n: int) -> None:
        first, more = self._said(n)
        while True:
            with suppress(OSError, EOFError):
                await self._visit(first, more)
            await asyncio.sleep(1)

    def _said(self, n: int) -> tuple[bytes, bytes]:
        """What comes first, and what comes then again and again."""
        opened = head(self._door, self._person, "Content-Length: 60000")
        return ((b"", b""), (opened[:-2], b"X: y\r\n"), (opened, b" "))[n % 3]

    async def _visit(self, first: bytes, more: bytes) -> None:
        async with self._places:
            reader, writer = await self._door.opened()
        self.open += 1
        try:
            writer.write(first)
            while not await _is_over(reader):
                writer.write(more)
        finally:
            self.open -= 1
            self.ended += 1
            writer.transport.abort()


async def _is_over(reader: asyncio.StreamReader) -> bool:
    """Whether the server says anything, or hangs up, within PAUSE."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PAUSE):
            await reader.read(1)
            return True
    return False


@asynccontextmanager
async def crowded(door: Door, person: Person, count: int, patience: float = GATHERING) -> AsyncIterator[Crowd]:
    """So many slow clients while the block lasts; nearly all are there when it begins."""
    crowd = Crowd(door, person)
    tasks = [asyncio.create_task(crowd.client(n)) for n in range(count)]

    async def are_there() -> bool:
        return crowd.open >= NEARLY * count

    try:
        await seconds_until(are_there, patience)
        yield crowd
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def served(scene: Scene, door: Door, seconds: float) -> None:
    """A client with a new connection each time must be served as ever, or be told now and then to come again."""
    ended, kinds = monotonic() + seconds, Counter[str]()
    asked = head(door, scene.person, request="GET /api/profile HTTP/1.1")
    while monotonic() < ended:
        async with Wire(door.port, door.tls, door.host) as wire:
            kinds[(await wire.ask(asked, 10)).kind] += 1
        await asyncio.sleep(0.2)
    told = ", ".join(f"{n} x {kind}" for kind, n in kinds.most_common())
    scene.outcome.note(f"a normal client: {told}")
    good = kinds.keys() <= {GOOD, LATER} and kinds[GOOD] >= NEARLY * kinds.total()
    scene.outcome.check(good, "a normal client is not served")


def drill(name: str, told: str, *, through_nginx: bool) -> Callable[[Stage], Awaitable[Outcome]]:
    """With the service itself, or through nginx."""

    async def run(stage: Stage) -> Outcome:
        async with stage.scene(name, await stage.prepared()) as scene:
            async with (
                way(stage, scene.service.port, through_nginx=through_nginx) as door,
                crowded(door, stage.people[0], stage.options.slow_clients) as crowd,
            ):
                scene.outcome.note(f"{crowd.open} slow clients")
                await served(scene, door, LONG)
                scene.outcome.note(f"{crowd.open} at the end, {crowd.ended} cut off meanwhile")
            await scene.heals()
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        scene.outcome.note(f"ulimit -n {limit}")
        return scene.outcome

    run.__doc__ = told
    return run


direct = drill("slow clients", "Thousands of clients that send next to nothing.", through_nginx=False)
nginx = drill("slow clients, nginx", "The same through nginx.", through_nginx=True)
