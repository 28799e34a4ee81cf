"""Piccolo's migrations ask the process for its one engine; this answers with the engine at hand."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from piccolo.apps.migrations.tables import Migration
from piccolo.conf.apps import ENVIRONMENT_VARIABLE, AppRegistry
from piccolo.table import Table

from profilegate.store.tables import TABLES

MODULE = "profilegate_bound_conf"


@contextmanager
def bound(engine: Any) -> Iterator[None]:
    """While inside, Piccolo's commands, our tables and its own migration table use this engine.

    Piccolo knows one configuration module per process, so two of these at once would mix: only migrations
    and start-up checks come here, one after the other. A host's own configuration is put back at the end.
    """
    tables: tuple[type[Table], ...] = (Migration, *TABLES)
    variable, engines = os.environ.get(ENVIRONMENT_VARIABLE), [table._meta._db for table in tables]
    sys.modules[MODULE], os.environ[ENVIRONMENT_VARIABLE] = _configuration(engine), MODULE
    for table in tables:
        table._meta._db = engine
    try:
        yield
    finally:
        _restore(variable)
        for table, own in zip(tables, engines, strict=True):
            table._meta._db = own


def _configuration(engine: Any) -> ModuleType:
    module = ModuleType(MODULE)
    module.__dict__.update(DB=engine, APP_REGISTRY=AppRegistry(apps=["profilegate.store.piccolo_app"]))
    return module


def _restore(variable: str | None) -> None:
    del sys.modules[MODULE]
    if variable is None:
        os.environ.pop(ENVIRONMENT_VARIABLE, None)
    else:
        os.environ[ENVIRONMENT_VARIABLE] = variable
