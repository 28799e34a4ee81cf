"""The commands about providers' deliveries: webhook sign, send and replay."""

import secrets
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

import click

from profilegate.cli.running import FAILED, config_option, loaded, refuse, run
from profilegate.errors import InvalidConfiguration, SourceNotFound
from profilegate.settings import Settings
from profilegate.sync_settings import WebhookSettings


@click.group()
def webhook() -> None:
    """Try a source of deliveries out, and apply stored deliveries again."""


def _delivery_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            config_option,
            click.argument("source"),
            click.argument("body", type=click.File("rb"), default="-"),
            click.option("--id", "delivery_id", help="The delivery's id; a new one by default."),
            click.option("--at", "at", type=int, help="When it is signed, in Unix seconds; now by default."),
            click.option("--key", type=click.File("r"), help="A private key (PEM or JWK) for sources that sign JWTs."),
        )
    ):
        command = option(command)
    return command


@webhook.command()
@_delivery_options
def sign(path: str | None, source: str, body: BinaryIO, delivery_id: str | None, at: int | None, key: Any) -> None:
    """Sign BODY (a file, or standard input) as SOURCE would, and print the headers; JSON when piped.

    Where the body itself is a JWT, BODY has its claims, and what is to be sent is printed too.
    """
    delivery = _signed(loaded(path), source, body, delivery_id, at, key)
    if sys.stdout.isatty():
        for name, value in delivery.headers.items():
            click.echo(f"{name}: {value}")
        click.echo(f"\n{delivery.body.decode(errors='replace')}")
    else:
        import msgspec

        try:
            said = {"headers": delivery.headers, "body": delivery.body.decode()}
        except UnicodeDecodeError:
            refuse(InvalidConfiguration([f"{source}: the body is not UTF-8"]))
        click.echo(msgspec.json.encode(said).decode())


@webhook.command()
@_delivery_options
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Where the service is.")
def send(
    path: str | None, source: str, body: BinaryIO, delivery_id: str | None, at: int | None, key: Any, url: str
) -> None:
    """Sign BODY (a file, or standard input) as SOURCE would and deliver it; exit status 1 unless it is accepted."""
    import httpx

    delivery = _signed(loaded(path), source, body, delivery_id, at, key)
    try:
        answer = httpx.post(f"{url}/webhooks/{source}", headers=delivery.headers, content=delivery.body, timeout=10)
    except httpx.HTTPError as error:
        click.echo(f"profilegate: {url} does not answer: {type(error).__name__}", err=True)
        sys.exit(FAILED)
    said = {200: "accepted, and nothing to do", 202: "stored"}.get(answer.status_code, answer.text)
    click.echo(f"{answer.status_code} {said}")
    if not answer.is_success:
        sys.exit(FAILED)


@webhook.command()
@config_option
@click.argument("source")
@click.option("--since", type=click.DateTime(), help="Also those that were applied, from this moment (UTC) on.")
def replay(path: str | None, source: str, since: datetime | None) -> None:
    """Have SOURCE's dead letters applied again by the running service. Applying twice does no harm."""
    settings = loaded(path)
    _source(settings, source)
    click.echo(f"Waiting again: {run(_replayed(settings, source, since))}")


async def _replayed(settings: Settings, source: str, since: datetime | None) -> int:
    from datetime import UTC

    from profilegate.core import Core

    core = Core(settings)
    try:
        await core.engine.open()
        moment = None if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
        return await core.inbox.replay_all(source, moment, int(time.time() * 1000))
    finally:
        await core.engine.close()


def _signed(settings: Settings, name: str, body: BinaryIO, delivery_id: str | None, at: int | None, key: Any) -> Any:
    from profilegate.sync.signing import signed_delivery

    source = _source(settings, name)
    issuer = source.issuer or settings.issuers[0].issuer
    moment, known_as = int(time.time()) if at is None else at, delivery_id or f"msg_{secrets.token_urlsafe(16)}"
    try:
        return signed_delivery(source, issuer, body.read(), moment, known_as, key.read() if key else None)
    except InvalidConfiguration as error:
        refuse(error)
    except ValueError as error:
        refuse(InvalidConfiguration([f"{name}: {error}"]))


def _source(settings: Settings, name: str) -> WebhookSettings:
    found = next((each for each in settings.webhooks if each.source == name), None)
    return found if found is not None else refuse(SourceNotFound(f"There is no source {name!r} in webhooks."))
