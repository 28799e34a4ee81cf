"""What every command does: read the settings, run the work, and end with words for people instead of a trace."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import click

from profilegate import configuration
from profilegate.errors import InvalidConfiguration, ProfileGateError
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
