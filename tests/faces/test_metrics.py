"""What Prometheus reads: every request counted once, by face, method and status, and how its parts are doing."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Clock, Service, address, running
from tests.faces.test_phoenix_trouble import NOBODY
from tests.logto.asking import HERE

from profilegate.settings import CacheSettings

Numbers = dict[tuple[str, ...], float]

LANE = [True, False]


async def read(service: Service, name: str) -> Numbers:
    """The samples of this name, by the values of their labels."""
    text = (await service.stranger().get("/metrics")).text
    return {
        tuple(each.labels.values()): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name == name
    }


async def requests(service: Service) -> Numbers:
    found = await read(service, "profilegate_request_seconds_count")
    return {labels: count for labels, count in found.items() if labels[0] != "health"}


@pytest.fixture(params=LANE, ids=["lane", "handlers"])
async def service(serve: Serve, request: pytest.FixtureRequest) -> Service:
    return await serve(cache=CacheSettings(lane=request.param))


@BOTH
async def test_every_request_is_counted_once_whoever_answers_it(service: Service, client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.get(HERE)
    await client.patch(HERE, json={"name": "Ann"})
    await client.put(address("alice"), json={"name": "Al"})
    await client.get(HERE, headers={"if-none-match": (await client.get(HERE)).headers["etag"]})
    assert await requests(service) == {
        ("logto", "GET", "200"): 4,
        ("logto", "GET", "304"): 1,
        ("logto", "PATCH", "200"): 1,
        ("phoenix", "PUT", "200"): 1,
    }


async def test_refusals_are_counted_with_their_status(service: Service, client: httpx.AsyncClient) -> None:
    await service.stranger().get(HERE)
    await client.patch(HERE, json={"username": "1"})
    await client.put(address("bob"), json={"name": "Bob"})
    assert await requests(service) == {
        ("logto", "GET", "401"): 1,
        ("logto", "PATCH", "400"): 1,
        ("phoenix", "PUT", "403"): 1,
    }


async def test_a_histogram_adds_up(service: Service, client: httpx.AsyncClient) -> None:
    for _ in range(5):
        await client.get(HERE)
    buckets = [
        count
        for labels, count in (await read(service, "profilegate_request_seconds_bucket")).items()
        if labels[0] == "logto"
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 5
    assert 0 < (await read(service, "profilegate_request_seconds_sum"))["logto", "GET", "200"] < 60


async def test_no_number_names_a_user_a_tenant_or_a_path(service: Service) -> None:
    await service.client("canary-user").get(HERE)
    await service.client("canary-user").get(address("canary-other"))
    text = (await service.stranger().get("/metrics")).text
    assert not re.search(r"canary|your_tenant|/v1|/api", text)


async def test_look_ups_in_memory_are_counted(service: Service, client: httpx.AsyncClient) -> None:
    for _ in range(4):
        await client.get(HERE)
    found = await read(service, "profilegate_cache_lookups_total")
    assert found["tokens", "miss"] == 1
    assert found["tokens", "hit"] >= 3
    assert found["records", "hit"] >= 1
    assert found["records", "miss"] >= 1


async def test_fetched_keys_are_counted_and_so_are_those_that_were_not_to_be_had(service: Service) -> None:
    await service.client("alice").get(HERE)
    assert await read(service, "profilegate_key_fetches_total") == {("ok",): 1, ("failed",): 0}


@pytest.fixture
async def homeless(clock: Clock) -> AsyncIterator[Service]:
    """A service whose database does not answer."""
    async with running(NOBODY, clock) as service:
        yield service


async def test_a_database_that_does_not_answer_is_told(homeless: Service) -> None:
    assert await read(homeless, "profilegate_database_up") == {(): 0}
    assert await read(homeless, "profilegate_cache_bypassed") == {(): 1}


@BOTH
async def test_a_database_that_answers_is_told(service: Service) -> None:
    assert await read(service, "profilegate_database_up") == {(): 1}
    assert set(await read(service, "profilegate_database_connections")) == {("used",), ("idle",)}
    assert await read(service, "profilegate_database_waiting") == {(): 0}
    assert await read(service, "profilegate_refused_total") == {("busy",): 0}


async def test_it_is_prometheus_own_type(service: Service) -> None:
    kind = (await service.stranger().get("/metrics")).headers["content-type"]
    assert re.fullmatch(r"text/plain; version=[\d.]+; charset=utf-8", kind)


async def test_the_release_is_told(service: Service) -> None:
    ((version,),) = await read(service, "profilegate_info")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
