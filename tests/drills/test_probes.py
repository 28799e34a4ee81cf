"""What is no good is refused once, whichever way it comes, and nothing that is hidden in it is done."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from tests.bench import cores
from tests.bench.issuing import Person
from tests.drills import bodies, smuggling
from tests.drills.conftest import House
from tests.drills.probes import Door, Probe, refused


def wrong(door: Door, house: House, made: Callable[[Door, Person], Iterator[Probe]]) -> list[str]:
    """What was answered as it must not be."""

    async def run() -> list[str | None]:
        probes = [*made(door, house.person)]
        return [probe.wrong(found, proxied=door.tls is not None) async for probe, found in refused(door, probes)]

    return [said for said in asyncio.run(run()) if said is not None]


@pytest.fixture(scope="module")
def after_hidden_requests(door: Door, house: House) -> list[str]:
    """What was answered to them as it must not be."""
    return wrong(door, house, smuggling.probes)


def test_what_is_too_much_is_refused_and_not_kept_or_unpacked(door: Door, house: House) -> None:
    before = cores.usage(house.service.pid).rss
    assert wrong(door, house, bodies.probes) == []
    assert cores.usage(house.service.pid).rss - before < bodies.MOST_MORE


def test_no_request_is_answered_for_two(after_hidden_requests: list[str]) -> None:
    assert after_hidden_requests == []


@pytest.mark.usefixtures("after_hidden_requests")
def test_no_hidden_request_is_done(house: House) -> None:
    assert smuggling.SMUGGLED not in house.name


@pytest.mark.usefixtures("after_hidden_requests")
def test_none_of_it_is_an_error_of_ours(house: House) -> None:
    assert "Traceback" not in house.service.log
