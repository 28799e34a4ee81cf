"""What the database has in the end, asked of the primary itself."""

import asyncpg
from tests.failover.findings import Stored
from tests.failover.load import Client, number_of

RECORD = "SELECT name, username, version FROM profilegate_profile WHERE user_id = $1"
AUDIT = "SELECT version FROM profilegate_audit WHERE user_id = $1 ORDER BY id"


async def stored(url: str, clients: list[Client]) -> dict[str, Stored]:
    """By user id."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return {each.person.user_id: await _of(connection, each) for each in clients}
    finally:
        await connection.close()


async def _of(connection: asyncpg.Connection, client: Client) -> Stored:
    record = await connection.fetchrow(RECORD, client.person.user_id)
    audited = await connection.fetch(AUDIT, client.person.user_id)
    return Stored(number_of(record[client.kind.field]), record["version"], [version for (version,) in audited])
