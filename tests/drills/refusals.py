"""Probes against the service itself, and through nginx with the configuration of deploy/proxy."""

import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from tests.bench import cores
from tests.bench.issuing import Person
from tests.drills import bodies, smuggling
from tests.drills.outcome import Outcome
from tests.drills.probes import Door, Probe, refused
from tests.drills.stage import Scene, Stage
from tests.proxy.conftest import HOSTS, signed
from tests.proxy.shipped import Proxy, place

NOBODY = 9
"""A port without an application: these drills are about profilegate's own host."""

Made = Callable[[Door, Person], Iterator[Probe]]


@contextmanager
def nginx_before(folder: Path, port: int) -> Iterator[Door]:
    """nginx before the service at this port."""
    own = Path(tempfile.mkdtemp(dir=folder))
    certificate = signed(own)
    with Proxy("nginx", place(own, certificate, port, NOBODY)) as proxy:
        yield Door(proxy.port, ssl.create_default_context(cafile=str(certificate[0])), HOSTS[1])


@asynccontextmanager
async def way(stage: Stage, port: int, *, through_nginx: bool) -> AsyncIterator[Door]:
    """To the service at this port."""
    with ExitStack() as stack:
        yield stack.enter_context(nginx_before(stage.folder, port)) if through_nginx else Door(port)


async def probed(scene: Scene, door: Door, person: Person, made: Made) -> None:
    """All probes while the load goes on, and what they have left behind."""
    before, statuses = cores.usage(scene.service.pid).rss, scene.outcome.kinds
    async for probe, found in refused(door, [*made(door, person)]):
        statuses.update(f"probe {each}" for each in found or ["closed"])
        if (said := probe.wrong(found, proxied=door.tls is not None)) is not None:
            scene.outcome.wrong.append(said)
    more = cores.usage(scene.service.pid).rss - before
    scene.outcome.note(f"{more:+.0f} MiB")
    scene.outcome.check(more < bodies.MOST_MORE, f"it has grown by {more:.0f} MiB")
    name = await scene.sql(f"SELECT name FROM profilegate_profile WHERE user_id = '{person.user_id}'")
    scene.outcome.check(name != smuggling.SMUGGLED, "a hidden request was done")


def drill(name: str, told: str, made: Made, *, through_nginx: bool) -> Callable[[Stage], object]:
    """One of the four."""

    async def run(stage: Stage) -> Outcome:
        async with stage.scene(name, await stage.prepared()) as scene:
            async with way(stage, scene.service.port, through_nginx=through_nginx) as door:
                await probed(scene, door, stage.people[0], made)
            await scene.heals()
        return scene.outcome

    run.__doc__ = told
    return run


bodies_direct = drill(
    "bodies", "Bodies and heads that are too much, to the service itself.", bodies.probes, through_nginx=False
)
bodies_nginx = drill("bodies, nginx", "The same through nginx.", bodies.probes, through_nginx=True)
smuggling_direct = drill(
    "smuggling", "Requests with another one hidden in them.", smuggling.probes, through_nginx=False
)
smuggling_nginx = drill("smuggling, nginx", "The same through nginx.", smuggling.probes, through_nginx=True)
