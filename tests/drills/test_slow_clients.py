"""Clients that send next to nothing keep nobody waiting."""

import asyncio

import pytest
from tests.drills.conftest import House
from tests.drills.limits import many_files
from tests.drills.probes import Door, head
from tests.drills.slow_clients import crowded
from tests.drills.wire import Answer, Wire

SLOW = 1200
"""More than nginx takes as it comes, and than requests that are at work."""

PATIENCE = 15
"""Seconds for them to come."""


@pytest.fixture(scope="module")
def answered(door: Door, house: House) -> Answer:
    """What somebody is told who comes when all of them are there."""

    async def run() -> Answer:
        asked = head(door, house.person, request="GET /api/profile HTTP/1.1")
        async with crowded(door, house.person, SLOW, PATIENCE), Wire(door.port, door.tls, door.host) as wire:
            return await wire.ask(asked)

    many_files()
    return asyncio.run(run())


def test_whoever_comes_beside_them_is_served(answered: Answer) -> None:
    assert answered.kind == "200"
