"""The command line. Each command is one thing that an operator does; what it needs is imported when it runs."""

import asyncio
import sys
import time
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import click

from profilegate import configuration
from profilegate.errors import InvalidConfiguration, ProfileGateError, StoreUnavailable
from profilegate.settings import Settings

CONFIGURATION_PROBLEM = 2
FAILED = 1

T = TypeVar("T")

config_option = click.option(
    "--config",
    "path",
    metavar="FILE",
    envvar=configuration.FILE_VARIABLE,
    help="The settings, in TOML. Any key may also come from the environment: PROFILEGATE__SECTION__KEY.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="profilegate", prog_name="profilegate")
def cli() -> None:
    """One true user profile behind any OpenID Connect provider."""


@cli.command()
@click.option("--port", default=8000, show_default=True, help="The service's port; another one when it is taken.")
@click.option("--as", "person", type=click.Choice(["alice", "bob", "olive"]), default="alice", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the text.")
def demo(port: int, person: str, as_json: bool) -> None:
    """Run everything here, with an identity provider of its own, and show a first request.

    Needs nothing, keeps nothing, and is reachable from this machine only. Ctrl-C ends it. Olive is an operator.
    """
    run(_demo(port, person, as_json))


@cli.command()
@config_option
def serve(path: str | None) -> None:
    """Serve until the process is told to stop. Applies no migrations: `profilegate migrate` does."""
    from profilegate.serving import serve

    settings = loaded(path)
    run(_servable(settings))
    serve(settings, path)


@cli.command()
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


@cli.command("check-config")
@config_option
def check_config(path: str | None) -> None:
    """Read the settings and report every problem with its place."""
    settings = loaded(path)
    kind = "PostgreSQL" if settings.database.is_postgres else f"SQLite in {settings.database.path}"
    click.echo(f"The configuration is valid: {len(settings.issuers)} issuer(s), {kind}.")


@cli.command("verify-token")
@config_option
@click.argument("source", metavar="[TOKEN]", type=click.UNPROCESSED, default="-")
def verify_token(path: str | None, source: str) -> None:
    """Say what a token would be admitted as, or why it is refused. Without TOKEN it is read from standard input.

    Asks the provider for its keys; does not look at the user's standing in the database.
    """
    text = sys.stdin.read() if source == "-" else source
    click.echo(run(_verified(loaded(path), text.strip())))


@cli.command()
@config_option
def openapi(path: str | None) -> None:
    """Print the OpenAPI document of the service as configured."""
    import msgspec

    from profilegate.app import create_app
    from profilegate.faces.openapi import complete

    document = create_app(loaded(path)).openapi_schema
    complete(document)
    schema: dict[str, Any] = document.to_schema()
    click.echo(msgspec.json.format(msgspec.json.encode(schema), indent=2))


def loaded(path: str | None) -> Settings:
    """The settings, or the end of the command with every problem."""
    try:
        return configuration.load(path)
    except InvalidConfiguration as error:
        refuse(error)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do the work; errors that are meant for people end the command with their text and no trace."""
    try:
        return asyncio.run(work)
    except ProfileGateError as error:
        refuse(error)
    except KeyboardInterrupt:
        sys.exit(130)


def refuse(error: ProfileGateError) -> NoReturn:
    """Write the error where errors go, a line for each problem, and end."""
    reason = getattr(error, "reason", "")
    lines = error.problems if isinstance(error, InvalidConfiguration) else (f"{error} {reason}".strip(),)
    for line in lines:
        click.echo(f"profilegate: {line}", err=True)
    sys.exit(CONFIGURATION_PROBLEM if isinstance(error, InvalidConfiguration) else FAILED)


async def _demo(port: int, person: str, as_json: bool) -> None:
    click.echo("Starting the demo ...", err=True)
    from profilegate.demo.show import until_stopped

    await until_stopped(_shown(port, person, as_json, time.monotonic()))
    click.echo("\nStopped; nothing is left.", err=True)


async def _shown(port: int, person: str, as_json: bool, started: float) -> None:
    from profilegate.demo.show import demo

    async with demo(port, person, lambda step: click.echo(f"  ✓ {step}", err=True)) as running:
        click.echo(f"  Ready in {time.monotonic() - started:.1f} s. Ctrl-C ends it.\n", err=True)
        click.echo(_as_json(running) if as_json else _as_text(running))
        sys.stdout.flush()
        await asyncio.Event().wait()


def _as_text(running: Any) -> str:
    return (
        f"Base URL      {running.url}\n"
        f"Access token  {running.token}\n\n"
        f"Paste this to see the profile (the token lasts an hour):\n\n{running.curl}\n"
    )


def _as_json(running: Any) -> str:
    import msgspec

    return msgspec.json.encode({**msgspec.to_builtins(running), "curl": running.curl}).decode()


async def _servable(settings: Settings) -> None:
    """Refuse early, with words, what each worker would refuse with a trace."""
    from profilegate.serving import refuse_taken
    from profilegate.store.database import make_engine
    from profilegate.store.schema import refuse_unknown

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


async def _verified(settings: Settings, token: str) -> str:
    import msgspec

    from profilegate.auth.issuers import Issuers

    issuers = Issuers(settings.issuers)
    try:
        principal = await issuers.principal(token.encode(errors="replace"))
    finally:
        await issuers.close()
    shown = msgspec.to_builtins(principal)
    shown["permissions"] = sorted(shown["permissions"])
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()


def main() -> None:
    """The entry point of the `profilegate` command."""
    cli(prog_name="profilegate")
