"""The service and its caller, for rules that hold whatever is sent."""

from hypothesis import HealthCheck, settings
from tests.faces.fixtures import client, clock, database, serve, service, sqlite_template

__all__ = ["client", "clock", "database", "serve", "service", "sqlite_template"]

# One service takes all examples of a test, as it does in production; a slow machine is no failure.
settings.register_profile(
    "service",
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
