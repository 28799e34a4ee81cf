"""Settings as an operator has them, and the service in this process."""

from tests.cli.conftest import configured
from tests.faces.fixtures import clock, database, serve, service, sqlite_template

__all__ = ["clock", "configured", "database", "serve", "service", "sqlite_template"]
