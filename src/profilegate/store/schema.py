"""The schema's state: bring it up to date, or say why it cannot be served."""

import io
from contextlib import redirect_stdout
from importlib import import_module
from pkgutil import iter_modules

from piccolo.apps.migrations.commands.forwards import run_forwards

from profilegate.errors import InvalidConfiguration, ProfileGateError
from profilegate.settings import UsernameSettings
from profilegate.store import contraction, piccolo_migrations, usernames
from profilegate.store.binding import bound
from profilegate.store.dialect import DIALECTS
from profilegate.store.engine import Engine
from profilegate.store.piccolo_app import APP_CONFIG
from profilegate.store.statements import Statement


class MigrationFailed(ProfileGateError):
    """Piccolo could not apply a migration; nothing of it was kept."""

    code = "migration_failed"


async def migrate(engine: Engine, settings: UsernameSettings) -> list[str]:
    """Apply what is missing and return its names, oldest first; one process at a time, all or nothing.

    Also makes the stored usernames compare as configured. Raises InvalidConfiguration, listing the
    clashes, when existing usernames differ only in case and case is to be ignored from now on.
    """
    await refuse_newer(engine)
    missing = await pending(engine)
    with bound(engine):
        async with engine.exclusive():
            await _forwards()
            await usernames.follow(engine, settings.case_sensitive)
    return missing


async def pending(engine: Engine) -> list[str]:
    """The migrations that this release has and the database has not."""
    return sorted(known() - await applied(engine))


async def refuse_unknown(engine: Engine, settings: UsernameSettings) -> None:
    """Raise InvalidConfiguration unless the schema is this release's and its usernames compare as configured."""
    await refuse_newer(engine)
    if await pending(engine):
        raise InvalidConfiguration(["database: the schema is not up to date; run `profilegate migrate`"])
    if await usernames.case_sensitive(engine) != settings.case_sensitive:
        raise InvalidConfiguration(["usernames.case_sensitive: differs from the database; run `profilegate migrate`"])


async def refuse_newer(engine: Engine) -> None:
    """Raise InvalidConfiguration when a newer release has taken something away that this one needs.

    What newer releases have only added is no hindrance: this one may serve beside them.
    """
    if await applied(engine) - known() and await contraction.newest(engine) not in {None, *known()}:
        raise InvalidConfiguration(["database: the schema is newer than this release of profilegate"])


def known() -> set[str]:
    """The ids of this release's migrations."""
    names = (each.name for each in iter_modules(piccolo_migrations.__path__))
    return {import_module(f"{piccolo_migrations.__name__}.{name}").ID for name in names}


async def applied(engine: Engine) -> set[str]:
    """The ids of the migrations that the database has."""
    dialect = DIALECTS[engine.engine_type]
    if not await engine.fetch(Statement(dialect.find_table, ("migration",)), {}):
        return set()
    rows = await engine.fetch(Statement(dialect.find_migrations, (APP_CONFIG.app_name,)), {})
    return {name for (name,) in rows}


async def _forwards() -> None:
    with redirect_stdout(io.StringIO()):
        try:
            result = await run_forwards(APP_CONFIG.app_name)
        except Exception as error:
            raise MigrationFailed(f"A migration failed, and nothing of it was kept: {error}") from error
    if not result.success:
        raise MigrationFailed(result.message)
