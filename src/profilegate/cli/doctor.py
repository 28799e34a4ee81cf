"""The command that looks at everything around the service: doctor."""

import sys
from collections.abc import Sequence

import click
import msgspec
from msgspec import Struct

from profilegate.cli.running import FAILED, config_option, loaded, run

COLOURS = {"ok": "green", "warn": "yellow", "FAIL": "red"}


@click.command()
@config_option
def doctor(path: str | None) -> None:
    """Look at the settings, the providers, the database and the clock, and say of each how it is.

    Exit status 1 when anything fails that the service needs; a warning is no failure. Changes nothing. Prints JSON
    when its output is not a terminal.
    """
    from profilegate.cli.checks import Finding, examined

    settings = loaded(path)
    found: Sequence[Finding] = run(examined(settings))
    is_terminal = sys.stdout.isatty()
    click.echo("\n".join(map(_line, found)) if is_terminal else _as_json(found))
    if any(each.state == "FAIL" for each in found):
        sys.exit(FAILED)


def _line(finding: Struct) -> str:
    state, check, detail = msgspec.structs.astuple(finding)
    return f"{click.style(f'{state:<4}', fg=COLOURS[state])}  {check:<20} {detail}"


def _as_json(found: Sequence[Struct]) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
