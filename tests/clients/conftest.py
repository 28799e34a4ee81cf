"""The service in this process, for the clients that are tested in it."""

from tests.faces.fixtures import clock, database, serve, service, sqlite_template

__all__ = ["clock", "database", "serve", "service", "sqlite_template"]
