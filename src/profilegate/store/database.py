"""Which engine the settings ask for."""

from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine
from profilegate.store.postgres import Postgres
from profilegate.store.sqlite import SQLite


def make_engine(settings: DatabaseSettings) -> Engine:
    """The engine for `database.url`: PostgreSQL, or SQLite in a file. Connects to nothing."""
    return Postgres(settings) if settings.is_postgres else SQLite(settings)
