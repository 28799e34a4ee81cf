"""`python -m tests.faults.growth` prints by how many bytes a process grows that is told too much by its provider."""

import asyncio
import logging
import resource
import sys
import tempfile
from pathlib import Path

from tests.faults import catalogue as faults
from tests.faults.world import HERE, world

UNIT = 1 if sys.platform == "darwin" else 1024
HUGE = {"Content-Length of 10 GB", "endless chunks", "endless headers", "gzip bomb", "gzip unasked"}


def peak() -> int:
    """The most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


def resident() -> int:
    """The memory that this process has now, in bytes; its peak where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * resource.getpagesize() if status.exists() else peak()


async def growth(folder: Path) -> int:
    faults.bomb()
    huge = [each for each in faults.WIRE if each.name in HUGE]
    async with world(folder) as here:
        benches = [await here.bench() for _ in range(len(huge) + 1)]
        async with here.service(*benches) as callers:
            assert (await callers.ask(benches[-1], benches[-1].provider.token(), HERE)).code == "OK"
            before = peak()
            for fault, bench in zip(huge, benches, strict=False):
                await bench.inject(here, fault, "jwks")
                assert (await callers.ask(bench, bench.provider.token())).code == "UNAVAILABLE", fault.name
            return peak() - before


def main() -> None:
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(growth(Path(folder))))


if __name__ == "__main__":
    main()
