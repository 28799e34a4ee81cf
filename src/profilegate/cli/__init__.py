"""The command line. Each command is one thing that an operator does; what it needs is imported when it runs."""

import logging

import click

from profilegate.cli.apps import apps
from profilegate.cli.demo import demo
from profilegate.cli.doctor import doctor
from profilegate.cli.service import check_config, migrate, openapi, serve
from profilegate.cli.token import verify_token
from profilegate.cli.webhook import webhook


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="profilegate", prog_name="profilegate")
def cli() -> None:
    """One true user profile behind any OpenID Connect provider."""


for command in (demo, serve, migrate, check_config, doctor, verify_token, openapi, apps, webhook):
    cli.add_command(command)


def main() -> None:
    """The entry point of the `profilegate` command. Commands speak for themselves; only `serve` writes a log."""
    logging.getLogger("profilegate").addHandler(logging.NullHandler())
    cli(prog_name="profilegate")
