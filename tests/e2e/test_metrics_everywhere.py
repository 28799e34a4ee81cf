"""Two workers of one server, each of which answers some of the requests, tell all of them to whoever asks."""

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.e2e.conftest import Serve
from tests.e2e.provider import Provider
from tests.e2e.served import Served
from tests.postgres import Postgres

REQUESTS = 60


@pytest.fixture(scope="module")
def server(serve: Serve, provider: Provider, database_server: Postgres) -> Served:
    return serve(provider, database_server.fresh_database(), workers=2)


def counted(server: Served) -> float:
    """The requests to the Logto face."""
    samples = (
        each
        for family in text_string_to_metric_families(server.http.get("/metrics").text)
        for each in family.samples
        if each.name == "profilegate_request_seconds_count" and each.labels["face"] == "logto"
    )
    return sum(each.value for each in samples)


def every_other(server: Served, token: str) -> Iterator[float]:
    """What is told while requests come."""
    for _ in range(REQUESTS):
        assert server.call(token).status_code == 200
        yield counted(server)


def test_all_workers_requests_are_told_and_never_fewer_than_before(server: Served, provider: Provider) -> None:
    told = list(every_other(server, provider.sign_in("alice")))
    assert told == sorted(told)
    for _ in range(200):  # until either worker was asked, which tells the rest
        if counted(server) == REQUESTS:
            break
    assert counted(server) == REQUESTS
