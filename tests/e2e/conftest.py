"""What the end-to-end tests run against: a real OpenID provider and a served profilegate on PostgreSQL."""

from collections.abc import Iterator

import pytest
from tests import postgres
from tests.e2e.provider import Provider
from tests.e2e.served import Served


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def served(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with (
        postgres.start() as server,
        Served(tmp_path_factory.mktemp("served"), server.fresh_database(), provider) as running,
    ):
        yield running
