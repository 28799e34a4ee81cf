"""The migrated database that every service under attack starts with a copy of."""

from tests.faces.fixtures import sqlite_template

__all__ = ["sqlite_template"]
