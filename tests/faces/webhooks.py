"""What the tests of the webhook face share: its sources, deliveries to them, and waiting until they are applied."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
from tests.faces.fixtures import Serve
from tests.faces.running import TENANT, Service
from tests.minting import AUDIENCE, ISSUER, NOW
from tests.store.databases import rows
from tests.sync.verifying import hexadecimal, standard, token, whsec

from profilegate.store.statements import Statement
from profilegate.store.tables import DeliveryRow
from profilegate.sync_settings import SyncSettings, WebhookSettings

SECRET = "canary-secret-of-logto"
KEY = bytes(range(24))
AT = int(NOW)
SOURCES = "/operator/sync/sources"
LETTERS = "/operator/sync/dead-letters"
CONFLICTS = "/operator/sync/conflicts"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"


def source(name: str, kind: str, *secrets: str, **changes: Any) -> WebhookSettings:
    """A source of the usual tenant."""
    return WebhookSettings(**{"source": name, "kind": kind, "tenant": TENANT, "secrets": secrets, **changes})


LOGTO = source("logto", "logto", SECRET)
CLERK = source("clerk", "clerk", whsec(KEY))
OKTA = source("okta", "okta", SECRET)
EVENTS = source("events", "security_events", audiences=(AUDIENCE,))
LOGOUT = source("logout", "logout", audiences=(AUDIENCE,))
KINDE = source("kinde", "kinde")
ALL = (LOGTO, CLERK, OKTA, EVENTS, LOGOUT, KINDE)


async def served(serve: Serve, *sources: WebhookSettings, **changes: Any) -> Service:
    """The service with these sources, or all; `sync_` changes are of the section."""
    section = {name.removeprefix("sync_"): changes.pop(name) for name in list(changes) if name.startswith("sync_")}
    return await serve(webhooks=sources or ALL, sync=SyncSettings(**section), **changes)


def event(happened: str = "User.Created", user_id: str = "alice", at: float = NOW, **data: Any) -> dict[str, Any]:
    """A payload of Logto's about a whole user."""
    created = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    said = {"event": happened, "createdAt": created, "hookId": "hook", "data": {"id": user_id, **data}}
    return said | ({"params": {"userId": user_id}} if happened == "User.Deleted" else {})


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"logto-signature-sha-256": hexadecimal(secret, body)}


async def deliver(service: Service, payload: Any, to: str = "logto", **headers: str) -> httpx.Response:
    """A delivery of Logto's, signed unless other headers are given."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return await service.stranger().post(f"/webhooks/{to}", content=body, headers=headers or signed(body))


async def applied(service: Service, payload: Any) -> None:
    """A delivery of Logto's that is taken and applied."""
    answer = await deliver(service, payload)
    assert answer.status_code == 202, answer.text
    await settled(service)


async def settled(service: Service) -> None:
    """Returns when nothing is due any more, whoever applied it."""
    async with asyncio.timeout(30):
        while any(
            row["state"] == "waiting" and row["next_at"] <= service.clock.milliseconds for row in await inbox(service)
        ):
            await service.gate.sync.worker.drain()


async def inbox(service: Service) -> list[dict[str, Any]]:
    return await rows(service.gate.engine, DeliveryRow)


def event_token(service: Service, kind: str = "session-revoked", subject: str = "alice", **claims: Any) -> bytes:
    """A Security Event Token by the issuer's key."""
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": int(service.clock()),
        "jti": "set-1",
        "sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": subject},
        "events": {f"{CAEP}{kind}": {"event_timestamp": int(service.clock())}},
    }
    return _signed(service, said | claims, "secevent+jwt")


def logout_token(service: Service, **claims: Any) -> bytes:
    """The form of a back-channel logout, by the issuer's key."""
    now = int(service.clock())
    said = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": "logout-1", "sub": "alice"}
    return b"logout_token=" + _signed(service, said | {"events": {LOGOUT_EVENT: {}}} | claims, "logout+jwt")


def clerk(body: bytes, id: str = "msg_1") -> dict[str, str]:
    return standard(KEY, body, AT, id, "svix")


def _signed(service: Service, claims: dict[str, Any], typ: str) -> bytes:
    said = {name: value for name, value in claims.items() if value is not None}
    return token(said, service.provider.keys[0], service.provider.algorithm, typ=typ).encode()


async def breaking(service: Service, user_id: str = "broken") -> None:
    """From now on the database refuses this user's record, for reasons of its own."""
    sql = (
        "CREATE TRIGGER refusing BEFORE INSERT ON profilegate_profile "
        f"WHEN NEW.user_id = '{user_id}' BEGIN SELECT RAISE(ABORT, 'refused'); END"
    )
    await service.gate.engine.write([Statement(sql, ())], {})


async def mended(service: Service) -> None:
    await service.gate.engine.write([Statement("DROP TRIGGER refusing", ())], {})
