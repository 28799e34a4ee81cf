"""What the tests of deliveries, lives and marks have in common."""

from typing import Any

from msgspec.structs import replace
from tests.store.databases import rows
from tests.store.people import ANN, NOW

from profilegate.profiles.deliveries import Delivery
from profilegate.profiles.events import IdentityEvent, Kind
from profilegate.profiles.lives import EventService
from profilegate.profiles.record import ProfileKey
from profilegate.profiles.rules import Ownership, ProfileRules
from profilegate.profiles.usernames import UsernameRule
from profilegate.store.engine import Engine
from profilegate.store.inbox import InboxRepository
from profilegate.store.statements import Statement
from profilegate.store.tables import DeliveryRow

DAY = 86_400_000
RETENTION = 14
"""Days."""

OWNERS: dict[str, Ownership] = dict.fromkeys(("name", "avatar", "username", "oidc_profile"), "idp_until_edited")
RULES = ProfileRules(UsernameRule(), avatar_base="https://avatars.test/svg", ownership=OWNERS)

# What is kept beside a record, and a row of it.
BESIDE = {
    "profilegate_conflict": "source, username, username_key, version, noted_at",
    "profilegate_stale": "source, subject, marked_at, next_at, attempts",
    "profilegate_session": "digest, issuer, subject, sid, data, created_at, expires_at",
}
ROWS = {
    "profilegate_conflict": "'idp', 'wanted', 'wanted', '0', 1",
    "profilegate_stale": "'idp', 'ann', 1, 1, 0",
    "profilegate_session": "'{digest}', 'https://idp.test', '{user}', 'sid-{user}', '{{}}', 1, 2",
}


def inbox_on(engine: Engine) -> InboxRepository:
    return InboxRepository(engine, UsernameRule().comparison_key, RETENTION)


def events_at(now: int = NOW) -> EventService:
    return EventService(RULES, lambda: now / 1000)


def event(kind: Kind, at: int = 0, key: ProfileKey = ANN, delivery: str = "", **fields: Any) -> IdentityEvent:
    """At that many milliseconds after NOW."""
    return IdentityEvent(
        key=key,
        source="idp",
        delivery_id=delivery or f"{kind} {at}",
        kind=kind,
        occurred_at=NOW + at,
        fields=fields,
    )


def delivery(name: str, key: ProfileKey = ANN, **values: Any) -> Delivery:
    made = Delivery(
        source="idp",
        delivery_id=name,
        received_at=NOW,
        body=f"body of {name}".encode(),
        tenant_id=key.tenant_id,
        user_id=key.user_id,
    )
    return replace(made, **values)


async def told(engine: Engine, *events: IdentityEvent, now: int = NOW) -> None:
    """Each event in a transaction of its own."""
    for each in events:
        async with inbox_on(engine).lives() as lives:
            await events_at(now).apply(lives, each)


async def applied(engine: Engine, now: int = NOW) -> list[str]:
    """Take whatever is due and call it done; the names of the deliveries."""
    async with inbox_on(engine).work(1000, now) as work:
        await work.done(now)
        return [each.delivery_id for each in work.deliveries]


async def deliveries(engine: Engine) -> list[dict[str, Any]]:
    return await rows(engine, DeliveryRow)


async def bodies(engine: Engine) -> dict[str, bytes]:
    return {row["delivery_id"]: bytes(row["body"]) for row in await deliveries(engine)}


async def put_beside(engine: Engine, key: ProfileKey) -> None:
    """A row of each kind that is kept beside a record."""
    for table, columns in BESIDE.items():
        values = ROWS[table].format(digest=f"{key.tenant_id} {key.user_id}", user=key.user_id)
        sql = (
            f"INSERT INTO {table} (tenant_id, user_id, {columns}) VALUES ('{key.tenant_id}', '{key.user_id}', {values})"
        )
        await engine.write([Statement(sql + " RETURNING id", ())], {})


async def beside(engine: Engine, key: ProfileKey) -> list[str]:
    """The tables that have something of the user."""
    found = []
    for table in BESIDE:
        where = f"tenant_id = '{key.tenant_id}' AND user_id = '{key.user_id}'"
        if await engine.fetch(Statement(f"SELECT 1 FROM {table} WHERE {where}", ()), {}):
            found.append(table)
    return found
