"""The command that explains a token: verify-token."""

import sys
from typing import Any

import click

from profilegate.cli.running import FAILED, config_option, loaded, run
from profilegate.settings import Settings


@click.command("verify-token")
@config_option
@click.option("--host", default="", help="The request host, where it decides whose opaque tokens are taken.")
@click.argument("source", metavar="[TOKEN]", type=click.UNPROCESSED, default="-")
def verify_token(path: str | None, host: str, source: str) -> None:
    """Check a token as the service would, and say of each check whether it passed; exit status 1 if any did not.

    Without TOKEN it is read from standard input. Asks the provider; does not look at the user's standing in the
    database, nor at the proof that a bound token must come with. Prints JSON when its output is not a terminal.
    """
    text = sys.stdin.read() if source == "-" else source
    told = run(_explained(loaded(path), text.strip(), host))
    click.echo(_as_text(told) if sys.stdout.isatty() else _as_json(told))
    if told.principal is None:
        sys.exit(FAILED)


async def _explained(settings: Settings, token: str, host: str) -> Any:
    from profilegate.auth.explained import explained
    from profilegate.auth.issuers import Issuers

    issuers = Issuers(settings.issuers)
    try:
        return await explained(issuers, token.encode(errors="replace"), host)
    finally:
        await issuers.close()


def _as_text(told: Any) -> str:
    lines = [f"{'pass' if each.passed else 'FAIL'}  {each.check:<11} {_printable(each.detail)}" for each in told.checks]
    if told.principal is None:
        return "\n".join([*lines, "", "Not admitted."])
    caller, permissions = told.principal, ", ".join(sorted(told.principal.permissions)) or "nothing"
    kind = "machine" if caller.is_machine else "user"
    return "\n".join([*lines, "", f"Admitted as {kind} {caller.user_id} of tenant {caller.tenant_id}: {permissions}."])


def _as_json(told: Any) -> str:
    """What the token claims of its user is left out: it is nobody's business here."""
    import msgspec

    principal = None if told.principal is None else msgspec.to_builtins(told.principal)
    if principal is not None:
        del principal["claimed"]
        principal["permissions"] = sorted(principal["permissions"])
    document = {"admitted": principal is not None, "checks": told.checks, "principal": principal}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _printable(text: str) -> str:
    """Without what could move a terminal's cursor: some of it comes from the token."""
    return "".join(each if each.isprintable() else "?" for each in text)
