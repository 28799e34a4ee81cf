"""The commands for applications and their documents: apps register, list, import, export."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from profilegate.cli.running import FAILED, config_option, loaded, run
from profilegate.settings import Settings

FACE = "cli"

MOST_SHOWN = 20
"""Refused documents that are told of; all are counted."""

tenant_option = click.option("--tenant", help="Whose applications; may be left out where there is only one tenant.")


@click.group()
def apps() -> None:
    """Register applications, and move their documents in and out."""


@apps.command()
@config_option
@tenant_option
@click.option("--id", "app_id", type=int, help="The application's number; the next one when left out.")
@click.option("--name", required=True)
@click.option("--description", default="")
@click.option("--domain", "domains", multiple=True, help="May be given several times.")
@click.option("--schema", type=click.Path(exists=True, dir_okay=False), help="A file with a JSON Schema (2020-12).")
def register(path: str | None, tenant: str | None, app_id: int | None, schema: str | None, **given: Any) -> None:
    """Register an application, or change the one of this number. Prints it as JSON.

    Documents that the schema would not take any more stay, and are counted; exit status 1 if there are any.
    """
    text = None if schema is None else Path(schema).read_text("utf-8")
    told = run(_registered(loaded(path), tenant, app_id, text, given))
    click.echo(json.dumps(told))
    if told["violations"]:
        sys.exit(FAILED)


@apps.command("list")
@config_option
@tenant_option
def list_(path: str | None, tenant: str | None) -> None:
    """Print the applications, a line each."""
    for each in run(_listed(loaded(path), tenant)):
        click.echo(f"{each.app_id}\t{each.name}\t{each.description}\t{' '.join(each.domains)}")


@apps.command("import")
@config_option
@tenant_option
@click.option("--partial", is_flag=True, help="Write what is good, instead of all or nothing.")
@click.option("--on-conflict", type=click.Choice(["error", "skip", "replace"]), default="error", show_default=True)
@click.argument("file", metavar="FILE.ndjson", type=click.File("rb"))
def import_(path: str | None, tenant: str | None, partial: bool, on_conflict: str, file: Any) -> None:
    """Store documents: a line each, {"app_id", "user_id", "profile_data"}. "-" is standard input.

    All or nothing, unless --partial. Lines that cannot be taken are told; exit status 1 if there are any.
    """
    result = run(_imported(loaded(path), tenant, file, "partial" if partial else "all", on_conflict))
    for each in result.refused[:MOST_SHOWN]:
        click.echo(f"document {each.index + 1}: {each.reason}", err=True)
    if result.refusals > MOST_SHOWN:
        click.echo(f"... and {result.refusals - MOST_SHOWN} more", err=True)
    click.echo(f"{len(result.written)} written, {len(result.skipped)} left as they were, {result.refusals} refused")
    if result.refusals:
        sys.exit(FAILED)


@apps.command("export")
@config_option
@tenant_option
@click.argument("app_id", type=int)
def export(path: str | None, tenant: str | None, app_id: int) -> None:
    """Print every document of an application, a line each, as `import` takes them."""
    run(_exported(loaded(path), tenant, app_id))


@asynccontextmanager
async def _opened(settings: Settings, tenant: str | None) -> AsyncIterator[tuple[Any, str]]:
    """The core on its database, and the tenant that is meant."""
    from profilegate.core import Core

    core = Core(settings)
    meant = tenant or core.only_tenant()
    if meant is None:
        raise click.UsageError("there are several tenants; name one with --tenant")
    await core.engine.open()
    try:
        yield core, meant
    finally:
        await core.issuers.close()
        await core.engine.close()


async def _registered(
    settings: Settings, tenant: str | None, app_id: int | None, schema: str | None, given: dict[str, Any]
) -> dict[str, Any]:
    from profilegate.profiles.applications import Application

    async with _opened(settings, tenant) as (core, meant):
        application = Application(tenant_id=meant, app_id=app_id or 0, schema=schema, **given)
        store = core.apps.add if app_id is None else core.apps.register
        told = await store(application)
        return {"app_id": told.application.app_id, "violations": told.violations, "users": list(told.violating_users)}


async def _listed(settings: Settings, tenant: str | None) -> list[Any]:
    async with _opened(settings, tenant) as (core, meant):
        found: list[Any] = await core.apps.applications.all(meant)
        return found


async def _imported(settings: Settings, tenant: str | None, file: Any, mode: Any, on_conflict: Any) -> Any:
    from profilegate.profiles.bulk_service import BulkOrder
    from profilegate.profiles.record import Actor

    async with _opened(settings, tenant) as (core, meant):
        progress: Any = click.progressbar(length=_size(file), label="checked", file=sys.stderr, hidden=_is_hidden())
        with progress as bar:
            actor = Actor("system", "command line", FACE)
            return await core.bulks.write(_lines(file, bar), BulkOrder(meant, actor, mode, on_conflict, _quiet))


async def _lines(file: Any, bar: Any) -> AsyncIterator[Any]:
    from profilegate.profiles.json_stream import one_item

    for number, line in enumerate(file):
        if line.strip():
            yield one_item(line)
        bar.update(len(line))
        if number % 1000 == 0:
            await asyncio.sleep(0)


async def _exported(settings: Settings, tenant: str | None, app_id: int) -> None:
    from profilegate.profiles.json_text import text_of

    async with _opened(settings, tenant) as (core, meant):
        async for each in core.apps.documents.all_of(meant, app_id):
            user = text_of(each.key.user_id)
            sys.stdout.write(f'{{"app_id":{app_id},"user_id":{user},"profile_data":{each.data}}}\n')


def _size(file: Any) -> int | None:
    try:
        return Path(file.name).stat().st_size
    except (OSError, TypeError):
        return None


def _is_hidden() -> bool:
    return not sys.stderr.isatty()


def _quiet(_: str, __: int) -> None:
    """The progress bar tells already."""
