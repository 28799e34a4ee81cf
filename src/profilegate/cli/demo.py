"""The command that shows everything: demo."""

import asyncio
import sys
import time
from typing import Any

import click

from profilegate.cli.running import run


@click.command()
@click.option("--port", default=8000, show_default=True, help="The service's port; another one when it is taken.")
@click.option("--as", "person", type=click.Choice(["alice", "bob", "olive"]), default="alice", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the text.")
def demo(port: int, person: str, as_json: bool) -> None:
    """Run everything here, with an identity provider of its own, and show a first request.

    Needs nothing, keeps nothing, and is reachable from this machine only. Ctrl-C ends it. Olive is an operator.
    """
    run(_demo(port, person, as_json))


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
        f"Account page  {running.url}/account\n"
        f"Access token  {running.token}\n\n"
        f"Paste this to see the profile (the token lasts an hour):\n\n{running.curl}\n"
    )


def _as_json(running: Any) -> str:
    import msgspec

    return msgspec.json.encode({**msgspec.to_builtins(running), "curl": running.curl}).decode()
