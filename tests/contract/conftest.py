"""The service and its caller, for the examples."""

from tests.faces.fixtures import (
    client,
    clock,
    database,
    postgres_server,
    postgres_template,
    serve,
    service,
    sqlite_template,
)

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
