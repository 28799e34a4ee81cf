"""What the end-to-end tests run against: a real OpenID provider and a served profilegate on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests import postgres
from tests.e2e.provider import Provider
from tests.e2e.served import HasIssuer, Served
from tests.postgres import Postgres

Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def database_server() -> Iterator[Postgres]:
    """The PostgreSQL of all tests of this folder that need none of their own."""
    with postgres.start() as running:
        yield running


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def served(provider: Provider, serve: Serve) -> Served:
    return serve(provider)


@pytest.fixture(scope="module")
def serve(database_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts a service for this provider, on a database of its own unless one is given; all end with the module."""
    with ExitStack() as running:

        def start(provider: HasIssuer, dsn: str | None = None, **options: Any) -> Served:
            folder = tmp_path_factory.mktemp("served")
            return running.enter_context(Served(folder, dsn or database_server.fresh_database(), provider, **options))

        yield start
