"""The commands that run the service: serve, migrate, check-config, openapi."""

import sys
from typing import Any

import click

from profilegate.cli.running import FAILED, config_option, loaded, run
from profilegate.errors import StoreUnavailable
from profilegate.settings import Settings


@click.command()
@config_option
def serve(path: str | None) -> None:
    """Serve until the process is told to stop. Applies no migrations: `profilegate migrate` does."""
    from profilegate.serving import serve

    settings = loaded(path)
    run(_servable(settings))
    serve(settings, path)


@click.command()
@config_option
@click.option("--check", is_flag=True, help="Only say what is missing; exit status 1 if anything is.")
def migrate(path: str | None, check: bool) -> None:
    """Bring the database up to this release's schema. Safe to run from several machines at once."""
    missing = run(_migrate(loaded(path), check))
    for name in missing:
        click.echo(f"{'missing' if check else 'applied'}  {name}")
    if not missing:
        click.echo("The database is up to date.")
    elif check:
        sys.exit(FAILED)


@click.command("check-config")
@config_option
def check_config(path: str | None) -> None:
    """Read the settings and report every problem with its place."""
    settings = loaded(path)
    kind = "PostgreSQL" if settings.database.is_postgres else f"SQLite in {settings.database.path}"
    click.echo(f"The configuration is valid: {len(settings.issuers)} issuer(s), {kind}.")


@click.command()
@config_option
def openapi(path: str | None) -> None:
    """Print the OpenAPI document of the service as configured."""
    import msgspec

    from profilegate.app import create_app

    schema: dict[str, Any] = create_app(loaded(path)).openapi_schema.to_schema()
    click.echo(msgspec.json.format(msgspec.json.encode(schema), indent=2))


async def _servable(settings: Settings) -> None:
    """Refuse early, with words, what each worker would refuse with a trace."""
    from profilegate.serving import refuse_taken
    from profilegate.store.database import make_engine
    from profilegate.store.schema import refuse_unknown

    if settings.server.tracing:
        import profilegate.tracing  # noqa: F401  says what is missing
    engine = make_engine(settings.database)
    try:
        await engine.open()
        await refuse_unknown(engine, settings.usernames)
    except StoreUnavailable:
        click.echo("profilegate: the database does not answer yet; /ready will tell when it does", err=True)
    finally:
        await engine.close()
    refuse_taken(settings.server)


async def _migrate(settings: Settings, check: bool) -> list[str]:
    from profilegate.store.database import make_engine
    from profilegate.store.schema import migrate, pending, refuse_newer

    engine = make_engine(settings.database)
    try:
        await engine.open()
        await refuse_newer(engine)
        return await (pending(engine) if check else migrate(engine, settings.usernames))
    finally:
        await engine.close()
