"""The service, its callers and its pages, for the tests of the Logto face."""

import pytest
from hypothesis import HealthCheck, settings
from tests.faces.fixtures import (
    Serve,
    client,
    clock,
    database,
    postgres_server,
    postgres_template,
    serve,
    service,
    sqlite_template,
)
from tests.faces.running import Service
from tests.logto.asking import SCOPED

__all__ = [
    "client",
    "clock",
    "database",
    "postgres_server",
    "postgres_template",
    "serve",
    "service",
    "sqlite_template",
]

# One service takes all examples of a test, as it does in production; a slow machine is no failure.
settings.register_profile(
    "logto",
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
async def scoped(serve: Serve) -> Service:
    """The service where each permission has the scope that Logto gives it."""
    return await serve(issuers=(SCOPED,))
